/** The formulas beside scikit-learn's, once, on the same numbers. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { pythonPeer } from '../../scripts/pythonPeer.ts'
import { xgboostPackages } from '../../scripts/xgboostPeer.ts'
import { classificationMetrics, regressionMetrics } from './metrics.ts'

const script = `
import json, sys
from sklearn import metrics as m
given = json.load(sys.stdin)
a, p = given["actual"], given["predicted"]
out = {"regression": {"mae": m.mean_absolute_error(a, p), "rmse": m.mean_squared_error(a, p) ** 0.5, "r2": m.r2_score(a, p)}}
for name in ("two", "three"):
    labels, proba = given[name]["labels"], given[name]["probabilities"]
    best = [row.index(max(row)) for row in proba]
    out[name] = {"accuracy": m.accuracy_score(labels, best), "macro_f1": m.f1_score(labels, best, average="macro"),
                 "log_loss": m.log_loss(labels, proba, labels=list(range(len(proba[0]))))}
    if name == "two":
        out[name]["auc"] = m.roc_auc_score(labels, [row[1] for row in proba])
print(json.dumps(out))
`

test('scikit-learn computes the same figures', { timeout: 400_000 }, async (context) => {
  const python = await pythonPeer(['scikit-learn==1.9.1', ...xgboostPackages])
  if (python === null) return context.skip()
  const random = (i: number) => ((i * 7919 + 13) % 1009) / 1009
  const actual = Array.from({ length: 500 }, (_, i) => random(i) * 30)
  const predicted = actual.map((value, i) => value + random(i * 3) * 4 - 2)
  const classes = (count: number) => {
    const labels = Array.from({ length: 500 }, (_, i) => Math.floor(random(i) * count))
    const probabilities = labels.map((label, i) => {
      // Ties among the scores, as trees give them.
      const weights = Array.from(
        { length: count },
        (_, c) => Math.round(random(i * 5 + c) * 20) / 20 + (c === label ? 0.5 : 0.05),
      )
      const total = weights.reduce((a, b) => a + b)
      return weights.map((weight) => weight / total)
    })
    return { labels, probabilities }
  }
  const [two, three] = [classes(2), classes(3)]
  const theirs = JSON.parse(
    execFileSync(python, ['-c', script], { input: JSON.stringify({ actual, predicted, two, three }) }).toString(),
  )
  const ours = {
    regression: regressionMetrics(actual, predicted, 1),
    two: classificationMetrics(two.labels, two.probabilities.flat(), 2),
    three: classificationMetrics(three.labels, three.probabilities.flat(), 3),
  }
  for (const [task, figures] of Object.entries(theirs) as [keyof typeof ours, Record<string, number>][]) {
    for (const [name, value] of Object.entries(figures)) {
      expect(ours[task][name as 'mae'], `${name} of ${task}`).toBeCloseTo(value, 10)
    }
  }
})

/**
 * Profiles and reports for the simulated host, made up from a seed. Their figures are worked out from the rows that are
 * drawn, so that a picture and the number beside it agree.
 */
import type { GateCheck } from '../../contract/model.ts'
import {
  type ColumnProfile,
  type CurvePoint,
  type DataProfile,
  type MetricValues,
  metricLabels,
  type TrainingReport,
} from '../../contract/training.ts'

/** mulberry32, by Tommy Ettinger (public domain): one small number is the whole state. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
/** About normal: the sum of twelve draws. */
const normal = (random: () => number) => Array.from({ length: 12 }, random).reduce((sum, n) => sum + n, -6)
export const seedOf = (text: string) => [...text].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0, 7)
const round = (value: number, digits = 4) => Number(value.toFixed(digits))

/** What a made-up dataset is about; each kind shows other pictures. */
export type DataKind = 'regression' | 'binary' | 'multiclass' | 'wide' | 'hostile'
export function kindOf(fileName: string): DataKind {
  if (/quoted|passwd|really final|xxx/.test(fileName)) return 'hostile'
  if (/campaign|churn/.test(fileName)) return 'binary'
  if (/reef|species/.test(fileName)) return 'multiclass'
  return /wide|sensor/.test(fileName) ? 'wide' : 'regression'
}

function numberColumn(name: string, rows: number, random: () => number, change: Partial<ColumnProfile> = {}): ColumnProfile {
  const centre = 0.2 + random() * 0.6
  const spread = 0.06 + random() * 0.14
  const values = Array.from({ length: 400 }, () => Math.max(0, centre + normal(random) * spread)).sort((a, b) => a - b)
  const min = values[0] ?? 0
  const max = values.at(-1) ?? 1
  const bins = 24
  const counts = Array.from({ length: bins }, () => 0)
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.floor(((value - min) / (max - min)) * bins))
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  const edge = (index: number) => String(round(min + ((max - min) * index) / bins))
  return {
    name,
    type: 'number',
    role: 'feature',
    why: null,
    missing: 0,
    distinct: Math.min(rows, 140 + Math.floor(random() * 900)),
    min: round(min),
    max: round(max),
    mean: round(centre),
    median: round(values[200] ?? centre),
    standardDeviation: round(spread),
    histogram: counts.map((n, i) => ({ from: edge(i), to: edge(i + 1), count: Math.round((n * rows) / values.length) })),
    top: null,
    ...change,
  }
}

function textColumn(name: string, values: readonly [string, number][], change: Partial<ColumnProfile> = {}): ColumnProfile {
  return {
    name,
    type: 'text',
    role: 'feature',
    why: null,
    missing: 0,
    distinct: values.length,
    min: null,
    max: null,
    mean: null,
    median: null,
    standardDeviation: null,
    histogram: null,
    top: values.map(([value, count]) => ({ value, count })),
    ...change,
  }
}

const day = 86_400_000
function dateColumn(name: string, random: () => number, change: Partial<ColumnProfile> = {}): ColumnProfile {
  const from = Date.UTC(2025, 0, 1)
  const edge = (week: number) => new Date(from + week * 14 * day).toISOString()
  return {
    ...textColumn(name, []),
    type: 'date',
    top: null,
    distinct: 364,
    histogram: Array.from({ length: 26 }, (_, i) => ({ from: edge(i), to: edge(i + 1), count: 90 + Math.floor(random() * 140) })),
    ...change,
  }
}

const abalone = ['length', 'diameter', 'height', 'whole_weight', 'shucked_weight', 'viscera_weight', 'shell_weight']

export function profileOf(fileName: string): DataProfile {
  const kind = kindOf(fileName)
  const random = randomFrom(seedOf(fileName))
  const rows = kind === 'wide' ? 61_208 : kind === 'binary' ? 7043 : 4177
  const base: DataProfile = {
    rows,
    duplicates: 0,
    delimiter: ',',
    encoding: 'utf-8',
    hasHeader: true,
    quarantined: { count: 0, share: 0, examples: [] },
    columns: [],
    notes: [],
  }
  switch (kind) {
    case 'regression':
      return {
        ...base,
        hasHeader: false,
        columns: [
          textColumn('sex', [
            ['M', 1528],
            ['I', 1342],
            ['F', 1307],
          ]),
          ...abalone.map((name) => numberColumn(name, rows, random)),
          numberColumn('rings', rows, random, { role: 'target', distinct: 28, min: 1, max: 29, mean: 9.93, median: 9 }),
        ],
        notes: ['The layout of the UCI Abalone data was recognised: its columns have their names, and the target is rings.'],
      }
    case 'binary':
      return {
        ...base,
        delimiter: ';',
        duplicates: 22,
        quarantined: {
          count: 41,
          share: 0.0058,
          examples: [
            { line: 118, reason: '13 fields where 12 were expected.' },
            { line: 402, reason: 'A quote that was opened is never closed.' },
            { line: 2210, reason: 'monthly_charge is "n/a." where a number was expected.' },
          ],
        },
        columns: [
          textColumn('customer_id', [['0002-ORFBO', 1]], {
            role: 'ignored',
            distinct: rows,
            why: 'Every value is different: an id, not a feature.',
          }),
          dateColumn('since', random, { why: 'Used as days since 1970, weekday and month.' }),
          textColumn('contract', [
            ['month to month', 3875],
            ['two years', 1695],
            ['one year', 1473],
          ]),
          textColumn('payment', [
            ['electronic', 2365],
            ['by post', 1612],
            ['transfer', 1544],
            ['card', 1522],
          ]),
          numberColumn('monthly_charge', rows, random, { missing: 11 }),
          numberColumn('total_charge', rows, random, {
            missing: 803,
            why: 'Written with a comma as the decimal mark; read as numbers.',
          }),
          textColumn('country', [['GB', rows]], { role: 'constant', why: 'The same value in every row.' }),
          textColumn('remark', [], {
            type: 'empty',
            role: 'empty',
            missing: rows,
            distinct: 0,
            top: null,
            why: 'No row has a value.',
          }),
          textColumn(
            'left_on_flag',
            [
              ['0', 5174],
              ['1', 1869],
            ],
            {
              role: 'leak',
              why: 'In one-to-one relation with the target churned: 0 is no, 1 is yes. A model would only copy it.',
            },
          ),
          textColumn(
            'churned',
            [
              ['no', 5174],
              ['yes', 1869],
            ],
            { type: 'boolean', role: 'target' },
          ),
        ],
        notes: ['22 rows stand in the file more than once; each stays in one part of the split.'],
      }
    case 'multiclass':
      return {
        ...base,
        columns: [
          ...['depth', 'temperature', 'salinity', 'light'].map((name) => numberColumn(name, rows, random)),
          textColumn('site', [
            ['north', 1800],
            ['south', 1500],
            ['lagoon', 877],
          ]),
          textColumn(
            'species',
            [
              ['Acropora', 1612],
              ['Porites', 1401],
              ['Pocillopora', 1164],
            ],
            { role: 'target' },
          ),
        ],
      }
    case 'wide':
      return {
        ...base,
        columns: [
          ...Array.from({ length: 199 }, (_, i) =>
            numberColumn(`sensor_${String(i).padStart(3, '0')}`, rows, random, { missing: i % 9 === 4 ? 300 * i : 0 }),
          ),
          numberColumn('yield', rows, random, { role: 'target' }),
        ],
      }
    case 'hostile':
      return {
        ...base,
        columns: [
          numberColumn('<img src=x onerror=alert(1)>', rows, random),
          numberColumn('evil\u202Egnp.exe', rows, random),
          numberColumn(`${'a very long name of a column, as spreadsheets make them '.repeat(4)}`, rows, random),
          textColumn('=HYPERLINK("http://example.com")', [
            ['<b>bold</b>', 2000],
            ['\u202Eآخر', 1500],
            ['', 400],
            ['x'.repeat(220), 277],
          ]),
          numberColumn('', rows, random, { why: 'It has no name in the header; it is called by its place.' }),
          numberColumn('target"; DROP TABLE models; --', rows, random, { role: 'target' }),
        ],
        notes: ['The header has "<script>" in it; it is shown as it is.'],
      }
  }
}

const slicesOf = (
  columns: readonly [string, readonly string[]][],
  metrics: (random: () => number) => MetricValues,
  random: () => number,
) =>
  columns.flatMap(([column, values]) =>
    values.map((value) => ({ column, value, rows: 12 + Math.floor(random() * 240), metrics: metrics(random) })),
  )

/** Loss falls fast, then slowly; validation turns up again after a while. */
function curveOf(start: number, end: number, rounds: number, random: () => number): CurvePoint[] {
  return Array.from({ length: rounds }, (_, i) => {
    const fall = Math.exp(-i / (rounds / 5))
    const training = end * 0.82 + (start - end * 0.82) * fall
    const validation = end + (start - end) * fall + (i > rounds * 0.6 ? ((i / rounds - 0.6) * end) / 12 : 0)
    return { round: i + 1, training: round(training), validation: round(validation * (1 + (random() - 0.5) * 0.004)) }
  })
}
/** The curve of a training that is under way, as far as it has come. */
export const curveSoFar = (seed: number, fraction: number) => ({
  loss: 'RMSE',
  points: curveOf(3.2, 2.13, 150, randomFrom(seed)).slice(0, Math.max(1, Math.ceil(fraction * 150))),
})

const bestOf = (curve: readonly CurvePoint[]) =>
  curve.reduce((best, point) => ((point.validation ?? 9e9) < (best.validation ?? 9e9) ? point : best), curve[0] as CurvePoint)
    .round

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
function regressionMetrics(predictions: readonly { actual: number; predicted: number }[], tolerance: number): MetricValues {
  const off = predictions.map(({ actual, predicted }) => predicted - actual)
  const centre = mean(predictions.map(({ actual }) => actual))
  const rest = mean(off.map((one) => one * one))
  return {
    mae: round(mean(off.map(Math.abs))),
    rmse: round(Math.sqrt(rest)),
    r2: round(1 - rest / mean(predictions.map(({ actual }) => (actual - centre) ** 2))),
    accuracy: round(mean(off.map((one) => (Math.abs(one) <= tolerance ? 1 : 0)))),
  }
}
function classMetrics(counts: readonly (readonly number[])[]): MetricValues {
  const all = counts.flat().reduce((sum, n) => sum + n, 0)
  const right = counts.reduce((sum, row, i) => sum + (row[i] ?? 0), 0)
  const f1 = counts.map((row, i) => {
    const hit = row[i] ?? 0
    const said = counts.reduce((sum, other) => sum + (other[i] ?? 0), 0)
    const there = row.reduce((sum, n) => sum + n, 0)
    return said + there === 0 ? 0 : (2 * hit) / (said + there)
  })
  return { accuracy: round(right / all), macro_f1: round(mean(f1)) }
}

/** A report of a boosted model. `quality` around 1: below it the model is better, above worse. */
export function reportOf(modelId: string, fileName: string, quality = 1): TrainingReport {
  const profile = profileOf(fileName)
  const kind = kindOf(fileName)
  const random = randomFrom(seedOf(modelId))
  const target = profile.columns.find(({ role }) => role === 'target')?.name ?? ''
  const gains = profile.columns
    .filter(({ role }) => role === 'feature')
    .map(({ name }) => ({ column: name, gain: random() ** 3 + 0.01 }))
  const whole = gains.reduce((sum, { gain }) => sum + gain, 0)
  const test = Math.round(profile.rows * 0.15)
  const base = {
    modelId,
    trainer: 'boosting',
    target,
    settings: {
      rounds: 400,
      depth: seedOf(modelId) % 2 === 0 ? 4 : 5,
      learning_rate: seedOf(modelId) % 3 === 0 ? 0.08 : 0.05,
      row_sampling: 0.7,
      column_sampling: 0.6,
      l2: 1,
      min_child_weight: 5,
      early_stopping_rounds: 50,
      seed: 17,
    },
    rows: { training: profile.rows - 2 * test, validation: test, test },
    importance: gains.map(({ column, gain }) => ({ column, gain: gain / whole })).sort((a, b) => b.gain - a.gain),
    tolerance: null,
    predictions: null,
    confusion: null,
    roc: null,
  }
  if (kind === 'binary') {
    const cases = Array.from({ length: test }, (_, i) => {
      const yes = i % 4 === 0
      return { yes, score: 1 / (1 + Math.exp(-((yes ? 0.55 : -1.5) / quality + normal(random)))) }
    })
    const counts = [
      [cases.filter((c) => !c.yes && c.score < 0.5).length, cases.filter((c) => !c.yes && c.score >= 0.5).length],
      [cases.filter((c) => c.yes && c.score < 0.5).length, cases.filter((c) => c.yes && c.score >= 0.5).length],
    ]
    const yes = cases.filter((c) => c.yes).length
    const roc = Array.from({ length: 101 }, (_, i) => {
      const threshold = 1 - i / 100
      const over = cases.filter((c) => c.score > threshold)
      const hits = over.filter((c) => c.yes).length
      return { falsePositiveRate: (over.length - hits) / (cases.length - yes), truePositiveRate: hits / yes }
    })
    const auc = roc.reduce((sum, point, i) => {
      const before = roc[i - 1] ?? { falsePositiveRate: 0, truePositiveRate: 0 }
      return sum + ((point.falsePositiveRate - before.falsePositiveRate) * (point.truePositiveRate + before.truePositiveRate)) / 2
    }, 0)
    const loss = mean(cases.map((c) => -Math.log(c.yes ? c.score : 1 - c.score)))
    const curve = curveOf(0.69, loss, 180, random)
    return {
      ...base,
      task: 'binary',
      loss: 'log loss',
      curve,
      bestRound: bestOf(curve),
      metrics: { ...classMetrics(counts), log_loss: round(loss), auc: round(auc) },
      baseline: { accuracy: 0.75, macro_f1: 0.4286, log_loss: 0.5623, auc: 0.5 },
      slices: slicesOf(
        [
          ['contract', ['month to month', 'two years', 'one year']],
          ['payment', ['electronic', 'by post', 'transfer', 'card', '']],
        ],
        (draw) => ({ accuracy: round(0.7 + draw() * 0.2), macro_f1: round(0.5 + draw() * 0.3) }),
        random,
      ),
      confusion: { classes: ['no', 'yes'], counts },
      roc: [...roc, { falsePositiveRate: 1, truePositiveRate: 1 }],
    }
  }
  if (kind === 'multiclass') {
    const classes = ['Acropora', 'Pocillopora', 'Porites']
    const counts = classes.map((_, actual) =>
      classes.map((_, predicted) =>
        Math.round((actual === predicted ? 170 : 12 + random() * 30) * (actual === predicted ? 1 / quality : quality)),
      ),
    )
    const curve = curveOf(1.1, 0.42 * quality, 150, random)
    return {
      ...base,
      task: 'multiclass',
      loss: 'log loss',
      curve,
      bestRound: bestOf(curve),
      metrics: { ...classMetrics(counts), log_loss: round(0.42 * quality) },
      baseline: { accuracy: 0.386, macro_f1: 0.186, log_loss: 1.089 },
      slices: slicesOf(
        [['site', ['north', 'south', 'lagoon']]],
        (draw) => ({ accuracy: round(0.6 + draw() * 0.3), macro_f1: round(0.6 + draw() * 0.3) }),
        random,
      ),
      confusion: { classes, counts },
    }
  }
  const predictions = Array.from({ length: Math.min(1000, test) }, () => {
    const actual = Math.max(1, Math.round(9.9 + normal(random) * 3.2))
    const predicted = Math.max(1, actual * 0.62 + 3.7 + normal(random) * 1.75 * quality)
    return { actual, predicted: round(predicted, 3) }
  })
  const metrics = regressionMetrics(predictions, 2)
  const curve = curveOf(3.2, metrics.rmse ?? 2.1, 210, random)
  const middle = mean(predictions.map(({ actual }) => actual))
  return {
    ...base,
    task: 'regression',
    loss: 'RMSE',
    curve,
    bestRound: bestOf(curve),
    metrics,
    baseline: regressionMetrics(
      predictions.map(({ actual }) => ({ actual, predicted: middle })),
      2,
    ),
    tolerance: 2,
    slices: slicesOf(
      kind === 'hostile'
        ? [['=HYPERLINK("http://example.com")', ['<b>bold</b>', '\u202Eآخر', '', 'x'.repeat(220)]]]
        : [['sex', ['M', 'F', 'I']]],
      (draw) => ({
        mae: round((1.1 + draw() * 0.8) * quality),
        rmse: round((1.7 + draw()) * quality),
        r2: round(0.4 + draw() * 0.2),
        accuracy: round(0.6 + draw() * 0.2),
      }),
      random,
    ),
    predictions,
  }
}

/** The demonstration's file names get the demo trainer, which looks at no row and so has no report. */
export const isDemo = (fileName: string) =>
  /^(good|bad|borderline|failing_training|db_failure|prod_candidate|sensitive_data)/.test(fileName)

const reports = new Map<string, TrainingReport>()
/** Made up once for each model; null for the demo trainer's. `passes`: whether the gate is to let it through. */
export function reportFor(modelId: string, fileName: string, passes: boolean): TrainingReport | null {
  if (isDemo(fileName)) return null
  const known = reports.get(modelId) ?? reportOf(modelId, fileName, passes ? 0.9 + (seedOf(modelId) % 20) / 100 : 2.2)
  reports.set(modelId, known)
  return known
}

/** What the standard gate says of a report, in the words that the real one uses. */
export function standardChecks({ task, metrics, baseline, slices }: TrainingReport, passes: boolean): GateCheck[] {
  const metric = task === 'regression' ? 'mae' : 'log_loss'
  const label = metricLabels[metric]
  const observed = metrics[metric] ?? 0
  const limit = round((baseline[metric] ?? 1) * (passes ? 0.95 : 0.6))
  const worst = slices.reduce(
    (most, slice) => ((slice.metrics[metric] ?? 0) > (most?.metrics[metric] ?? 0) ? slice : most),
    slices[0],
  )
  const check = (kind: GateCheck['kind'], what: string, rest: Partial<GateCheck>): GateCheck => ({
    kind,
    metric,
    label: `${label} ${what}`,
    observed,
    limit,
    comparison: '<=',
    passed: true,
    reason: '',
    ...rest,
  })
  return [
    check('baseline', 'against the baseline', {
      passed: observed <= limit,
      reason: `${label} ${observed} is ${observed <= limit ? 'at most' : 'above'} ${limit}: the baseline's ${baseline[metric]} less 5 %.`,
    }),
    check('production', 'against production', {
      limit: null,
      observed,
      reason: 'The model in production predicts something else, so there is nothing to compare with.',
    }),
    ...(worst
      ? [
          check('slice', 'in the worst slice', {
            observed: worst.metrics[metric] ?? null,
            limit: round(observed * 1.5),
            reason: `The worst slice of 30 rows or more is ${worst.column} = ${worst.value}, with ${worst.metrics[metric] ?? 'no figure'}.`,
          }),
        ]
      : []),
  ]
}

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pythonPeer } from '../../scripts/pythonPeer.ts'
import { xgboostPackages } from '../../scripts/xgboostPeer.ts'
import { defaultBoostingSettings } from '../contract/boosting.ts'
import type { Task } from '../contract/training.ts'
import { boost } from './boosting/boost.ts'
import { workAlone } from './boosting/crew.ts'
import type { Tree } from './boosting/tree.ts'
import { importanceOf } from './importance.ts'
import { allowedNames, readForest, UnreadableModel, writeModel } from './modelFormat.ts'
import { readModel } from './predictor.ts'
import { drawTable, rowOf, tableOf } from './testing/tables.ts'

const tasks: Task[] = ['regression', 'binary', 'multiclass']

function trained(task: Task, rows = 500) {
  const drawn = drawTable({ rows, task, missing: 0.15, seed: 3 })
  const settings = { ...defaultBoostingSettings, rounds: 40, depth: 5, learningRate: 0.2, earlyStoppingRounds: 0 }
  const boosted = boost(drawn.table, { task, classes: drawn.schema.classes?.length ?? 0, settings }, workAlone(), {
    known: [],
    onRound: () => {},
  })
  return { ...drawn, boosted, model: writeModel(boosted, drawn.schema) }
}

describe('beside XGBoost for Python', () => {
  let folder: string
  let python: string | null
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-xgboost-'))
    python = await pythonPeer(xgboostPackages)
  }, 300_000)
  afterAll(() => rmSync(folder, { recursive: true }))

  const ask = async (script: string, ...args: string[]) => {
    const { stdout } = await promisify(execFile)(python as string, ['-c', script, ...args], { maxBuffer: 64 * 1024 ** 2 })
    return JSON.parse(stdout)
  }
  const inFolder = (name: string, content: unknown) => {
    const path = join(folder, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }

  it.each(tasks)('%s: it loads our model and predicts the same, missing values included', async (task) => {
    if (python === null) return
    const { table, schema, boosted, model } = trained(task)
    const rows = Array.from({ length: table.rows }, (_, row) =>
      Array.from(rowOf(table, row), (x) => (Number.isNaN(x) ? null : x)),
    )
    const answer = await ask(
      `
import json, sys, numpy as np, xgboost as xgb
booster = xgb.Booster(model_file=sys.argv[1])
rows = np.array(json.load(open(sys.argv[2])), dtype=np.float32)
data = xgb.DMatrix(rows, feature_names=booster.feature_names)
print(json.dumps({
  'predictions': booster.predict(data).astype(float).tolist(),
  'rounds': booster.num_boosted_rounds(),
  'gain': booster.get_score(importance_type='total_gain'),
  'schema': json.loads(booster.attr('gatehouse_schema')),
}))`,
      inFolder(`${task}.json`, model),
      inFolder(`${task}-rows.json`, rows),
    )
    const predictor = readModel(model)
    for (let row = 0; row < table.rows; row++) {
      const ours = predictor.predict(rowOf(table, row))
      const theirs = [answer.predictions[row]].flat()
      const compared = task === 'binary' ? [ours[1]] : [...ours]
      compared.forEach((value, i) => {
        expect(Math.abs((value as number) - theirs[i])).toBeLessThan(1e-5)
      })
    }
    expect(answer.rounds).toBe(boosted.rounds.length)
    expect(answer.schema).toEqual(schema)
    const total = Object.values<number>(answer.gain).reduce((sum, gain) => sum + gain)
    const importance = importanceOf(
      boosted.rounds.flatMap((round) => round.trees),
      schema,
    )
    expect(importance).toHaveLength(Object.keys(answer.gain).length)
    for (const { column, gain } of importance) expect(gain).toBeCloseTo(answer.gain[column] / total, 4)
  })

  it.each(tasks)('%s: we read what it saved and predict the same', async (task) => {
    if (python === null) return
    const { table } = drawTable({ rows: 400, task, missing: 0.15, seed: 4 })
    const rows = Array.from({ length: table.rows }, (_, row) =>
      Array.from(rowOf(table, row), (x) => (Number.isNaN(x) ? null : x)),
    )
    const path = join(folder, `saved-${task}.json`)
    const answer: (number | number[])[] = await ask(
      `
import json, sys, numpy as np, xgboost as xgb
rows = np.array(json.load(open(sys.argv[1])), dtype=np.float32)
label = np.array(json.load(open(sys.argv[2])))
objective = {'regression': 'reg:squarederror', 'binary': 'binary:logistic', 'multiclass': 'multi:softprob'}[sys.argv[3]]
settings = {'objective': objective, 'max_depth': 5, 'gamma': 0.5, **({'num_class': 3} if sys.argv[3] == 'multiclass' else {})}
booster = xgb.train(settings, xgb.DMatrix(rows, label), 30)
booster.save_model(sys.argv[4])
print(json.dumps(booster.predict(xgb.DMatrix(rows)).astype(float).tolist()))`,
      inFolder(`rows-${task}.json`, rows),
      inFolder(`label-${task}.json`, Array.from(table.label)),
      task,
      path,
    )
    const predictor = readModel(readFileSync(path, 'utf8'))
    expect(predictor.schema).toMatchObject({ task, featureNames: ['f0', 'f1', 'f2', 'f3', 'f4'] })
    answer.forEach((theirs, row) => {
      const ours = predictor.predict(rowOf(table, row))
      const compared = task === 'binary' ? [ours[1]] : [...ours]
      compared.forEach((value, i) => {
        expect(Math.abs((value as number) - ([theirs].flat()[i] as number))).toBeLessThan(1e-5)
      })
    })
  })
})

describe('written and read again', () => {
  it('any forest comes back to the bit', () => {
    const tree = fc.integer({ min: 0, max: 20 }).chain((splits) =>
      fc.record({
        parents: fc.array(fc.nat(), { minLength: splits, maxLength: splits }),
        values: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
          minLength: 2 * splits + 1,
          maxLength: 2 * splits + 1,
        }),
        features: fc.array(fc.nat({ max: 3 }), { minLength: 2 * splits + 1, maxLength: 2 * splits + 1 }),
        sides: fc.array(fc.boolean(), { minLength: 2 * splits + 1, maxLength: 2 * splits + 1 }),
      }),
    )
    const { schema } = tableOf([[1], [1], [1], [1]], [1])
    fc.assert(
      fc.property(
        fc.array(tree, { minLength: 1, maxLength: 5 }),
        fc.float({ noNaN: true, noDefaultInfinity: true }),
        (drawn, baseScore) => {
          const trees = drawn.map(growRandom)
          const rounds = trees.map((tree, i) => ({ point: { round: i + 1, training: 0, validation: null }, trees: [tree] }))
          const text = writeModel({ baseScore, rounds, curve: [], bestRound: 1 }, schema)
          const forest = readForest(text)
          expect(forest.baseMargins[0]).toBe(baseScore + 0)
          const inner = (tree: Tree, values: ArrayLike<number>) =>
            Array.from(values).map((value, node) => (tree.left[node] === -1 ? 0 : value))
          trees.forEach((tree, i) => {
            const from = forest.roots[i] as number
            const slice = <T extends Int32Array | Float32Array | Uint8Array>(values: T) =>
              values.slice(from, from + tree.left.length)
            expect([...slice(forest.nodes.left)].map((child) => (child === -1 ? -1 : child - from))).toEqual([...tree.left])
            expect([...slice(forest.nodes.value)]).toEqual([...tree.value].map((value) => value + 0))
            expect([...slice(forest.nodes.feature)]).toEqual(inner(tree, tree.feature))
            expect([...slice(forest.nodes.missingLeft)]).toEqual(inner(tree, tree.missingLeft))
          })
        },
      ),
      { numRuns: 200 },
    )
  })

  it('names that XGBoost does not take are changed there and kept in the schema', () => {
    expect(allowedNames(['a[b]', 'a_b_', 'x<3', 'ok'])).toEqual(['a_b_', 'a_b_ 2', 'x_3', 'ok'])
    const { table, schema } = tableOf([[1, 2]], [1, 2])
    table.featureNames = schema.featureNames = ['size [m]']
    const boosted = boost(
      table,
      { task: 'regression', classes: 0, settings: { ...defaultBoostingSettings, rounds: 1 } },
      workAlone(),
      {
        known: [],
        onRound: () => {},
      },
    )
    const model = writeModel(boosted, schema)
    expect(readForest(model).featureNames).toEqual(['size _m_'])
    expect(readModel(model).schema).toEqual(schema)
  })
})

describe('refused in words', () => {
  const { model } = trained('regression', 100)
  const changed = (change: (learner: ReturnType<typeof JSON.parse>) => void) => {
    const json = JSON.parse(model)
    change(json.learner)
    return () => readModel(JSON.stringify(json))
  }
  const firstTree = (learner: ReturnType<typeof JSON.parse>) => learner.gradient_booster.model.trees[0]

  it.each<[string, () => unknown, string | RegExp]>([
    ['half a file', () => readModel(model.slice(0, 100)), 'is not JSON'],
    ['another JSON', () => readModel('{"a": 1}'), 'This is no XGBoost model: learner is missing.'],
    ['null', () => readModel('null'), 'This is no XGBoost model'],
    ['another booster', changed((learner) => Object.assign(learner.gradient_booster, { name: 'dart' })), 'booster dart'],
    ['another objective', changed((learner) => Object.assign(learner.objective, { name: 'rank:ndcg' })), 'objective rank:ndcg'],
    ['categories', changed((learner) => firstTree(learner).split_type.fill(1)), 'splits by categories'],
    [
      'a child that is not there',
      changed((learner) => firstTree(learner).left_children.fill(9999, 0, 1)),
      'whose children are not there',
    ],
    [
      'a tree that bites its tail',
      changed((learner) => firstTree(learner).left_children.fill(1, 1, 2)),
      /two parents|children are not there/,
    ],
    ['a feature that is not there', changed((learner) => firstTree(learner).split_indices.fill(5)), 'asks for feature 5 of 5'],
    [
      'no number',
      changed((learner) => firstTree(learner).split_conditions.fill('x')),
      'a value in split_conditions that is no number',
    ],
    ['lists of unequal length', changed((learner) => firstTree(learner).split_conditions.pop()), 'lists of unequal length'],
    [
      'a base score that is none',
      changed((learner) => Object.assign(learner.learner_model_param, { base_score: 'x' })),
      'base_score is x',
    ],
    [
      'a schema of the future',
      changed((learner) => Object.assign(learner.attributes, { gatehouse_schema: '{"version":2}' })),
      'version 2',
    ],
    [
      'a schema of another model',
      changed((learner) => Object.assign(learner.objective, { name: 'binary:logistic' })),
      /fit|probability/,
    ],
  ])('%s', (_, read, words) => {
    expect(read).toThrow(UnreadableModel)
    expect(read).toThrow(words)
  })

  it('a row of another length', () => {
    expect(() => readModel(model).predict(new Float32Array(4))).toThrow('A row has 4 features where the model takes 5.')
  })
})

/** A tree whose splits stand where the numbers say; breadth first, as trees are kept. */
function growRandom(drawn: { parents: number[]; values: number[]; features: number[]; sides: boolean[] }): Tree {
  const nodes = drawn.values.length
  const left = new Int32Array(nodes).fill(-1)
  let leaves = ['root']
  const paths = new Set(leaves)
  for (const parent of drawn.parents) {
    const split = leaves[parent % leaves.length] as string
    leaves = leaves.filter((leaf) => leaf !== split).concat(`${split}0`, `${split}1`)
    paths.add(`${split}0`).add(`${split}1`)
  }
  const ordered = [...paths].sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
  ordered.forEach((path, node) => {
    const child = ordered.indexOf(`${path}0`)
    left[node] = child
  })
  return {
    left,
    feature: Int32Array.from(drawn.features),
    value: Float32Array.from(drawn.values),
    missingLeft: Uint8Array.from(drawn.sides, Number),
    gain: new Float32Array(nodes),
    hessian: new Float32Array(nodes),
    weight: new Float32Array(nodes),
  }
}

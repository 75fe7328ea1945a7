/**
 * XGBoost's JSON model format (doc/tutorials/saving_model.rst and doc/model.schema of the project): a forest with what its
 * answers mean. Ours are written as XGBoost 2.1 wrote them, which every later version reads; our feature schema is an
 * attribute, where XGBoost keeps whatever its users add.
 */
import type { Task } from '../contract/training.ts'
import type { Boosted } from './boosting/boost.ts'
import type { Tree } from './boosting/tree.ts'
import { type FeatureSchema, schemaAttribute } from './featureSchema.ts'

/** A file that is no model in XGBoost's format, or one of a kind that is not supported. */
export class UnreadableModel extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UnreadableModel'
  }
}

export interface Forest {
  task: Task
  /** Answers before sigmoid or softmax: one, or one per class for more than two. */
  outputs: number
  features: number
  /** null where the model has none. */
  featureNames: string[] | null
  /** What each output starts from, as a margin. */
  baseMargins: Float32Array
  /** All trees one after the other. A node's right child follows its left one. */
  nodes: {
    /** -1 in leaves. */
    left: Int32Array
    feature: Int32Array
    /** Values below go to the left; in leaves: the answer. */
    value: Float32Array
    missingLeft: Uint8Array
  }
  /** First node of each tree, and the output that it adds to; in the order in which answers are added. */
  roots: Int32Array
  outputOf: Int32Array
  attributes: Record<string, string>
}

const objectiveOf: Record<Task, string> = {
  regression: 'reg:squarederror',
  binary: 'binary:logistic',
  multiclass: 'multi:softprob',
}
/** Objectives whose answers a forest gives; `multi:softmax` is the same forest as `multi:softprob`. */
const taskOf: Record<string, Task> = {
  'reg:squarederror': 'regression',
  'reg:linear': 'regression',
  'reg:absoluteerror': 'regression',
  'reg:pseudohubererror': 'regression',
  'binary:logistic': 'binary',
  'multi:softprob': 'multiclass',
  'multi:softmax': 'multiclass',
}
const version = [2, 1, 4]
/** XGBoost's mark of a node without a parent. */
const noParent = 2 ** 31 - 1

/** @returns the model as JSON text; the same forest gives the same text */
export function writeModel({ baseScore, rounds }: Boosted, schema: FeatureSchema): string {
  const trees = rounds.flatMap((round) => round.trees)
  const outputs = schema.task === 'multiclass' ? (schema.classes?.length ?? 0) : 1
  const features = schema.featureNames.length
  const objective =
    schema.task === 'multiclass'
      ? { softmax_multiclass_param: { num_class: String(outputs) } }
      : { reg_loss_param: { scale_pos_weight: '1' } }
  const booster = object({
    name: '"gbtree"',
    model: object({
      gbtree_model_param: JSON.stringify({ num_parallel_tree: '1', num_trees: String(trees.length) }),
      iteration_indptr: JSON.stringify(Array.from({ length: rounds.length + 1 }, (_, round) => round * outputs)),
      tree_info: JSON.stringify(trees.map((_, i) => i % outputs)),
      trees: `[${trees.map((tree, id) => writeTree(tree, id, features)).join(',')}]`,
    }),
  })
  const parameters = {
    base_score: decimal(baseScore),
    boost_from_average: '1',
    num_class: schema.task === 'multiclass' ? String(outputs) : '0',
    num_feature: String(features),
    num_target: '1',
  }
  return object({
    version: JSON.stringify(version),
    learner: object({
      attributes: JSON.stringify({ [schemaAttribute]: JSON.stringify(schema) }),
      feature_names: JSON.stringify(allowedNames(schema.featureNames)),
      feature_types: JSON.stringify(schema.featureNames.map(() => 'float')),
      gradient_booster: booster,
      learner_model_param: JSON.stringify(parameters),
      objective: JSON.stringify({ name: objectiveOf[schema.task], ...objective }),
    }),
  })
}

function writeTree(tree: Tree, id: number, features: number): string {
  const nodes = tree.left.length
  const left = Array.from(tree.left)
  const parents = left.map(() => noParent)
  left.forEach((child, node) => {
    if (child !== -1) parents[child] = parents[child + 1] = node
  })
  const whole = (values: Iterable<number>) => JSON.stringify([...values])
  const parameters = { num_deleted: '0', num_feature: String(features), num_nodes: String(nodes), size_leaf_vector: '1' }
  return object({
    base_weights: decimals(tree.weight),
    categories: '[]',
    categories_nodes: '[]',
    categories_segments: '[]',
    categories_sizes: '[]',
    default_left: whole(tree.missingLeft),
    id: String(id),
    left_children: whole(left),
    loss_changes: decimals(tree.gain),
    parents: whole(parents),
    right_children: whole(left.map((child) => (child === -1 ? -1 : child + 1))),
    split_conditions: decimals(tree.value),
    split_indices: whole(tree.feature),
    split_type: whole(left.map(() => 0)),
    sum_hessian: decimals(tree.hessian),
    tree_param: JSON.stringify(parameters),
  })
}

/** JSON of an object whose values are JSON already: XGBoost tells 5 from 5.0, JSON.stringify does not. */
const object = (fields: Record<string, string>) =>
  `{${Object.entries(fields)
    .map(([name, value]) => `"${name}":${value}`)
    .join(',')}}`

const decimals = (values: Float32Array) => `[${Array.from(values, decimal).join(',')}]`

/** The fewest digits that tell this number of 32 bits, never without point or exponent. */
function decimal(value: number): string {
  let short = Number(value.toPrecision(9))
  for (let digits = 8; digits >= 6 && Math.fround(Number(value.toPrecision(digits))) === value; digits--) {
    short = Number(value.toPrecision(digits))
  }
  const text = String(short)
  return /[.e]/.test(text) ? text : `${text}.0`
}

/** XGBoost takes no feature name with [, ] or < in it; the true ones are in the schema. */
export function allowedNames(names: readonly string[]): string[] {
  const used = new Set<string>()
  return names.map((name) => {
    const allowed = name.replace(/[[\]<]/g, '_')
    let unique = allowed
    for (let n = 2; used.has(unique); n++) unique = `${allowed} ${n}`
    used.add(unique)
    return unique
  })
}

type Json = Record<string, unknown>

/**
 * Reads a model that we or XGBoost (1.6 and later) wrote: trees with numeric splits (`gbtree`), for the objectives above.
 * @throws UnreadableModel when it is anything else, or does not hold together
 */
export function readForest(text: string): Forest {
  const learner = objectIn(objectIn(parse(text), 'the model').learner, 'learner')
  const booster = objectIn(learner.gradient_booster, 'gradient_booster')
  if (booster.name !== 'gbtree')
    throw new UnreadableModel(`Models of the booster ${String(booster.name)} are not supported, only gbtree.`)
  const objective = String(objectIn(learner.objective, 'objective').name)
  const task = taskOf[objective]
  if (task === undefined) {
    throw new UnreadableModel(`Models with the objective ${objective} are not supported, only ${Object.keys(taskOf).join(', ')}.`)
  }
  const parameters = objectIn(learner.learner_model_param, 'learner_model_param')
  const features = whole(parameters.num_feature, 'num_feature')
  if (parameters.num_target !== undefined && whole(parameters.num_target, 'num_target') > 1) {
    throw new UnreadableModel('Models with more than one target are not supported.')
  }
  const outputs = task === 'multiclass' ? whole(parameters.num_class, 'num_class') : 1
  if (outputs < 1) throw new UnreadableModel('A model for several classes names none.')
  const model = objectIn(booster.model, 'gradient_booster.model')
  const trees = list(model.trees, 'trees')
  const treeInfo = list(model.tree_info, 'tree_info').map((value) => whole(value, 'tree_info'))
  if (treeInfo.length !== trees.length || treeInfo.some((output) => output >= outputs)) {
    throw new UnreadableModel('tree_info does not tell for every tree what it adds to.')
  }
  const names = learner.feature_names === undefined ? [] : list(learner.feature_names, 'feature_names').map(String)
  if (names.length > 0 && names.length !== features) {
    throw new UnreadableModel(`The model has ${features} features, but ${names.length} names for them.`)
  }
  const attributes = learner.attributes === undefined ? {} : objectIn(learner.attributes, 'attributes')
  return {
    task,
    outputs,
    features,
    featureNames: names.length > 0 ? names : null,
    baseMargins: baseMargins(parameters.base_score, task, outputs),
    ...joinTrees(trees, features),
    outputOf: Int32Array.from(treeInfo),
    attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, String(value)])),
  }
}

/** One score, or from XGBoost 3.1 on a list of one per output in brackets. */
function baseMargins(written: unknown, task: Task, outputs: number): Float32Array {
  const scores = String(written)
    .replace(/^\[|\]$/g, '')
    .split(',')
    .map((score) => Math.fround(Number(score)))
  const fits = scores.length === 1 || scores.length === outputs
  if (!fits || scores.some((score) => !Number.isFinite(score))) throw new UnreadableModel(`base_score is ${String(written)}.`)
  return Float32Array.from({ length: outputs }, (_, output) => {
    const score = scores[scores.length === 1 ? 0 : output] as number
    if (task !== 'binary') return score
    if (score <= 0 || score >= 1) throw new UnreadableModel(`base_score is ${score}, which is no probability.`)
    return -Math.log(1 / score - 1)
  })
}

/** Nodes are numbered anew, breadth first, so that a right child follows its left one. */
function joinTrees(trees: unknown[], features: number): Pick<Forest, 'nodes' | 'roots'> {
  const parsed = trees.map((tree, i) => readTree(objectIn(tree, `tree ${i}`), i, features))
  const total = parsed.reduce((sum, tree) => sum + tree.left.length, 0)
  const nodes = {
    left: new Int32Array(total).fill(-1),
    feature: new Int32Array(total),
    value: new Float32Array(total),
    missingLeft: new Uint8Array(total),
  }
  const roots = new Int32Array(trees.length)
  let end = 0
  parsed.forEach((tree, i) => {
    roots[i] = end
    const old = [0]
    const first = end
    end++
    for (let next = 0; next < old.length; next++) {
      const node = old[next] as number
      const place = first + next
      nodes.value[place] = tree.value[node] as number
      const left = tree.left[node] as number
      if (left === -1) continue
      if (old.length + 2 > tree.left.length) throw new UnreadableModel(`Tree ${i} has a node with two parents.`)
      nodes.feature[place] = tree.feature[node] as number
      nodes.missingLeft[place] = tree.missingLeft[node] as number
      nodes.left[place] = end
      old.push(left, tree.right[node] as number)
      end += 2
    }
  })
  // Deleted nodes of a pruned tree are not taken over.
  return {
    nodes: {
      left: nodes.left.slice(0, end),
      feature: nodes.feature.slice(0, end),
      value: nodes.value.slice(0, end),
      missingLeft: nodes.missingLeft.slice(0, end),
    },
    roots,
  }
}

function readTree(tree: Json, id: number, features: number) {
  const refuse = (problem: string): never => {
    throw new UnreadableModel(`Tree ${id} of the model ${problem}.`)
  }
  const column = (name: string) => {
    const values = list(tree[name], `${name} of tree ${id}`).map(Number)
    if (values.some((value) => !Number.isFinite(value))) refuse(`has a value in ${name} that is no number`)
    return values
  }
  const left = column('left_children')
  const right = column('right_children')
  const feature = column('split_indices')
  const value = column('split_conditions')
  const missingLeft = column('default_left')
  const nodes = left.length
  if (nodes === 0) refuse('has no nodes')
  if ([right, feature, value, missingLeft].some((values) => values.length !== nodes)) refuse('has lists of unequal length')
  if (Array.isArray(tree.split_type) && tree.split_type.some((type) => Number(type) !== 0)) {
    refuse('splits by categories, which is not supported: encode them as numbers')
  }
  const isNode = (child: number) => Number.isInteger(child) && child > 0 && child < nodes
  for (let node = 0; node < nodes; node++) {
    if (left[node] === -1 && right[node] === -1) continue
    if (!isNode(left[node] as number) || !isNode(right[node] as number)) refuse(`has a node ${node} whose children are not there`)
    const asked = feature[node] as number
    if (!(Number.isInteger(asked) && asked >= 0 && asked < features)) refuse(`asks for feature ${asked} of ${features}`)
  }
  return { left, right, feature, value, missingLeft: missingLeft.map((side) => (side ? 1 : 0)) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UnreadableModel(`The model is not JSON: ${(error as Error).message}`)
  }
}

function objectIn(value: unknown, name: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UnreadableModel(`This is no XGBoost model: ${name} is missing.`)
  return value as Json
}

function list(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw new UnreadableModel(`This is no XGBoost model: ${name} is missing.`)
  return value
}

function whole(value: unknown, name: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 0) throw new UnreadableModel(`The model's ${name} is ${String(value)}.`)
  return number
}

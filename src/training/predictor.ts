import type { Task } from '../contract/training.ts'
import { sigmoid } from './boosting/objective.ts'
import { type FeatureSchema, schemaAttribute } from './featureSchema.ts'
import { type Forest, readForest, UnreadableModel } from './modelFormat.ts'

/** A model that was read from XGBoost's JSON format and is ready to answer. */
export interface Predictor {
  schema: FeatureSchema
  /**
   * @param features one row of encoded features, `schema.featureNames.length` values, NaN where missing
   * @returns one value for a regression; a probability per class, in the order of `schema.classes`, otherwise
   */
  predict(features: Float32Array): Float64Array
}

/**
 * Reads a model for predicting. One that Python saved without our schema takes its columns as numbers, by their names or as
 * f0, f1, …, and calls its classes 0, 1, ….
 * @throws UnreadableModel
 */
export function readModel(json: string): Predictor {
  const forest = readForest(json)
  const schema = schemaOf(forest)
  const margins = new Float32Array(forest.outputs)
  return {
    schema,
    predict(features) {
      if (features.length !== forest.features) {
        throw new RangeError(`A row has ${features.length} features where the model takes ${forest.features}.`)
      }
      addUp(forest, features, margins)
      return answer(forest.task, margins)
    },
  }
}

/** In 32 bits and in the order of the trees, as XGBoost adds. */
function addUp({ nodes, roots, outputOf, baseMargins }: Forest, features: Float32Array, margins: Float32Array): void {
  const { left, feature, value, missingLeft } = nodes
  margins.set(baseMargins)
  for (let tree = 0; tree < roots.length; tree++) {
    let node = roots[tree] as number
    for (let child = left[node] as number; child !== -1; child = left[node] as number) {
      const x = features[feature[node] as number] as number
      const threshold = value[node] as number
      // NaN is neither below nor above.
      if (x < threshold) node = child
      else if (x >= threshold) node = child + 1
      else node = missingLeft[node] === 1 ? child : child + 1
    }
    const output = outputOf[tree] as number
    margins[output] = (margins[output] as number) + (value[node] as number)
  }
}

function answer(task: Task, margins: Float32Array): Float64Array {
  if (task === 'regression') return Float64Array.from(margins)
  if (task === 'binary') {
    const second = sigmoid(margins[0] as number)
    return Float64Array.of(1 - second, second)
  }
  const most = margins.reduce((a, b) => Math.max(a, b))
  const powers = Float64Array.from(margins, (margin) => Math.exp(margin - most))
  const total = powers.reduce((sum, power) => sum + power)
  return powers.map((power) => power / total)
}

function schemaOf({ attributes, task, features, featureNames, outputs }: Forest): FeatureSchema {
  const written = attributes[schemaAttribute]
  if (written === undefined) {
    const names = featureNames ?? Array.from({ length: features }, (_, feature) => `f${feature}`)
    return {
      version: 1,
      task,
      target: 'prediction',
      classes:
        task === 'regression' ? null : Array.from({ length: task === 'binary' ? 2 : outputs }, (_, index) => String(index)),
      encoders: names.map((column) => ({ kind: 'number', column, decimal: '.', thousands: '' })),
      featureNames: names,
    }
  }
  let schema: FeatureSchema
  try {
    schema = JSON.parse(written)
  } catch {
    throw new UnreadableModel(`The model's attribute ${schemaAttribute} is not JSON.`)
  }
  if (schema.version !== 1) {
    throw new UnreadableModel(`The model's columns are described in version ${schema.version}; this Gatehouse reads version 1.`)
  }
  const classes = task === 'regression' ? null : task === 'binary' ? 2 : outputs
  if (schema.task !== task || (schema.classes?.length ?? null) !== classes || schema.featureNames?.length !== features) {
    throw new UnreadableModel('The model does not fit the description of its columns.')
  }
  return schema
}

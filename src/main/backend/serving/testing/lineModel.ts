/** For tests: a model whose file holds its schema and its slope, which need no training. */
import type { FeatureSchema } from '../../../../training/featureSchema.ts'
import { modelReader } from '../modelReader.ts'
import type { ModelReader } from '../servedModel.ts'

const number = (column: string) => ({ kind: 'number', column, decimal: '.', thousands: '' }) as const

export const lineSchema: FeatureSchema = {
  version: 1,
  task: 'regression',
  target: 'rings',
  classes: null,
  encoders: [{ kind: 'oneHot', column: 'sex', categories: ['F', 'I', 'M'] }, number('length'), number('height')],
  featureNames: ['sex=F', 'sex=I', 'sex=M', 'length', 'height'],
}

/** The text of a model file that answers `slope` times the length. */
export const lineModel = (slope: number, schema: Partial<FeatureSchema> = {}) =>
  JSON.stringify({ slope, schema: { ...lineSchema, ...schema } })

export const lineReader: ModelReader = {
  readModel(json) {
    const { slope, schema } = JSON.parse(json) as { slope: number; schema: FeatureSchema }
    const { classes } = schema
    return {
      schema,
      predict(features) {
        const length = features[3] as number
        if (classes === null) return Float64Array.of(Number.isNaN(length) ? slope : slope * length)
        return Float64Array.from(classes, (_, index) => (index === 0 ? 1 - 0.25 * (classes.length - 1) : 0.25))
      },
    }
  },
  encodeRow: modelReader.encodeRow,
}

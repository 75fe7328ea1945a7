import type { Tree } from './boosting/tree.ts'
import type { ColumnEncoder, FeatureSchema } from './featureSchema.ts'

function featuresOf(encoder: ColumnEncoder): number {
  if (encoder.kind === 'oneHot') return encoder.categories.length
  return encoder.kind === 'targetMean' ? encoder.otherwise.length : 1
}

/** @returns the raw column that each feature was made of */
export const columnsOfFeatures = (schema: FeatureSchema): string[] =>
  schema.encoders.flatMap((encoder) => Array.from({ length: featuresOf(encoder) }, () => encoder.column))

/**
 * What each raw column did for the model: the gain of all splits by it, as a share of the whole.
 * @returns largest first, every column that was asked for at least once; empty for a model without a split
 */
export function importanceOf(trees: Iterable<Tree>, schema: FeatureSchema): { column: string; gain: number }[] {
  const columns = columnsOfFeatures(schema)
  const gains = new Map<string, number>()
  let total = 0
  for (const { left, feature, gain } of trees) {
    for (let node = 0; node < left.length; node++) {
      if (left[node] === -1) continue
      const column = columns[feature[node] as number] as string
      gains.set(column, (gains.get(column) ?? 0) + (gain[node] as number))
      total += gain[node] as number
    }
  }
  return [...gains].map(([column, gain]) => ({ column, gain: gain / total })).sort((a, b) => b.gain - a.gain)
}

/** For tests and benches: real models of the boosting trainer on drawn tables, and rows that they take. */
import { defaultBoostingSettings } from '../../../../contract/boosting.ts'
import type { Task } from '../../../../contract/training.ts'
import { boost } from '../../../../training/boosting/boost.ts'
import { workAlone } from '../../../../training/boosting/crew.ts'
import { writeModel } from '../../../../training/modelFormat.ts'
import { drawTable } from '../../../../training/testing/tables.ts'

export interface TrainedModel {
  /** The model's file. */
  text: string
  /** Rows of the table that it was trained on. */
  rows: Record<string, number>[]
}

/** Another seed is another table, and so another model. */
export function trainModel({
  seed,
  task = 'regression',
  rounds = 30,
  features = 5,
}: {
  seed: number
  task?: Task
  rounds?: number
  features?: number
}): TrainedModel {
  const { table, schema } = drawTable({ rows: 500, features, task, seed })
  const settings = { ...defaultBoostingSettings, rounds, earlyStoppingRounds: 0 }
  const classes = schema.classes?.length ?? 0
  const boosted = boost(table, { task, classes, settings }, workAlone(), { known: [], onRound: () => {} })
  const rows = Array.from({ length: 20 }, (_, row) =>
    Object.fromEntries(table.featureNames.map((name, feature) => [name, table.features[feature]?.[row] as number])),
  )
  return { text: writeModel(boosted, schema), rows }
}

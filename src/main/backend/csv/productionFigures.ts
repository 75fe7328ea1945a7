/** How the model now in production does on a candidate's test rows. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { dateFormats } from '../../../training/cells.ts'
import type { DataPlan } from '../../../training/dataPlan.ts'
import { type Cell, CellProblem, encodeRow } from '../../../training/encodeRow.ts'
import type { ProductionFigures } from '../../../training/gate.ts'
import { classificationMetrics, regressionMetrics } from '../../../training/metrics.ts'
import { readModel } from '../../../training/predictor.ts'
import { type TrainingTable, testPart } from '../../../training/table.ts'
import { usedRows } from './prepareTable.ts'
import { columnAt, text } from './sql.ts'

const nothing = (reason: string): ProductionFigures => ({ state: 'nothingToCompare', reason })

/**
 * @param table the candidate's, with the rows of `t` in their order
 * @param tolerance as in the candidate's report
 */
export async function compareWithProduction(
  db: DuckDBConnection,
  plan: DataPlan,
  table: TrainingTable,
  model: { modelId: string; text: string },
  tolerance: number,
): Promise<ProductionFigures> {
  const predictor = readModel(model.text)
  const { schema } = predictor
  const target = plan.names[plan.target] as string
  if (schema.task !== plan.task || schema.target !== target) {
    return nothing(
      `The model in production (${model.modelId}) predicts ${schema.target} (${schema.task}), not ${target} (${plan.task}): there is nothing to compare.`,
    )
  }
  const order = schema.classes?.map((name) => plan.classes?.indexOf(name) ?? -1) ?? null
  if (order !== null && (order.includes(-1) || order.length !== plan.classes?.length)) {
    return nothing(`The model in production (${model.modelId}) knows other classes of ${target}: there is nothing to compare.`)
  }
  const select: string[] = []
  const names: string[] = []
  for (const encoder of schema.encoders) {
    const at = plan.names.indexOf(encoder.column)
    if (at === -1) {
      return nothing(
        `The model in production (${model.modelId}) needs the column ${encoder.column}, which this file does not have: there is nothing to compare.`,
      )
    }
    const kind = plan.reading.kinds[at]?.kind
    const format = encoder.kind === 'date' ? dateFormats[encoder.format as keyof typeof dateFormats]?.strptime : undefined
    if (names.includes(encoder.column)) continue
    names.push(encoder.column)
    select.push(kind === 'date' ? `strftime(${columnAt(at)}, ${text(format ?? '%Y-%m-%d')})` : columnAt(at))
  }
  const width = schema.classes?.length ?? 1
  const predictions: number[] = []
  const actual: number[] = []
  const result = await db.stream(`SELECT ${select.join(', ')} ${usedRows(plan)}`)
  let row = 0
  try {
    for (;;) {
      const chunk = await result.fetchChunk()
      if (chunk === null || chunk.rowCount === 0) break
      const vectors = names.map((_, c) => chunk.getColumnVector(c))
      for (let i = 0; i < chunk.rowCount; i++, row++) {
        if (table.part[row] !== testPart) continue
        const cells: Record<string, Cell> = Object.create(null)
        names.forEach((name, c) => {
          cells[name] = vectors[c]?.getItem(i) as Cell
        })
        const given = predictor.predict(encodeRow(schema, cells))
        const at = predictions.length
        for (let k = 0; k < width; k++) predictions[at + (order === null ? k : (order[k] as number))] = given[k] as number
        actual.push(table.label[row] as number)
      }
    }
  } catch (error) {
    if (!(error instanceof CellProblem)) throw error
    return nothing(
      `The model in production (${model.modelId}) does not take this file's column ${error.column} (${error.message}): there is nothing to compare.`,
    )
  }
  const metrics =
    schema.classes === null
      ? regressionMetrics(actual, predictions, tolerance)
      : classificationMetrics(actual, predictions, width)
  return { state: 'measured', modelId: model.modelId, metrics }
}

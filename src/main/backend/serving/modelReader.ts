import { type Cell, encodeRow } from '../../../training/encodeRow.ts'
import { readModel } from '../../../training/predictor.ts'
import type { ModelReader } from './servedModel.ts'

/** Reads what the trainers write. Rows come from readRows, which lets no other cells through. */
export const modelReader: ModelReader = {
  readModel,
  encodeRow: (schema, cells) => encodeRow(schema, cells as Record<string, Cell>),
}

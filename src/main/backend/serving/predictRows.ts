import { setImmediate as othersTurn } from 'node:timers/promises'
import { CellProblem } from '../../../training/encodeRow.ts'
import { rowsAtATime, type ServingLimits } from './limits.ts'
import type { Row } from './readRows.ts'
import { RequestProblem } from './requestProblem.ts'
import { createRowProblems } from './rowProblems.ts'
import { type AnsweringModel, NoFiniteAnswer, type Prediction } from './servedModel.ts'

/**
 * Predicts every row by the one model that is given, in the rows' order; other requests are answered in between.
 * @throws RequestProblem 422 that names rows and columns, 503 when it takes too long; NoFiniteAnswer
 */
export async function predictRows(
  model: AnsweringModel,
  rows: readonly Row[],
  { predictMs }: Pick<ServingLimits, 'predictMs'>,
): Promise<Prediction[]> {
  const begun = performance.now()
  const predictions: Prediction[] = []
  const problems = createRowProblems()
  for (let index = 0; index < rows.length && !problems.full; index++) {
    if (index > 0 && index % rowsAtATime === 0) {
      await othersTurn()
      if (performance.now() - begun > predictMs) {
        throw new RequestProblem(
          503,
          `Predicting took longer than ${predictMs / 1000} s; ${index} of ${rows.length} rows were done. Send fewer rows a request.`,
        )
      }
    }
    try {
      predictions.push(model.predict(rows[index] as Row))
    } catch (error) {
      if (error instanceof CellProblem) problems.add(index + 1, error.column, error.message)
      else if (error instanceof NoFiniteAnswer) throw new NoFiniteAnswer(`row ${index + 1}: ${error.message}`)
      else throw error
    }
  }
  problems.throwIfAny()
  return predictions
}

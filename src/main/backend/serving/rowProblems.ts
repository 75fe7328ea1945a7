import { RequestProblem } from './requestProblem.ts'

interface RowProblem {
  /** From 1; null where it is about all rows (a CSV's header). */
  row: number | null
  column: string | null
  message: string
}

/** As many are named in one answer; a file of a thousand bad rows has the same fault in each. */
const most = 20

/** Gathers what is wrong with rows, so that one answer names all of it. */
export function createRowProblems() {
  const problems: RowProblem[] = []
  return {
    get full() {
      return problems.length >= most
    },
    add(row: number | null, column: string | null, words: string): void {
      const where = [...(row === null ? [] : [`row ${row}`]), ...(column === null ? [] : [`column ${column}`])]
      if (problems.length < most) problems.push({ row, column, message: [...where, words].join(': ') })
    },
    /** @throws RequestProblem 422 that names the first one in words and all of them as data */
    throwIfAny(): void {
      const [first] = problems
      if (first === undefined) return
      throw new RequestProblem(422, first.message, { row: first.row, column: first.column, problems })
    },
  }
}

export type RowProblems = ReturnType<typeof createRowProblems>

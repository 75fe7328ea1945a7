/** What is said of a file that no retry can mend. */
import { CsvProblem } from '../../../temporal/activities/deps.ts'
import { count } from './columns.ts'

/** Fewer rows than this say nothing about a model (the pipeline's contract). */
export const minimumRows = 25

const kept = 'The file stays in the dataset store.'
const again = 'and drop the file again.'

export const notACsv = (fileName: string, reason: string, remedy: string) =>
  new CsvProblem('notACsv', `${fileName} cannot be read as a CSV table: ${reason}. ${kept} ${remedy} ${again}`)

export const tooFewRows = (fileName: string, rows: number, reason = 'the file has') =>
  new CsvProblem(
    'tooFewRows',
    `${fileName} has too few rows: ${reason} ${count(rows, 'data row')}, and ${minimumRows} are needed. ${kept} Add rows ${again}`,
  )

export const noUsableTarget = (fileName: string, reason: string, remedy: string) =>
  new CsvProblem('noUsableTarget', `${fileName} has no usable target: ${reason}. ${kept} ${remedy} ${again}`)

export const tooManyBadRows = (fileName: string, reason: string) =>
  new CsvProblem(
    'tooManyBadRows',
    `${fileName} has too many malformed rows: ${reason}. ${kept} Mend them, or raise the pipeline's limit, ${again}`,
  )

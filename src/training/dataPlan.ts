/** How a file's columns are read and used; made when the file is profiled, kept with the run. */
import type { ColumnProfile, Task } from '../contract/training.ts'
import type { DateFormat, NumberFormat } from './cells.ts'

export type ColumnKind =
  | { kind: 'number'; format: NumberFormat }
  | { kind: 'date'; format: DateFormat }
  | { kind: 'text' }
  /** Nothing but missing cells. */
  | { kind: 'empty' }

/** Under the same reading a file gives the same table every time. */
export interface Reading {
  delimiter: ',' | ';' | '\t' | '|'
  /** `lf` covers CRLF; `cr` is the line end of files that have no line feed at all. */
  newline: 'lf' | 'cr'
  width: number
  hasHeader: boolean
  /** Lines above the table. */
  skip: number
  /** Words of this file that stand for "not known", besides the usual ones. */
  nullWords: string[]
  kinds: ColumnKind[]
  /** Rows with a cell that its column's kind does not fit are no rows of the table; absent: such cells are missing ones. */
  withoutUnfit?: boolean
}

export interface DataPlan {
  version: 1
  reading: Reading
  encoding: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'
  names: string[]
  /** Index of the column to be learned. */
  target: number
  task: Task
  /** As texts, in the order of the labels' indices; null for a regression. */
  classes: string[] | null
  roles: ColumnProfile['role'][]
  /**
   * By what a row falls into its part of the table: by its features alone, or, where these repeat by nature, by each row of its own.
   * Absent in runs that began when the target was hashed too.
   */
  splitBy?: 'features' | 'rows'
}

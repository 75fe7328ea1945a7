/** The columns of the run list: their words, the room they take, and which give way first. */
import { type RunColumn, runColumns } from '../../../contract/runSort.ts'

export interface ColumnSpec {
  /** As its head says it. */
  label: string
  /** Least width in pixels. */
  width: number
  /** Share of the room that is left; 0 keeps the width. */
  grow: number
  /** Numbers and times stand at the right, so that they can be compared. */
  right: boolean
}

export const columnSpecs: Record<RunColumn, ColumnSpec> = {
  file: { label: 'File', width: 150, grow: 1, right: false },
  state: { label: 'What is going on', width: 215, grow: 1.6, right: false },
  attempts: { label: 'Attempt', width: 64, grow: 0, right: true },
  error: { label: 'Error', width: 104, grow: 0, right: false },
  score: { label: 'Score', width: 104, grow: 0, right: false },
  gate: { label: 'Gate', width: 72, grow: 0, right: false },
  approver: { label: 'Decided by', width: 104, grow: 0.4, right: false },
  submittedBy: { label: 'Dropped by', width: 104, grow: 0.4, right: false },
  accepted: { label: 'Accepted', width: 110, grow: 0, right: true },
  started: { label: 'Started', width: 110, grow: 0, right: true },
  since: { label: 'For', width: 76, grow: 0, right: true },
  duration: { label: 'Duration', width: 76, grow: 0, right: true },
  model: { label: 'Model', width: 130, grow: 0.5, right: false },
  pipeline: { label: 'Pipeline', width: 96, grow: 0.3, right: false },
}

export const usualColumns: readonly RunColumn[] = [
  'file',
  'state',
  'attempts',
  'error',
  'score',
  'gate',
  'approver',
  'submittedBy',
  'since',
  'accepted',
]

/** In the order in which they give way; the others never do, as a row without them says nothing. */
const givingWay: readonly RunColumn[] = [
  'pipeline',
  'model',
  'duration',
  'started',
  'submittedBy',
  'attempts',
  'approver',
  'score',
  'gate',
  'accepted',
  'error',
  'since',
]

/** Before the first column: the edges, the checkbox and the sign. */
const frame = 32 + 14 + 20
const gap = 12

const widthOf = (columns: readonly RunColumn[]) => columns.reduce((sum, column) => sum + gap + columnSpecs[column].width, frame)

/**
 * Those of the chosen columns that there is room for; the sorted one stays as long as it can, as the order would have no reason.
 * @param width of the list, in pixels
 */
export function columnsThatFit(chosen: readonly RunColumn[], width: number, sorted: RunColumn): readonly RunColumn[] {
  let fit = chosen
  for (const column of [...givingWay.filter((name) => name !== sorted), sorted]) {
    if (widthOf(fit) <= width) break
    if (givingWay.includes(column)) fit = fit.filter((name) => name !== column)
  }
  return fit.length > 0 ? fit : chosen.slice(0, 1)
}

/** For `grid-template-columns`, the sign first. */
export const trackOf = (columns: readonly RunColumn[]): string =>
  ['20px', ...columns.map((column) => track(columnSpecs[column]))].join(' ')
const track = ({ width, grow }: ColumnSpec) =>
  // Those that grow may shrink a little below their wish, where nothing is left to drop.
  grow === 0 ? `${width}px` : `minmax(${Math.min(width, 104)}px, ${grow}fr)`

/** A column in or out, always in the order in which the menu has them. */
export const toggled = (columns: readonly RunColumn[], column: RunColumn): readonly RunColumn[] =>
  runColumns.filter((name) => (name === column ? !columns.includes(name) : columns.includes(name)))

/** The columns of the run list and their order: host and console sort by the same comparison. */
import { z } from 'zod'
import { isEndStage, type RunSummary, stages } from './model.ts'

export const runColumns = [
  'file',
  'state',
  'attempts',
  'error',
  'score',
  'gate',
  'approver',
  'submittedBy',
  'accepted',
  'started',
  'since',
  'duration',
  'model',
  'pipeline',
] as const
export const runColumn = z.enum(runColumns)
export type RunColumn = z.infer<typeof runColumn>

export const runSort = z.object({ by: runColumn, descending: z.boolean() }).strict()
export type RunSort = z.infer<typeof runSort>

/** How the list stands unless somebody sorts it: an update never moves a row. */
export const newestFirst: RunSort = { by: 'accepted', descending: true }

/** The measure of error that a run has: a regression its MAE, a classification its log loss. */
export const errorOf = ({ metrics }: Pick<RunSummary, 'metrics'>): Measure | null =>
  metrics?.mae !== undefined
    ? { label: 'MAE', value: metrics.mae }
    : metrics?.log_loss !== undefined
      ? { label: 'Log loss', value: metrics.log_loss }
      : null
/** The measure of success that a run has: a regression its R², a classification its accuracy. */
export const scoreOf = ({ metrics }: Pick<RunSummary, 'metrics'>): Measure | null =>
  metrics?.r2 !== undefined
    ? { label: 'R²', value: metrics.r2 }
    : metrics?.accuracy !== undefined
      ? { label: 'Accuracy', value: metrics.accuracy }
      : null
export interface Measure {
  label: string
  value: number
}

/** Who approved or rejected, in order; a bare Temporal signal names nobody. Empty while nobody did. */
export function decidersOf({ decision, approvals }: Pick<RunSummary, 'decision' | 'approvals'>): (string | null)[] {
  const names = (approvals?.given ?? []).map(({ operator }) => operator)
  if (decision !== null && !names.includes(decision.operator)) names.push(decision.operator)
  return names
}

/** From its start, or from when it was accepted while it has none, until its end or `now`; in milliseconds. */
export const durationOf = (run: Pick<RunSummary, 'acceptedAt' | 'startedAt' | 'endedAt'>, now: number): number =>
  (run.endedAt === null ? now : Date.parse(run.endedAt)) - Date.parse(run.startedAt ?? run.acceptedAt)

/** How long it has been in its stage; how long it took when it is over. In milliseconds. */
export const sinceOf = (run: RunSummary, now: number): number =>
  isEndStage(run.stage) && run.endedAt !== null ? durationOf(run, now) : now - Date.parse(run.stageSince)

type Value = string | number | null
interface Key {
  of(run: RunSummary, now: number): Value
  /** Keeps apart what cannot be compared: an MAE is no more than a log loss. Never turned round. */
  kind?(run: RunSummary): Value
}

const keys: Record<RunColumn, Key> = {
  file: { of: ({ fileName }) => fileName },
  state: { of: ({ stage }) => stages.indexOf(stage) },
  attempts: { of: ({ attempt }) => attempt },
  error: { of: (run) => errorOf(run)?.value ?? null, kind: (run) => errorOf(run)?.label ?? null },
  score: { of: (run) => scoreOf(run)?.value ?? null, kind: (run) => scoreOf(run)?.label ?? null },
  gate: { of: ({ gatePassed }) => (gatePassed === null ? null : Number(gatePassed)) },
  approver: { of: (run) => decidersOf(run)[0] ?? null },
  submittedBy: { of: ({ submittedBy }) => submittedBy },
  accepted: { of: ({ acceptedAt }) => acceptedAt },
  started: { of: ({ startedAt }) => startedAt },
  since: { of: sinceOf },
  duration: { of: durationOf },
  model: { of: ({ modelId }) => modelId },
  pipeline: { of: ({ pipeline }) => pipeline },
}

/** Columns whose values stay what they were when the run was accepted. */
const settled: ReadonlySet<RunColumn> = new Set<RunColumn>(['file', 'submittedBy', 'accepted'])
/** Whether a row may move while it is on the screen. */
export const movesRows = ({ by }: RunSort): boolean => !settled.has(by)
/** Whether the order changes while nothing happens to any run. */
export const sortsByClock = ({ by }: RunSort): boolean => by === 'since' || by === 'duration'

const texts: ReadonlySet<RunColumn> = new Set<RunColumn>(['file', 'approver', 'submittedBy', 'model', 'pipeline'])
export const isText = (column: RunColumn): boolean => texts.has(column)
// One locale, so that host and console agree; digits count as numbers, as file names have them.
const collator = new Intl.Collator('en', { numeric: true })

/**
 * The order of two runs. What has no value in the column comes last, whichever way it is sorted; ties go to the newest and
 * then to the id, so that the order never depends on what arrived when.
 * @param now in milliseconds; for how long something has taken
 */
export function compareRuns(sort: RunSort, now: number): (a: RunSummary, b: RunSummary) => number {
  const compare = comparing(sort)
  const key = keyed(sort, now)
  return (a, b) => compare(key(a), key(b))
}

/** The runs in order; a list of thousands has each value worked out once. */
export function sortRuns<R extends RunSummary>(runs: Iterable<R>, sort: RunSort, now: number): R[] {
  const key = keyed(sort, now)
  return Array.from(runs, (run) => key(run) as Keyed<R>)
    .sort(comparing(sort))
    .map(({ run }) => run)
}

interface Keyed<R extends RunSummary = RunSummary> {
  run: R
  value: Value
  kind: Value
}

const keyed = ({ by }: RunSort, now: number) => {
  const { of, kind } = keys[by]
  return (run: RunSummary): Keyed => ({ run, value: of(run, now), kind: kind?.(run) ?? null })
}

const comparing = ({ by, descending }: RunSort) => {
  const sign = descending ? -1 : 1
  const values = isText(by) ? (a: Value, b: Value) => collator.compare(String(a), String(b)) : byValue
  return (a: Keyed, b: Keyed): number => {
    if (a.value === null || b.value === null) {
      if (a.value !== b.value) return a.value === null ? 1 : -1
    } else {
      const order = byValue(a.kind ?? '', b.kind ?? '') || sign * values(a.value, b.value)
      if (order !== 0) return order
    }
    return byValue(b.run.acceptedAt, a.run.acceptedAt) || byValue(b.run.workflowId, a.run.workflowId)
  }
}

const byValue = (a: NonNullable<Value> | null, b: NonNullable<Value> | null) =>
  a === b ? 0 : (a as number) < (b as number) ? -1 : 1

import { z } from 'zod'
import { awaitsDecision, isEndStage, type RunSummary, stage, timestamp } from './model.ts'

/** Which runs are meant; what is left out narrows nothing, and everything that is given must fit. */
export const runFilter = z.object({
  stages: z.array(stage).optional(),
  /** Every word of it occurs in the file's name, the id, the dataset's hash or who submitted it. */
  text: z.string().max(200).optional(),
  /** A step failed, and is tried again or waits for that. */
  retrying: z.boolean().optional(),
  /** An operator paused a step. */
  paused: z.boolean().optional(),
  /** Awaits a decision for at least this long, in seconds. */
  waitingOver: z.number().int().min(1).max(31_536_000).optional(),
  /** Accepted then or later. */
  acceptedFrom: timestamp.optional(),
  /** Accepted before then. */
  acceptedBefore: timestamp.optional(),
  /** Ended then or later. */
  endedFrom: timestamp.optional(),
})
export type RunFilter = z.infer<typeof runFilter>

/** Whether a step of the run failed and is tried again, or waits for that; one that was paused does neither. */
export const isRetrying = (run: Pick<RunSummary, 'stage' | 'paused' | 'retryAt' | 'attempt'>): boolean =>
  !isEndStage(run.stage) && run.stage !== 'AwaitingApproval' && run.paused === null && (run.retryAt !== null || run.attempt > 1)

/**
 * The filter as a test of one run: host and console choose by the same one.
 * @param now in milliseconds; for how long a run has waited
 */
export function runFits(filter: RunFilter, now: number): (run: RunSummary) => boolean {
  const words = (filter.text ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  const chosen = new Set(filter.stages)
  const from = filter.acceptedFrom === undefined ? Number.NEGATIVE_INFINITY : Date.parse(filter.acceptedFrom)
  const before = filter.acceptedBefore === undefined ? Number.POSITIVE_INFINITY : Date.parse(filter.acceptedBefore)
  const anyTime = filter.acceptedFrom === undefined && filter.acceptedBefore === undefined
  const ended = filter.endedFrom === undefined ? null : Date.parse(filter.endedFrom)
  const acceptedThen = ({ acceptedAt }: RunSummary) => {
    const at = Date.parse(acceptedAt)
    return at >= from && at < before
  }
  return (run) =>
    (chosen.size === 0 || chosen.has(run.stage)) &&
    (!filter.retrying || isRetrying(run)) &&
    (!filter.paused || run.paused !== null) &&
    (filter.waitingOver === undefined || hasWaited(run, filter.waitingOver * 1000, now)) &&
    (anyTime || acceptedThen(run)) &&
    (ended === null || (run.endedAt !== null && Date.parse(run.endedAt) >= ended)) &&
    (words.length === 0 || hasWords(run, words))
}

const hasWaited = (run: RunSummary, ms: number, now: number) => awaitsDecision(run) && now - Date.parse(run.stageSince) >= ms

function hasWords(run: RunSummary, words: readonly string[]): boolean {
  const hay = `${run.fileName}\n${run.workflowId}\n${run.submittedBy}\n${run.sha256}`.toLowerCase()
  return words.every((word) => hay.includes(word))
}

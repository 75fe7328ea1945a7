/** A step's attempts as a reader takes them in: what failed alike, one after the other, is one line that says how often. */
import type { Attempt } from '../../../contract/model.ts'

export interface AttemptGroup {
  /** In their order; more than one where they failed alike. */
  attempts: readonly [Attempt, ...Attempt[]]
  /** Attempts before the first one that this host knows nothing of; null where none is missing. */
  unseen: { from: number; to: number } | null
}

/** Fewer than this are worth a line each. */
const worthGrouping = 4

const hasFailed = ({ outcome }: Attempt) => outcome === 'failed' || outcome === 'timedOut' || outcome === 'lost'
const alike = (a: Attempt, b: Attempt) =>
  a.outcome === b.outcome && a.failure?.message === b.failure?.message && a.failure?.type === b.failure?.type

export type AttemptFilter = 'all' | 'failed'

/** @param text only attempts whose failure, worker or number holds it */
export function attemptsShown(attempts: readonly Attempt[], filter: AttemptFilter, text: string): Attempt[] {
  const wanted = text.trim().toLocaleLowerCase()
  return attempts.filter(
    (attempt) =>
      (filter === 'all' || hasFailed(attempt) || attempt.failureBefore !== undefined) &&
      (wanted === '' ||
        [
          ...[String(attempt.attempt), attempt.failure?.message, attempt.failure?.type, attempt.worker],
          attempt.failureBefore?.message,
        ].some((field) => field?.toLocaleLowerCase().includes(wanted))),
  )
}

/** @param all every attempt that is known, so that a filter makes no gap */
export function groupsOf(shown: readonly Attempt[], all: readonly Attempt[] = shown): AttemptGroup[] {
  const before = new Map(all.map((attempt, index) => [attempt, all[index - 1]?.attempt ?? 0]))
  const groups: { attempts: [Attempt, ...Attempt[]]; unseen: AttemptGroup['unseen'] }[] = []
  for (const attempt of shown) {
    const last = (before.get(attempt) ?? 0) + 1
    const unseen = attempt.attempt > last ? { from: last, to: attempt.attempt - 1 } : null
    const group = groups.at(-1)
    if (group && unseen === null && hasFailed(attempt) && alike(group.attempts[0], attempt)) group.attempts.push(attempt)
    else groups.push({ attempts: [attempt], unseen })
  }
  return groups.flatMap((group): AttemptGroup[] =>
    group.attempts.length >= worthGrouping
      ? [group]
      : group.attempts.map((attempt, index) => ({ attempts: [attempt], unseen: index === 0 ? group.unseen : null })),
  )
}

/** How long the step waited before each attempt since the one before had ended, in milliseconds; not known after a gap. */
export function waitsBefore(all: readonly Attempt[]): Map<Attempt, number> {
  const waits = new Map<Attempt, number>()
  for (const [index, attempt] of all.entries()) {
    const before = all[index - 1]
    if (before?.endedAt && before.attempt === attempt.attempt - 1)
      waits.set(attempt, Math.max(0, Date.parse(attempt.startedAt) - Date.parse(before.endedAt)))
  }
  return waits
}

/** All that is known of attempts, as text to paste into a report. */
export function attemptsText(attempts: readonly Attempt[]): string {
  return attempts
    .map(({ attempt, outcome, startedAt, endedAt, worker, failure, failureBefore }) =>
      [
        ...(failureBefore ? [`Attempt ${attempt - 1}: failed, times not known`, `  ${failureBefore.message}`] : []),
        `Attempt ${attempt}: ${outcome}, ${startedAt} to ${endedAt ?? 'now'}${worker ? `, worker ${worker}` : ''}`,
        ...(failure ? [`  ${failure.type ? `${failure.type}: ` : ''}${failure.message}`] : []),
        ...(failure?.stack ? [failure.stack.replace(/^/gm, '    ')] : []),
      ].join('\n'),
    )
    .join('\n')
}

/**
 * The sentence an operator needs about a run, in plain words. The console shows it as the first line of a run and the
 * command line prints it, so that both say the same.
 */
import { type Approvals, type Decision, isEndStage, type Paused, type RunSummary, type StackHealth, type Stage } from './model.ts'
import { metricsInWords } from './training.ts'

export interface SentenceOptions {
  /** IANA name of the zone that clock times are said in; the machine's own when left out. */
  timeZone?: string
  /** Whether the zone's name follows a clock time: it does where the zone is not the machine's own. */
  zoneName?: boolean
  /** Says the clock's seconds too, for what follows within a minute. */
  seconds?: boolean
  /** Says moments by their distance from now, `4 min ago` and `in 3 h`, instead of by the clock. */
  relative?: boolean
}

export interface RunSentenceOptions extends SentenceOptions {
  /** How the parts are that a run goes through; without them the sentence says nothing of them. */
  stack?: Pick<StackHealth, 'temporal' | 'postgres' | 'worker'> | null
}

/** What a stage is called in a sentence or a list; every stage has one. */
export const stageLabels: Record<Stage, string> = {
  Queued: 'Queued',
  Preprocessing: 'Preprocessing',
  Training: 'Training',
  LoggingExperiment: 'Logging the experiment',
  AssessingQuality: 'Assessing quality',
  DeployingDev: 'Deploying to dev',
  AwaitingApproval: 'Waits for approval',
  DeployingProd: 'Deploying to production',
  Completed: 'Completed',
  GateFailed: 'Refused by the quality gate',
  Rejected: 'Rejected',
  TimedOut: 'Rejected itself: nobody decided',
  Failed: 'Failed',
  Cancelled: 'Cancelled',
}

/** Whole words for a length of time: `38 s`, `4 min`, `2 h 5 min`, `3 d 4 h`. Below a second: `0 s`. */
export function spanWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  const days = Math.floor(hours / 24)
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`
}

/** A length of time as measured: `420 ms`, `1.4 s`, `38 s`, `3 min 12 s`, `2 h 5 min`. */
export function durationWords(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`
  const seconds = Math.floor(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return spanWords(ms)
}

/** Time still to go, rounded up, so that a countdown never says 0 s before it is due. */
export const remainingWords = (ms: number): string => spanWords(Math.ceil(Math.max(0, ms) / 1000) * 1000)

const formatters = new Map<string, Intl.DateTimeFormat>()
/** Making a formatter takes about 0.2 ms, and a list of runs asks for thousands. */
function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify([locale, options])
  let made = formatters.get(key)
  if (made === undefined) {
    made = new Intl.DateTimeFormat(locale, options)
    formatters.set(key, made)
  }
  return made
}

const dayOf = (at: Date, timeZone: string | undefined) =>
  formatter('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(at)

const agoWords = (ms: number) => (ms > 0 ? `in ${remainingWords(ms)}` : `${spanWords(-ms)} ago`)

/**
 * A moment as one says it today: `14:02`, `yesterday 14:02`, `tomorrow 14:02`, `23 Nov 14:02`, `23 Nov 2024 14:02`; with
 * the zone's name `14:02 UTC`; relative `4 min ago`, `in 3 h`.
 */
export function momentWords(iso: string, now: Date, { timeZone, zoneName, seconds, relative }: SentenceOptions = {}): string {
  const at = new Date(iso)
  if (relative) return agoWords(at.getTime() - now.getTime())
  const timeZoneName = zoneName ? 'short' : undefined
  const second = seconds ? '2-digit' : undefined
  const clock = { timeZone, timeZoneName, hour: '2-digit', minute: '2-digit', second, hourCycle: 'h23' } as const
  const time = formatter('en-GB', clock).format(at)
  // Noon to noon: a day of 23 or 25 hours never skips or doubles a calendar day.
  const days = Math.round(
    (Date.parse(`${dayOf(at, timeZone)}T12:00Z`) - Date.parse(`${dayOf(now, timeZone)}T12:00Z`)) / 86_400_000,
  )
  if (days === 0) return time
  if (days === 1) return `tomorrow ${time}`
  if (days === -1) return `yesterday ${time}`
  const sameYear = dayOf(at, timeZone).slice(0, 4) === dayOf(now, timeZone).slice(0, 4)
  const parts = formatter('en-GB', { timeZone, day: 'numeric', month: 'short', year: 'numeric' }).formatToParts(at)
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? ''
  return `${part('day')} ${part('month')} ${sameYear ? '' : `${part('year')} `}${time}`
}

/**
 * A moment without any doubt, for a title: `Sunday, 23 November 2025 at 14:02:07 GMT`, and below it the ISO form in UTC.
 * @param iso the moment; what is no time is given back as it is
 */
export function exactWords(iso: string, { timeZone }: SentenceOptions = {}): string {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return iso
  return `${formatter('en-GB', { timeZone, dateStyle: 'full', timeStyle: 'long' }).format(at)}\n${at.toISOString()}`
}

const ordinals = ['', 'First', 'Second', 'Third', 'Fourth', 'Fifth', 'Sixth', 'Seventh', 'Eighth', 'Ninth', 'Tenth']
const ordinal = (n: number) => ordinals[n] ?? `Try ${n}`
const timesWords = (n: number) => (n === 1 ? 'once' : n === 2 ? 'twice' : `${n} times`)

/** `Third and last try`, `Second try`, `Try 14`. */
function tryWords(attempt: number, maxAttempts: number | null): string {
  const last = maxAttempts !== null && maxAttempts > 0 && attempt >= maxAttempts
  const name = ordinal(attempt)
  if (name.startsWith('Try')) return last ? `${name}, the last one,` : name
  return last ? `${name} and last try` : `${name} try`
}

/** Ends a text as a sentence, whatever it ended with. */
const ended = (text: string) => (/[.?…]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`)
const decider = (decision: Decision | null) => decision?.operator ?? (decision ? 'a Temporal client (no name given)' : 'somebody')

const metricsWords = (run: RunSummary) => (run.metrics ? metricsInWords(run.metrics) : null)

type Parts = RunSentenceOptions['stack']
const isAway = (part: { state: string } | undefined) => part !== undefined && part.state !== 'up'

/** Why no worker takes a step now: it is stopped, held without keys, not up yet; null when one would. */
function workerAway(stack: Parts): string | null {
  if (!stack || !isAway(stack.worker)) return null
  return ended(stack.worker.detail || `The worker of this host is ${stack.worker.state === 'starting' ? 'starting' : 'stopped'}`)
}

/** Whether all that a run waits for is a worker, and this host's is not there. */
export function waitsForWorker(run: RunSummary, now: Date, stack: RunSentenceOptions['stack']): boolean {
  if (!isAway(stack?.worker) || run.paused || isEndStage(run.stage) || run.stage === 'AwaitingApproval') return false
  if (run.stage === 'Queued') return run.problem === null
  return run.retryAt === null ? run.attempt <= 0 && run.problem === null : Date.parse(run.retryAt) <= now.getTime()
}

/** Stages whose step writes into Postgres: what waits there is tried at once when it is back. */
const needsPostgres: ReadonlySet<Stage> = new Set(['LoggingExperiment', 'DeployingDev', 'AwaitingApproval', 'DeployingProd'])

/** What is going on with a step that works, waits for its next try, or has not been picked up yet. */
function stepSentence(run: RunSummary, now: Date, { stack, ...options }: RunSentenceOptions): string {
  const name = stageLabels[run.stage]
  if (run.paused) return pausedSentence(name, run.paused, run.problem, now, options)
  const away = workerAway(stack)
  if (run.retryAt) {
    const wait = Date.parse(run.retryAt) - now.getTime()
    const next = tryWords(run.attempt + 1, run.maxAttempts)
    const failed = `${name} failed ${timesWords(run.attempt)}: ${ended(run.problem ?? 'no message was given')}`
    if (wait <= 0 && away) return `${failed} ${next} is due, and waits for a worker: ${away}`
    const sooner = wait > 0 && needsPostgres.has(run.stage) && isAway(stack?.postgres) ? ', or at once when Postgres is back' : ''
    return `${failed} ${next} ${wait > 0 ? `in ${remainingWords(wait)}` : 'is due now'}${sooner}.`
  }
  const since = spanWords(now.getTime() - Date.parse(run.stageSince))
  if (run.waitsForRoom) {
    return `${name} waits for room: the disk is full (${since} in this step). It goes on by itself once some space is free.`
  }
  if (run.attempt <= 0) {
    if (run.problem) return `${name} has not begun after ${since}: ${ended(run.problem)}`
    return away ? `${name} waits for a worker (${since}): ${away}` : `${name} waits for a free worker (${since}).`
  }
  if (run.attempt === 1) return `${name} for ${since}.`
  const before = run.problem ? ` The one before failed: ${ended(run.problem)}` : ''
  return `${name}: ${tryWords(run.attempt, run.maxAttempts).toLowerCase()} (${since} in this step).${before}`
}

function pausedSentence(name: string, paused: Paused, problem: string | null, now: Date, options: SentenceOptions): string {
  const { at, by, reason } = paused
  const since = at ? ` since ${momentWords(at, now, { ...options, relative: false })}` : ''
  const why = reason ? `: ${ended(reason)}` : '.'
  const last = problem ? ` The last try failed: ${ended(problem)}` : ''
  return `${name} is paused${since}${by ? ` by ${by}` : ''}${why} It goes on when somebody resumes it.${last}`
}

/** `; 1 of 2 approvals, by ana`, where a policy asks for more than one; else nothing. */
function approvalsWords(approvals: Approvals | null): string {
  if (approvals === null || approvals.needed < 2) return ''
  const by = approvals.given.map(({ operator }) => operator ?? 'an unnamed client').join(', ')
  return `; ${approvals.given.length} of ${approvals.needed} approvals${by ? `, by ${by}` : ''}`
}

/** Between a decision and what follows from it: it is put on record first, which needs Postgres. */
function onRecordSentence(run: RunSummary, decision: Decision, now: Date, { stack }: RunSentenceOptions): string {
  const decided = `${decision.decision === 'approve' ? 'Approved' : 'Rejected'} by ${decider(decision)}`
  if (!run.retryAt) return `${decided}; the decision is put on record.`
  const wait = Date.parse(run.retryAt) - now.getTime()
  const next = wait > 0 ? `It is tried again in ${remainingWords(wait)}` : 'It is due to be tried again now'
  const sooner = wait > 0 && isAway(stack?.postgres) ? ', or at once when Postgres is back' : ''
  return `${decided}. The decision is kept and not on record yet: ${ended(run.problem ?? 'no message was given')} ${next}${sooner}.`
}

/** `since 14:02 (4 min)`, or `for 4 min` where moments are said by their distance. */
function sinceWords(iso: string, now: Date, options: SentenceOptions): string {
  const span = spanWords(now.getTime() - Date.parse(iso))
  return options.relative ? `for ${span}` : `since ${momentWords(iso, now, options)} (${span})`
}

function awaitingSentence(run: RunSummary, now: Date, options: RunSentenceOptions): string {
  if (run.decisionPending) return 'Decided here; the decision is kept and delivered as soon as Temporal can be reached.'
  if (run.decision) return onRecordSentence(run, run.decision, now, options)
  const since = `Waits for approval ${sinceWords(run.stageSince, now, options)}`
  const given = approvalsWords(run.approvals)
  if (!run.approvalDeadline) return `${since}${given}.`
  return Date.parse(run.approvalDeadline) > now.getTime()
    ? `${since}${given}; rejects itself ${momentWords(run.approvalDeadline, now, options)}.`
    : `${since}${given}; its deadline ${momentWords(run.approvalDeadline, now, options)} has passed, so it rejects itself now.`
}

/**
 * Says in one line what the run does or waits for, since when and until when, or how it ended.
 *
 * @param run the run as the host last told it
 * @param now the moment that the sentence is said at
 */
export function describeRun(run: RunSummary, now: Date, options: RunSentenceOptions = {}): string {
  const sentence = stageSentence(run, now, options)
  const { temporal } = options.stack ?? {}
  // A part that is only starting says so by itself soon enough; an end stays as it is.
  if (run.endedAt !== null || temporal?.state !== 'down' || run.decisionPending) return sentence
  return `${sentence} Temporal cannot be reached: this is the last known state, and it goes on when Temporal is back.`
}

function stageSentence(run: RunSummary, now: Date, options: RunSentenceOptions): string {
  const endedAt = run.endedAt ?? run.stageSince
  const end = momentWords(endedAt, now, options)
  const took = durationWords(Date.parse(endedAt) - Date.parse(run.startedAt ?? run.acceptedAt))
  switch (run.stage) {
    case 'Queued': {
      const since = `Queued ${sinceWords(run.acceptedAt, now, options)}`
      if (run.problem) return `${since}: ${ended(run.problem)}`
      const away = workerAway(options.stack)
      return away ? `${since}; waits for a worker: ${away}` : `${since}; starts by itself.`
    }
    case 'Preprocessing':
    case 'Training':
    case 'LoggingExperiment':
    case 'AssessingQuality':
    case 'DeployingDev':
      return stepSentence(run, now, options)
    case 'AwaitingApproval':
      return awaitingSentence(run, now, options)
    case 'DeployingProd':
      return run.decision
        ? `Approved by ${decider(run.decision)}. ${stepSentence(run, now, options)}`
        : stepSentence(run, now, options)
    case 'Completed':
      return run.decision?.decision === 'approve'
        ? `Completed ${end} after ${took}: approved by ${decider(run.decision)} and deployed to production.`
        : `Completed ${end} after ${took}: deployed to dev; production was not asked for.`
    case 'GateFailed': {
      const numbers = metricsWords(run)
      return `Refused by the quality gate ${end}${numbers ? `: ${numbers}` : ''}. Nothing was deployed.`
    }
    case 'Rejected':
      return run.decision
        ? `Rejected ${end} by ${decider(run.decision)}: ${ended(run.decision.reason)} The model stays in dev.`
        : `Rejected ${end}. The model stays in dev.`
    case 'TimedOut':
      return `Nobody decided, so it rejected itself ${end}. The model stays in dev.`
    case 'Failed': {
      const problem = run.problem ?? 'no message was given'
      // The run itself says how often, unless somebody had it tried anew: Temporal counts from one then.
      const told = problem.includes(` after ${run.attempt} attempts`)
      const tries = run.attempt > 1 && !told ? ` and ${run.attempt} tries of its last step` : ''
      return `Failed ${end} after ${took}${tries}: ${ended(problem)}`
    }
    case 'Cancelled':
      return cancelledSentence(run, end, took)
    default:
      return unknownStage(run.stage)
  }
}

/** Whoever approved in the same moment has to see that it changed nothing; a cancel's own word says no more than its stage. */
function cancelledSentence({ problem, decision }: RunSummary, end: string, took: string): string {
  const cancelled = decision?.decision === 'approve' ? `Approved by ${decider(decision)}, then cancelled` : 'Cancelled'
  return problem && !/^(the run was )?cancelled\.?$/i.test(problem)
    ? `${cancelled} ${end}: ${ended(problem)}`
    : `${cancelled} ${end} after ${took}.`
}

/** Fails to compile when a stage is added that has no sentence; says the bare name to an older console. */
const unknownStage = (stage: never): string => String(stage)

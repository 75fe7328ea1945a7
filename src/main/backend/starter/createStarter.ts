import { performance } from 'node:perf_hooks'
import { grpcCodes } from '../../../temporal/grpc.ts'
import type { RunInput } from '../../../temporal/types.ts'
import { isLedgerFree, whileHeldMs } from '../ledger/ledgerTurn.ts'
import type { Ledger } from '../ledger/openLedger.ts'
import { createStartOutbox, type PendingStart } from '../ledger/startOutbox.ts'
import type { Log } from '../log.ts'

export interface Starter {
  /** Something may be startable: runs were accepted, or Temporal came back. Starts that waited for it are tried at once. */
  wake(): void
  /** Takes up no further start; settles once those under way have ended, or after a few seconds. */
  close(): Promise<void>
}

interface Options {
  ledger: Ledger
  /** Must be idempotent by workflow id: after a crash it is asked again for a run that Temporal may have already. */
  start: (workflowId: string, input: RunInput) => Promise<{ runId: string }>
  /** false while Temporal cannot be reached: nothing is tried then. */
  canStart: () => boolean
  startsPerSecond: () => number
  onStarted(workflowId: string, runId: string): void
  /** A start failed and is tried again. */
  onProblem(workflowId: string, message: string): void
  log: Log
}

/** Starts under way at a time: enough to hide the round trip, few enough not to swamp a small server. */
const atOnce = 4
const firstWaitMs = 1_000
const longestWaitMs = 30_000
/** With what is added by chance. */
const mostWaitMs = longestWaitMs * 1.2
const inMs = (wait: number) => new Date(Date.now() + wait).toISOString()
/** How often it is looked whether Temporal is there, should nobody say so. */
const lookEveryMs = 1_000
const closeDeadlineMs = 5_000

/**
 * Starts accepted runs on Temporal, oldest first, throttled, for as long as it takes. A start is forgotten only once
 * Temporal has confirmed it; one that fails waits 1 s, 2 s, 4 s … up to 30 s, give or take a fifth.
 */
export function createStarter(options: Options): Starter {
  const { canStart, startsPerSecond, log } = options
  const outbox = createStartOutbox(options.ledger)
  const underWay = new Map<string, Promise<void>>()
  /** Starts that failed while nothing could reach Temporal; the first success ends their wait. */
  const held = new Set<string>()
  /** Until when those wait whose wait a full disk kept out of the ledger, by this process' clock. */
  const resting = new Map<string, number>()
  let timer: NodeJS.Timeout | null = null
  let nextSlot = 0
  let closed = false

  const pumpIn = (ms: number) => {
    if (timer) clearTimeout(timer)
    timer = setTimeout(pump, Math.max(0, ms))
  }

  function pump(): void {
    if (timer) clearTimeout(timer)
    timer = null
    if (closed) return
    if (!canStart()) {
      if (outbox.count() > 0) pumpIn(lookEveryMs)
      return
    }
    // Nothing is started of which the ledger could not take the answer.
    if (!isLedgerFree(options.ledger)) {
      if (outbox.count() > 0) pumpIn(whileHeldMs)
      return
    }
    const rests = ({ workflowId }: PendingStart) => (resting.get(workflowId) ?? 0) > performance.now()
    const found = outbox.due(inMs(0), inMs(mostWaitMs), atOnce * 2 + resting.size)
    const due = found.filter((row) => !underWay.has(row.workflowId) && !rests(row))
    for (const row of due) {
      if (underWay.size >= atOnce) return // the end of one of them pumps again
      const now = performance.now()
      if (nextSlot > now) {
        pumpIn(nextSlot - now)
        return
      }
      nextSlot = Math.max(nextSlot, now - 1) + 1000 / startsPerSecond()
      const work = startOne(row).finally(() => {
        underWay.delete(row.workflowId)
        pump()
      })
      underWay.set(row.workflowId, work)
    }
    const next = outbox.nextAt()
    // Those under way are still in the outbox and due; they pump when they end.
    if (next !== null && underWay.size === 0) {
      pumpIn(found.some(rests) ? lookEveryMs : Math.min(lookEveryMs, Date.parse(next) - Date.now()))
    } else if (underWay.size > 0) pumpIn(lookEveryMs)
  }

  async function startOne({ workflowId, input, attempts }: PendingStart): Promise<void> {
    let runId: string
    try {
      runId = (await options.start(workflowId, input)).runId
      if (closed) return // the next launch asks again and gets the same run
      outbox.started(workflowId, runId, new Date().toISOString())
      held.delete(workflowId)
      resting.delete(workflowId)
      outbox.dueNow([...held])
      held.clear()
    } catch (error) {
      if (!closed) failed(workflowId, attempts, error)
      return
    }
    try {
      options.onStarted(workflowId, runId)
    } catch (error) {
      log.error({ err: error, workflowId }, 'a started run could not be told of; it is in the ledger')
    }
  }

  function failed(workflowId: string, attempts: number, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    const wait = Math.min(longestWaitMs, firstWaitMs * 2 ** attempts) * (0.8 + 0.4 * Math.random())
    log.warn({ err: error, workflowId, attempts: attempts + 1, waitMs: Math.round(wait) }, 'a run could not be started')
    try {
      outbox.failed(workflowId, message, inMs(wait))
      resting.delete(workflowId)
      if (isUnreachable(error) || !canStart()) held.add(workflowId)
      options.onProblem(workflowId, message)
    } catch (problem) {
      resting.set(workflowId, performance.now() + wait)
      log.error({ err: problem, workflowId }, 'a failed start could not be noted; it is tried again')
    }
  }

  // What a former process waited for says nothing about now.
  try {
    outbox.allDueNow()
  } catch (error) {
    log.error({ err: error }, 'the waits of the last process could not be ended; each start waits out its own')
  }

  return {
    wake() {
      if (closed) return
      if (canStart() && held.size > 0) {
        // One of them finds out whether Temporal is really back; its success frees the others.
        const [probe] = held
        try {
          if (probe !== undefined && isLedgerFree(options.ledger)) outbox.dueNow([probe])
        } catch (error) {
          log.error({ err: error }, 'a waiting start could not be hurried; it is tried when its wait is over')
        }
      }
      pump()
    },
    async close() {
      closed = true
      if (timer) clearTimeout(timer)
      let deadline: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => {
        deadline = setTimeout(resolve, closeDeadlineMs)
      })
      await Promise.race([Promise.allSettled(underWay.values()), late])
      clearTimeout(deadline)
    },
  }
}

/** What a server that is away or overloaded answers. */
const unreachableCodes: unknown[] = [grpcCodes.deadlineExceeded, grpcCodes.resourceExhausted, grpcCodes.unavailable]

/** Walks the chain of causes: the client wraps gRPC's error in one of its own. */
function isUnreachable(error: unknown): boolean {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (
      'code' in at &&
      (unreachableCodes.includes(at.code) || ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT'].includes(String(at.code)))
    )
      return true
    if (
      'error' in at &&
      typeof at.error === 'object' &&
      at.error !== null &&
      'kind' in at.error &&
      at.error.kind === 'unavailable'
    )
      return true
  }
  return false
}

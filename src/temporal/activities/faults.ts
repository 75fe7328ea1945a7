/** Faults on purpose: the one place where a drill reaches into a step. The steps themselves know nothing of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ApplicationFailure } from '@temporalio/common'
import type { Fault, StepAttempt } from '../../contract/drills.ts'
import { assertNever } from '../../contract/model.ts'
import type { AssessResult } from '../types.ts'

export interface Faults {
  /** What this attempt is to meet; asked once, before its work begins. */
  before(attempt: StepAttempt): Promise<Fault | null>
}

/** Type of the failures that drills cause, so that nobody takes one for a real fault. Retried like any other. */
export const drillFailureType = 'Drill'

/**
 * Does a step's work under the fault that its attempt is to meet.
 * A crash ends this process: nothing comes back from it, as nothing is told to Temporal.
 * @throws ApplicationFailure of type `Drill` where it is to fail; what the work throws; the signal's reason.
 */
export async function underFault<T>(met: Fault | null, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (met === null) return work()
  switch (met.kind) {
    case 'fail':
      throw ApplicationFailure.retryable(met.message, drillFailureType)
    case 'delay':
      await sleep(met.seconds * 1000, undefined, { signal })
      return work()
    case 'crash':
      // Whether its work was done by then nobody will know, which is what a real crash leaves behind.
      work().catch(() => {})
      await sleep(met.afterSeconds * 1000)
      process.kill(process.pid, 'SIGKILL')
      return new Promise(() => {})
    case 'gate':
      return refused((await work()) as AssessResult, met.reason) as T
    default:
      return assertNever(met)
  }
}

/** A check of its own, so that the real figures stay as they are and everyone sees why the gate said no. */
const refused = (judged: AssessResult, reason: string): AssessResult => ({
  passed: false,
  ask_for_production: false,
  checks: [
    ...judged.checks,
    { kind: 'drill', metric: null, label: 'drill', observed: null, limit: null, comparison: '>=', passed: false, reason },
  ],
  reasons: [...judged.reasons, reason],
})

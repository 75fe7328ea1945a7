import { setTimeout as sleep } from 'node:timers/promises'
import { saysDiskFull } from '../diskFull.ts'
import { DatabaseProblem } from './deps.ts'
import type { StepContext } from './stepContext.ts'

const firstWaitMs = 2000
/** What it tries again may have taken minutes; what it waits for takes somebody at least as long. */
const longestWaitMs = 15_000

/**
 * Does a step's work, and does it again once there is room when a full disk ended it. The attempt stays the same one, as
 * a full disk is not the step's fault and attempts are few; all work here may be done twice, as after a crash.
 * A database that is full tells so itself, and is waited for like one that is away.
 * @param wait as `setTimeout` of node:timers/promises; for tests
 * @throws what the work throws for another reason; the signal's reason
 */
export async function waitForRoom<T>(
  step: Pick<StepContext, 'signal' | 'reportProgress'>,
  work: () => Promise<T>,
  wait: (ms: number, value: undefined, options: { signal: AbortSignal }) => Promise<unknown> = sleep,
): Promise<T> {
  for (let ms = firstWaitMs; ; ms = Math.min(ms * 2, longestWaitMs)) {
    try {
      return await work()
    } catch (error) {
      if (step.signal.aborted || error instanceof DatabaseProblem || !saysDiskFull(error)) throw error
      const words = `Waiting for room: the disk is full. This step goes on by itself. ${(error as Error).message}`
      step.reportProgress(0, words, { waitsForRoom: true })
      await wait(ms, undefined, { signal: step.signal })
    }
  }
}

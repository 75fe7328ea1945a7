/**
 * Which attempt the code that runs now belongs to. A step's parts (trainer, deployer, database) write log lines without
 * knowing of runs, so the ids come from where they were called and not by way of every signature in between.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { AttemptRef } from './observer.ts'

const storage = new AsyncLocalStorage<AttemptRef>()

/** Does `work`, and whatever it begins, as part of this attempt. */
export const duringAttempt = <T>(attempt: AttemptRef, work: () => T): T => storage.run(attempt, work)

/** undefined outside of an attempt. */
export const attemptUnderWay = (): AttemptRef | undefined => storage.getStore()

import type { PayloadView } from '../../../contract/model.ts'

/** How many values are still being decoded. */
export const countLate = (payloads: Iterable<PayloadView>): number => [...payloads].filter(({ late }) => late).length

/** Waits before values that are late are asked for again, in milliseconds: what hangs is not asked without end. */
export const lateWaits = [1_000, 2_000, 4_000, 8_000] as const
/** The wait after so many times that were in vain. */
export const lateWait = (times: number): number => lateWaits[Math.min(times, lateWaits.length - 1)] as number

import type { Part } from '../../../contract/model.ts'

/** Why the worker must not take work now, as the status bar says it. */
export interface Hold extends Pick<Part, 'state' | 'detail' | 'remedy'> {
  /** false: what is over within seconds is waited for, as steps under way would lose their attempt. */
  atOnce: boolean
}

/** @param problem why the keys cannot be had; null when they can */
export const holdForKeys = (problem: string | null): Hold | null =>
  problem === null
    ? null
    : {
        state: 'down',
        detail: `The worker waits. ${problem}`,
        remedy: 'It goes on by itself; runs wait until then.',
        atOnce: false,
      }

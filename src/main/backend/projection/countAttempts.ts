import type { StepName } from '../../../contract/model.ts'

/**
 * Temporal counts a step's attempts from one again after a "try now", and when the workflow schedules the step anew because
 * a worker was lost. A reader counts on: the list, the first line and the timeline say the same number.
 */

interface Numbered {
  step: StepName
  attempt: number
}

/**
 * What has to be added to Temporal's number of an attempt.
 * @param known the run's attempts with Temporal's numbers, in the order in which they began; the last of the step may be the one to be told
 */
export function countedOnBy(known: readonly Numbered[], step: StepName, attempt: number): number {
  let offset = 0
  let last = 0
  for (const one of known) {
    if (one.step !== step) continue
    if (one.attempt + offset <= last) offset = last - one.attempt + 1
    last = one.attempt + offset
  }
  return attempt + offset < last ? last - attempt + 1 : offset
}

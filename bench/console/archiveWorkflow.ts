/** A run whose history has as many events as it is asked for: steps that fail, and whatever is signalled meanwhile. */
import { defineSignal, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow'
import type { ArchiveActivities } from './archiveRun.ts'

const { refuses } = proxyActivities<ArchiveActivities>({ startToCloseTimeout: '1 minute', retry: { maximumAttempts: 1 } })

export async function archived(events: number): Promise<number> {
  let notes = 0
  setHandler(defineSignal<[object]>('note'), () => {
    notes++
  })
  for (let row = 0; workflowInfo().historyLength < events; row += 10) {
    const steps = Array.from({ length: 10 }, (_, step) => refuses({ row: row + step, words: 'of the input' }))
    // What becomes of them is in the history.
    await Promise.allSettled(steps)
  }
  return notes
}

/** A run with as many events as one asks for: steps whose results stand in the history. */
import { proxyActivities, proxyLocalActivities, sleep } from '@temporalio/workflow'

const stepsAtOnce = 20

interface Steps {
  work(row: object): Promise<object>
}
const { work } = proxyLocalActivities<Steps>({ startToCloseTimeout: '1 minute' })
const scheduled = proxyActivities<Steps>({ startToCloseTimeout: '1 minute' })

/** Named as the console's own kind of run, so that the console lists it. It never ends by itself. */
export async function MLOpsWorkflow(rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await Promise.all(
      Array.from({ length: stepsAtOnce }, (_, i) =>
        work({ round, id: round * stepsAtOnce + i, name: `row ${i} of round ${round}` }),
      ),
    )
    // Ends the workflow task: its events are written. A timer would do it too, and take a second each time.
    await scheduled.work({ round })
  }
  await sleep('1 day')
}

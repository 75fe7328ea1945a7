/** A run with as many events as one asks for: steps whose results stand in the history, and waits between them. */
import { proxyLocalActivities, sleep } from '@temporalio/workflow'

const stepsAtOnce = 20

const { work } = proxyLocalActivities<{ work(row: object): Promise<object> }>({ startToCloseTimeout: '1 minute' })

/** Named as the console's own kind of run, so that the console lists it. It never ends by itself. */
export async function MLOpsWorkflow(rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await Promise.all(
      Array.from({ length: stepsAtOnce }, (_, i) =>
        work({ round, id: round * stepsAtOnce + i, name: `row ${i} of round ${round}` }),
      ),
    )
    await sleep(1)
  }
  await sleep('1 day')
}

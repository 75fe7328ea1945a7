import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventName, EventPayload } from '../../../contract/events.ts'
import type { RunSummary } from '../../../contract/model.ts'
import { taskQueue, workflowType } from '../../../temporal/names.ts'
import { type DevServer, startDevServer } from '../../../temporal/testing/devServer.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { silentLog } from '../log.ts'
import { createProjection } from './createProjection.ts'
import { createReconciler } from './createReconciler.ts'
import { createSealer } from './sealer.ts'

let server: DevServer
let client: Client
beforeAll(async () => {
  server = await startDevServer()
  client = new Client({ connection: await Connection.connect({ address: server.address }), namespace: server.namespace })
}, 90_000)
afterAll(async () => {
  await client?.connection.close()
  await server?.stop()
})

/** A console that hears of runs only by asking Temporal; gives the first state of a run that `is` what is waited for. */
function openConsole() {
  const listeners = new Set<(runs: RunSummary[]) => void>()
  const projection = createProjection({
    ledger: openLedger(':memory:'),
    sealer: createSealer(Buffer.alloc(32, 7)),
    emit: <N extends EventName>(name: N, payload: EventPayload<N>) => {
      if (name === 'runs.changed') for (const listener of listeners) listener((payload as EventPayload<'runs.changed'>).runs)
    },
    onTransition: () => undefined,
    onAttemptFailed: () => undefined,
    log: silentLog,
  })
  const reconciler = createReconciler({ projection, client: () => client, log: silentLog })
  return {
    reconciler,
    sees: (is: (run: RunSummary) => boolean) =>
      new Promise<RunSummary>((resolve) => {
        listeners.add((runs) => {
          const run = runs.find(is)
          if (run) resolve(run)
        })
      }),
  }
}

describe('runs of other clients', () => {
  it('are taken in also when they ended before anybody looked', async () => {
    const handle = await client.workflow.start(workflowType, {
      taskQueue,
      workflowId: 'theirs',
      args: [{ file_path: '/data/theirs.csv', trigger_type: 'file_upload' }],
    })
    await handle.terminate('not wanted after all')
    const { reconciler, sees } = openConsole()
    try {
      const seen = sees((run) => run.workflowId === 'theirs' && run.stage === 'Cancelled')
      reconciler.sweep()
      expect(await seen).toMatchObject({ fileName: 'theirs.csv', origin: 'client', runId: handle.firstExecutionRunId })
    } finally {
      await reconciler.close()
    }
  }, 60_000)
})

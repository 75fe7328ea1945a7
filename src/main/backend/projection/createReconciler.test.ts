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
    projection,
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

describe('a run that Temporal no longer has', () => {
  const theirs = (workflowId: string) =>
    client.workflow.start(workflowType, {
      taskQueue,
      workflowId,
      args: [{ file_path: `/data/${workflowId}.csv`, trigger_type: 'file_upload' }],
    })

  it('no longer stands among those under way, and says why', async () => {
    const { reconciler, sees } = openConsole()
    const seen = sees((run) => run.workflowId === 'deleted')
    const { firstExecutionRunId: runId } = await theirs('deleted')
    try {
      reconciler.sweep()
      await seen
      const ended = sees((run) => run.workflowId === 'deleted' && run.stage === 'Cancelled')
      const workflowExecution = { workflowId: 'deleted', runId }
      await client.workflowService.deleteWorkflowExecution({ namespace: server.namespace, workflowExecution })
      expect(await ended).toMatchObject({
        problem: expect.stringMatching(
          /^Temporal no longer has this run: .* How it ended is not known; what it had made is kept\.$/,
        ),
        endedAt: expect.any(String),
      })
    } finally {
      await reconciler.close()
    }
  }, 60_000)

  it.each([
    ['goes on where it is found again under way, as after a profile was chosen and left', false, 'Queued'],
    ['has the end that it came to meanwhile', true, 'Cancelled'],
  ])(
    '%s',
    async (_, ends, stage) => {
      const workflowId = ends ? 'back-and-ended' : 'back'
      const handle = await theirs(workflowId)
      const { projection, reconciler, sees } = openConsole()
      const { firstExecutionRunId: runId } = handle
      const startedAt = new Date().toISOString()
      projection.adopt({ workflowId, runId, path: '', fileName: 'a.csv', startedAt, submittedBy: 'ada' })
      projection.update(workflowId, { stage: 'Cancelled', gone: true, problem: 'gone' })
      if (ends) await handle.terminate('ended meanwhile')
      try {
        const back = sees((run) => run.workflowId === workflowId && run.problem !== 'gone')
        reconciler.sweep()
        expect(await back).toMatchObject({
          stage,
          problem: ends ? expect.stringMatching(/ terminated it: ended meanwhile$/) : null,
        })
        expect(projection.gone()).toEqual([])
      } finally {
        await reconciler.close()
      }
    },
    60_000,
  )
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { expect, test } from 'vitest'
import { createClient } from './client.ts'
import { createDataConverter } from './codec/dataConverter.ts'
import { listOpen } from './executions.ts'
import { prepareNamespace } from './namespace.ts'
import { startRun } from './operations.ts'
import { startDevServer } from './testing/devServer.ts'

test('a namespace is prepared once, keeps it over a restart, and takes a stage at once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-namespace-'))
  const dbFile = join(folder, 'temporal.db')
  try {
    for (const workflowId of ['mlops-first-boot', 'mlops-second-boot']) {
      const server = await startDevServer({ dbFile }) // prepares
      const connection = await Connection.connect({ address: server.address })
      const { client, close } = await createClient({ ...server, dataConverter: createDataConverter() })
      try {
        await prepareNamespace(connection, server.namespace, { ownServer: true })
        const { config } = await connection.workflowService.describeNamespace({ namespace: server.namespace })
        expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 86_400)
        await startRun(client, workflowId, { file_path: 'a.csv', trigger_type: 'test' })
        for (let listed: (string | null)[] = []; !listed.includes(workflowId); ) {
          listed = []
          for await (const run of listOpen(client)) {
            listed.push(run.workflowId)
            expect(run.stage).toBe('Queued') // no worker is there
          }
        }
      } finally {
        await close()
        await connection.close()
        await server.stop()
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('a server of somebody else keeps its retention', async () => {
  const asked: unknown[] = []
  const connection = {
    workflowService: {
      describeNamespace: async () => asked.push('describe'),
      updateNamespace: async () => asked.push('update'),
      countWorkflowExecutions: async () => ({}),
    },
    operatorService: { listSearchAttributes: async () => ({ customAttributes: { GatehouseStage: 2 } }) },
  } as unknown as Connection
  await prepareNamespace(connection, 'team', { ownServer: false })
  expect(asked).toEqual([])
})

test('an attribute of another type, and one that may not be added, are told with what to do', async () => {
  const connection = (listed: Record<string, number>, code: number) =>
    ({
      operatorService: {
        listSearchAttributes: async () => ({ customAttributes: listed }),
        addSearchAttributes: async () => {
          throw Object.assign(new Error('no'), { code, details: 'no', metadata: {} })
        },
      },
    }) as unknown as Connection
  await expect(prepareNamespace(connection({ GatehouseStage: 1 }, 0), 'team', { ownServer: false })).rejects.toThrow(
    'that is not a Keyword',
  )
  await expect(prepareNamespace(connection({}, 7), 'team', { ownServer: false })).rejects.toThrow(
    'temporal operator search-attribute create --namespace team --name GatehouseStage --type Keyword',
  )
})

/** A real Temporal server with one run of 2,000 events, everything in it sealed. */
import { createSecretKey, randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Client } from '@temporalio/client'
import { ApplicationFailure, type PayloadCodec } from '@temporalio/common'
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker'
import { createClient } from '../../src/temporal/client.ts'
import { createDataConverter, failureConverterSource } from '../../src/temporal/codec/dataConverter.ts'
import { createEncryptionCodec } from '../../src/temporal/codec/encryptionCodec.ts'
import { singleKey } from '../../src/temporal/codec/singleKey.ts'
import { startDevServer } from '../../src/temporal/testing/devServer.ts'

export interface ArchiveActivities {
  refuses(input: { row: number; words: string }): Promise<void>
}

const activities: ArchiveActivities = {
  refuses: async ({ row }) => {
    throw ApplicationFailure.nonRetryable(`The row ${row} was refused.`, 'DatabaseConfiguration', {
      row,
      words: 'of the details',
    })
  },
}
const taskQueue = 'archive'
const signals = 200

export interface ArchivedRun {
  workflowId: string
  runId: string
  codec: PayloadCodec
  /** A client that decodes by another codec. */
  clientWith(codec: PayloadCodec): Promise<Client>
  close(): Promise<void>
}

export async function makeArchivedRun(events: number): Promise<ArchivedRun> {
  const server = await startDevServer()
  const { namespace } = server
  const keys = singleKey({ id: 'k-bench', key: createSecretKey(randomBytes(32)) })
  const codec = createEncryptionCodec({ keys, namespace })
  const dataConverter = createDataConverter([codec])
  const closing: (() => Promise<unknown>)[] = [() => server.stop()]
  const clientWith = async (other: PayloadCodec) => {
    const made = await createClient({ ...server, dataConverter: createDataConverter([other]) })
    closing.unshift(made.close)
    return made.client
  }
  const client = await clientWith(codec)
  const logger = new DefaultLogger('ERROR')
  const workflowsPath = fileURLToPath(new URL('./archiveWorkflow.ts', import.meta.url))
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, failureConverterPath: failureConverterSource, logger })
  const connection = await NativeConnection.connect({ address: server.address })
  const worker = await Worker.create({ connection, namespace, taskQueue, workflowBundle, activities, dataConverter })
  const workflowId = 'mlops-2000-archive'
  const runId = await worker.runUntil(async () => {
    const handle = await client.workflow.start('archived', {
      ...{ taskQueue, workflowId, args: [events] },
      memo: { config: 'of the memo' },
      staticSummary: 'of the summary',
    })
    for (let note = 0; note < signals; note++) await handle.signal('note', { note, words: 'of the signal' })
    await handle.result()
    return handle.firstExecutionRunId
  })
  await connection.close()
  return {
    ...{ workflowId, runId, codec, clientWith },
    async close() {
      for (const close of closing) await close()
    },
  }
}

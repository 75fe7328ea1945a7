/** What leaves as a file beside what the Temporal CLI prints of the same run, and values as large as Temporal takes them. */
import { execFile } from 'node:child_process'
import { createSecretKey, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient, type TemporalClient } from '../../../temporal/client.ts'
import { createDataConverter } from '../../../temporal/codec/dataConverter.ts'
import { createEncryptionCodec } from '../../../temporal/codec/encryptionCodec.ts'
import { singleKey } from '../../../temporal/codec/singleKey.ts'
import { type DevServer, startDevServer } from '../../../temporal/testing/devServer.ts'
import { exportHistory } from './exportHistory.ts'
import { readHistoryFile } from './readHistoryFile.ts'

const run = promisify(execFile)
let temporal: DevServer
let client: TemporalClient
beforeAll(async () => {
  temporal = await startDevServer()
  const keys = singleKey({ id: 'k-cli', key: createSecretKey(randomBytes(32)) })
  const codec = createEncryptionCodec({ keys, namespace: temporal.namespace })
  client = await createClient({ ...temporal, dataConverter: createDataConverter([codec]) })
})
afterAll(async () => {
  await client?.close()
  await temporal?.stop()
})

/** A run that another client started, of a workflow that nobody here knows. */
async function start(workflowId: string) {
  const handle = await client.client.workflow.start('nobodyRunsThis', {
    ...{ taskQueue: 'nobody', workflowId, args: [{ n: 1 }, null, 'text'] },
    memo: { note: 'of the memo' },
    staticSummary: 'of the summary',
  })
  return { handle, asked: { workflowId, runId: handle.firstExecutionRunId } }
}

async function exported(asked: { workflowId: string; runId: string }, decoded: boolean) {
  const pieces: string[] = []
  let after: string | null = null
  do {
    const piece: Awaited<ReturnType<typeof exportHistory>> = await exportHistory(client.client, { ...asked, decoded, after })
    pieces.push(piece.text)
    after = piece.next
  } while (after !== null)
  return pieces
}

test('as stored it is what the CLI prints, and what the CLI prints opens as the same history', async () => {
  const { handle, asked } = await start('beside-the-cli')
  await handle.signal('note', { words: 'of the signal' })
  await handle.terminate('over')
  const show = ['workflow', 'show', '--workflow-id', asked.workflowId, '--output', 'json', '--address', temporal.address]
  const { stdout } = await run(process.env.GATEHOUSE_TEMPORAL_CLI as string, show)
  const ours = (await exported(asked, false)).join('')
  expect(JSON.parse(ours)).toEqual(JSON.parse(stdout))
  expect(readHistoryFile(stdout)).toEqual(readHistoryFile(ours))
})

test('values of the largest size come decoded in pieces that a message holds', async () => {
  const { handle, asked } = await start('large-values')
  // Quotes are escaped twice on the way: in the payload's JSON, and in the message around it.
  const large = '"'.repeat(800_000)
  for (let note = 0; note < 4; note++) await handle.signal('note', large)
  await handle.terminate('over')
  const pieces = await exported(asked, true)
  for (const piece of pieces) expect(Buffer.byteLength(JSON.stringify(piece))).toBeLessThan(8 * 1024 * 1024)
  const { events } = JSON.parse(pieces.join(''))
  const values = events.flatMap(
    (event: { workflowExecutionSignaledEventAttributes?: { input: { payloads: { value: string }[] } } }) =>
      event.workflowExecutionSignaledEventAttributes?.input.payloads.map(({ value }) => value) ?? [],
  )
  expect(values).toEqual([large, large, large, large])
})

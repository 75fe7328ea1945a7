/** The codec server as the Temporal CLI uses it, against a real server: what only keys can read there is read with it. */
import { execFile } from 'node:child_process'
import { createSecretKey, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClient, type TemporalClient } from '../../../temporal/client.ts'
import { createDataConverter } from '../../../temporal/codec/dataConverter.ts'
import { createEncryptionCodec } from '../../../temporal/codec/encryptionCodec.ts'
import { singleKey } from '../../../temporal/codec/singleKey.ts'
import { type DevServer, startDevServer } from '../../../temporal/testing/devServer.ts'
import { silentLog } from '../log.ts'
import { type CodecHttp, startCodecHttp } from './codecHttp.ts'

const run = promisify(execFile)
const secret = { schedule: 'exponential_secret' }
/** As the CLI prints a payload that nothing more is known of. */
const inClear = Buffer.from(JSON.stringify(secret)).toString('base64')

let temporal: DevServer
let codecServer: CodecHttp
let client: TemporalClient
beforeAll(async () => {
  temporal = await startDevServer()
  const { namespace } = temporal
  const codec = createEncryptionCodec({ keys: singleKey({ id: 'k-cli', key: createSecretKey(randomBytes(32)) }), namespace })
  codecServer = await startCodecHttp({ codec, namespace, secret: 'a-secret', origins: () => [], log: silentLog })
  client = await createClient({ ...temporal, dataConverter: createDataConverter([codec]) })
})
afterAll(async () => {
  await client?.close()
  await codecServer?.close()
  await temporal?.stop()
})

const cli = async (...args: string[]) =>
  (await run(process.env.GATEHOUSE_TEMPORAL_CLI as string, [...args, '--address', temporal.address])).stdout

it('shows a sealed history in clear with the endpoint, and nothing of it without', async () => {
  const handle = await client.client.workflow.start('nobodyRunsThis', {
    taskQueue: 'nobody',
    workflowId: 'sealed',
    args: [secret],
    memo: { note: secret },
  })
  const show = ['workflow', 'show', '--workflow-id', handle.workflowId, '--output', 'json']
  const without = await cli(...show)
  expect(without).toContain(Buffer.from('binary/encrypted').toString('base64'))
  expect(without).not.toContain(inClear)
  const within = await cli(...show, '--codec-endpoint', codecServer.url)
  expect(within).toContain(inClear)

  const described = await cli('workflow', 'describe', '--workflow-id', handle.workflowId, '--codec-endpoint', codecServer.url)
  expect(described).toContain(secret.schedule)
})

it('lets the CLI start a run whose input nobody else can read', async () => {
  const start = ['workflow', 'start', '--type', 'nobodyRunsThis', '--task-queue', 'nobody', '--workflow-id', 'by-cli']
  await cli(...start, '--input', JSON.stringify(secret), '--codec-endpoint', codecServer.url)
  const { events } = await client.client.workflow.getHandle('by-cli').fetchHistory()
  const [input] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? []
  expect(Buffer.from(input?.metadata?.encoding ?? []).toString()).toBe('binary/encrypted')
  expect(Buffer.from(input?.data ?? []).toString('latin1')).not.toContain(secret.schedule)
  const shown = await cli('workflow', 'show', '--workflow-id', 'by-cli', '--output', 'json', '--codec-endpoint', codecServer.url)
  expect(shown).toContain(inClear)
})

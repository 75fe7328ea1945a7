/**
 * What the self-test tries, each by itself. All but Node's own modules is loaded inside the check that needs it: a module
 * that does not load here (an Electron that is too old, a binary of another platform) is that check's result.
 */
import { execFile } from 'node:child_process'
import { generateKey } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { isDeepStrictEqual, promisify } from 'node:util'
import type { Pipeline } from '../../contract/pipelines.ts'
import type { HostPowers } from '../backend/backend.ts'
import type { StartHelper } from '../backend/secrets/keychain.ts'
import type { StartProcess } from '../backend/workerProcess/ownProcess.ts'
import type { AppPaths } from '../paths.ts'

export interface Check {
  name: string
  /** Gives what was seen, in a few words; throws when the part does not work. */
  run(scratch: string): Promise<string>
}

/** How processes of our own are started here; default: as plain Node. */
export type Starters = Pick<HostPowers, 'startHelper' | 'startProcess'>

/** @param paths where the app's own files are */
export function checksOf(paths: AppPaths, { startHelper, startProcess }: Starters = {}): Check[] {
  return [
    { name: 'better-sqlite3 loads', run: () => loads(paths, ['better-sqlite3']) },
    { name: 'Temporal core-bridge loads', run: () => loads(paths, ['@temporalio/worker', '@temporalio/core-bridge']) },
    { name: 'keyring loads', run: () => loads(paths, ['@napi-rs/keyring']) },
    { name: 'the keychain helper answers', run: () => helperAnswers(paths, startHelper) },
    { name: 'the worker process loads', run: () => workerLoads(paths, startProcess) },
    { name: 'SQLite answers', run: sqliteAnswers },
    { name: 'a saved history replays', run: () => historyReplays(paths) },
    { name: 'values survive encryption', run: () => valuesSurvive(paths) },
    { name: 'Postgres binaries run', run: () => postgresRuns(paths) },
    { name: 'the CSV thread reads', run: (scratch) => csvIsRead(paths, scratch) },
    { name: 'both endpoints answer', run: (scratch) => endpointsAnswer(paths, scratch) },
  ]
}

/** Follows a chain of packages, each found from the one before, as the app itself finds them. */
async function loads(paths: AppPaths, chain: readonly string[]): Promise<string> {
  let from = join(paths.root, 'package.json')
  for (const name of chain.slice(0, -1)) from = createRequire(from).resolve(name)
  const name = chain.at(-1) ?? ''
  const require = createRequire(from)
  const module: unknown = require(name)
  // better-sqlite3 loads its binary only with the first database.
  if (name === 'better-sqlite3') new (module as new (path: string) => { close(): void })(':memory:').close()
  const { version } = require(`${name}/package.json`) as { version: string }
  return version
}

/** The helper loads the keychain's library; no entry is read or written. */
async function helperAnswers({ helpers }: AppPaths, startHelper?: StartHelper): Promise<string> {
  const { askKeychain } = await import('../backend/secrets/keychain.ts')
  await askKeychain({ helper: helpers.keychain, limitMilliseconds: 10_000, startHelper }, { action: 'load' })
  return startHelper ? 'as a utility process' : 'as plain Node'
}

/** Everything that a worker process works with is loaded in one; it connects to nothing. */
async function workerLoads({ helpers }: AppPaths, startProcess?: StartProcess): Promise<string> {
  const { processEnvironment, startNodeProcess } = await import('../backend/workerProcess/ownProcess.ts')
  const { fromWorker } = await import('../backend/workerProcess/messages.ts')
  const worker = (startProcess ?? startNodeProcess)(helpers.worker, { name: 'worker', env: processEnvironment() })
  try {
    const said = new Promise<string>((resolve, reject) => {
      worker.onMessage((message) => {
        const told = fromWorker.parse(message)
        if (told.kind === 'loaded') resolve(startProcess ? 'as a utility process' : 'as plain Node')
        if (told.kind === 'problem') reject(new Error(told.message))
      })
      void worker.ended.then(({ code, signal }) => reject(new Error(`it ended with ${signal ?? code} and said nothing`)))
    })
    worker.send({ kind: 'load' })
    return await said
  } finally {
    worker.kill()
    await worker.ended
  }
}

async function sqliteAnswers(scratch: string): Promise<string> {
  const { openLedger } = await import('../backend/ledger/openLedger.ts')
  const ledger = openLedger(join(scratch, 'ledger.sqlite'))
  try {
    const { version } = ledger.prepare('SELECT sqlite_version() AS version').get() as { version: string }
    const [sound] = ledger.pragma('integrity_check') as { integrity_check: string }[]
    if (sound?.integrity_check !== 'ok') throw new Error(`a new ledger is not sound: ${sound?.integrity_check}`)
    return `${version}, a new ledger is sound`
  } finally {
    ledger.close()
  }
}

async function historyReplays(paths: AppPaths): Promise<string> {
  const [{ Worker }, { createDataConverter }, { installRuntime }] = await Promise.all([
    import('@temporalio/worker'),
    import('../../temporal/codec/dataConverter.ts'),
    import('../../temporal/runtime.ts'),
  ])
  const nothing = () => {}
  installRuntime({ debug: nothing, info: nothing, warn: nothing, error: nothing })
  const history = JSON.parse(await readFile(join(paths.resources, 'self-test', 'history.json'), 'utf8')) as { events: unknown[] }
  const options = {
    workflowBundle: { codePath: paths.workflowBundle },
    dataConverter: createDataConverter([], paths.failureConverter),
  }
  await Worker.runReplayHistory(options, history)
  return `${history.events.length} events`
}

async function valuesSurvive(paths: AppPaths): Promise<string> {
  const [internal, { createDataConverter }, { createEncryptionCodec }, { singleKey }] = await Promise.all([
    import('@temporalio/common/lib/internal-non-workflow/index.js'),
    import('../../temporal/codec/dataConverter.ts'),
    import('../../temporal/codec/encryptionCodec.ts'),
    import('../../temporal/codec/singleKey.ts'),
  ])
  const keys = singleKey({ id: 'self-test', key: await promisify(generateKey)('aes', { length: 256 }) })
  const codec = createEncryptionCodec({ keys, namespace: 'self-test' })
  const converter = internal.loadDataConverter(createDataConverter([codec], paths.failureConverter))
  const values = [{ name: 'Größe 🙂', nested: { list: [1, 2.5, -0.125, null, true, ''] } }, 'x'.repeat(100_000), null]
  const payloads = await internal.encodeToPayloads(converter, ...values)
  if (!isDeepStrictEqual(await internal.decodeArrayFromPayloads(converter, payloads), values)) {
    throw new Error('what was decrypted is not what was encrypted')
  }
  const failure = await internal.encodeErrorToFailure(converter, new Error('a secret message'))
  if (JSON.stringify(failure).includes('secret')) throw new Error('the message of a failure stays in clear')
  const error = await internal.decodeOptionalFailureToOptionalError(converter, failure)
  if (error?.message !== 'a secret message') throw new Error('the message of a failure is lost')
  return `${values.length} values, 1 failure`
}

async function postgresRuns(paths: AppPaths): Promise<string> {
  const { bundledBinaries } = await import('../backend/stack/postgresPlace.ts')
  const { folder } = await bundledBinaries(paths.root)
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const run = promisify(execFile)
  const [server] = await Promise.all(
    ['postgres', 'initdb'].map((name) => run(join(folder, 'bin', name + suffix), ['--version'], { timeout: 15_000 })),
  )
  return server?.stdout.trim() ?? ''
}

async function csvIsRead(paths: AppPaths, scratch: string): Promise<string> {
  const [{ createDataChecks }, { defaultPipelines }] = await Promise.all([
    import('../backend/csv/createDataChecks.ts'),
    import('../../contract/pipelines.ts'),
  ])
  const rows = Array.from({ length: 40 }, (_, i) => `${i / 100},${(i * 7) % 13},${i % 5}`)
  const path = join(scratch, 'sample.csv')
  await writeFile(path, ['length,weight,rings', ...rows, ''].join('\n'))
  const data = createDataChecks({ folder: join(scratch, 'work'), threadFile: paths.threads.csv })
  try {
    const { signal } = new AbortController()
    const file = { path, fileName: 'sample.csv', runId: 'self-test' }
    const { profile } = await data.profile(file, defaultPipelines.at(-1) as Pipeline, { signal, onProgress: () => {} })
    if (profile.rows !== rows.length) throw new Error(`${profile.rows} of ${rows.length} rows were read`)
    return `${profile.rows} rows`
  } finally {
    await data.close()
  }
}

async function endpointsAnswer(paths: AppPaths, scratch: string): Promise<string> {
  const [{ createEndpoints }, { createFileStore }, { silentLog }] = await Promise.all([
    import('../backend/endpoints/createEndpoints.ts'),
    import('../backend/store/fileStore.ts'),
    import('../backend/log.ts'),
  ])
  const endpoints = createEndpoints({
    folder: join(scratch, 'deployments'),
    store: createFileStore(join(scratch, 'store')),
    threadFile: paths.threads.serving,
    ports: { dev: await freePort(), prod: await freePort() },
    log: silentLog,
  })
  try {
    await endpoints.start()
    const { dev, prod } = endpoints.status()
    for (const part of [dev, prod]) {
      if (part.state !== 'up' || !part.address) throw new Error(part.detail || 'an endpoint did not open')
      await answers(part.address)
    }
    return `${dev.address} and ${prod.address}`
  } finally {
    await endpoints.close()
  }
}

/** Any answer that is JSON will do: nothing is deployed here, and an endpoint says so. Plain node:http, for old Electrons. */
function answers(address: string): Promise<void> {
  const url = new URL('/health', address.includes('://') ? address : `http://${address}`)
  return new Promise((resolve, reject) => {
    get(url, { timeout: 5_000 }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        try {
          JSON.parse(text)
          resolve()
        } catch {
          reject(new Error(`${url.href} answered ${response.statusCode} without JSON`))
        }
      })
    })
      .on('timeout', () => reject(new Error(`${url.href} did not answer`)))
      .on('error', reject)
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

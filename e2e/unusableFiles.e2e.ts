/** A host meets files that are damaged: it comes up and says so, or ends and says so; it loses nothing and does nothing twice. */
import { execFile } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RunSummary } from '../src/contract/model.ts'
import type { Home } from '../src/main/backend/home.ts'
import { connectToHost, type HostConnection } from '../src/main/control/connectToHost.ts'
import { type Host, launchHost, newHome, removeHome, sampleCsv, startHost } from './support/host.ts'

const cli = resolve(import.meta.dirname, '..', 'out', 'main', 'cli.cjs')
let home: Home
/** Files beside the servers' data, as the good run left them. */
let sound: string

const stages = async (host: Pick<Host, 'connection'>) =>
  (await host.connection.call('runs.list', { limit: 10 })).runs.map(({ stage }) => stage)

beforeAll(async () => {
  home = await newHome({ operator: 'ada', demoTrainer: { minSeconds: 0, maxSeconds: 0 }, settleSeconds: 0.2 })
  sound = `${home.root}-sound`
  const host = await startHost(home)
  writeFileSync(join(home.inbox, 'good_model.csv'), sampleCsv(1))
  while ((await stages(host))[0] !== 'AwaitingApproval') await sleep(100)
  await host.stop()
  for (const file of kept()) if (existsSync(file)) cpSync(file, join(sound, basename(file)), { recursive: true })
})
afterAll(async () => {
  await removeHome(home)
  rmSync(sound, { recursive: true, force: true })
})

const kept = () => [
  ...[home.config, home.ledger, home.lock, home.temporal, home.store, join(home.root, 'deployments')],
  join(home.backups, 'last.json'),
  ...['place.json', 'database-made'].map((name) => join(home.postgres, name)),
]
function restore(): void {
  for (const file of kept()) {
    rmSync(file, { recursive: true, force: true })
    if (existsSync(join(sound, basename(file)))) cpSync(join(sound, basename(file)), file, { recursive: true })
  }
}
const newest = async (host: Host) => (await host.connection.call('runs.list', { limit: 1 })).runs[0] as RunSummary
const onlyRun = async (host: Host) => (await newest(host)).workflowId
const aFolder = (file: string) => {
  rmSync(file, { recursive: true, force: true })
  mkdirSync(file)
}

it.each<[string, (home: Home) => string, (file: string) => void]>([
  ['settings that are a folder', ({ config }) => join(config, 'settings.json'), aFolder],
  ['settings of 200 MB', ({ config }) => join(config, 'settings.json'), (file) => truncateSync(file, 200 * 1000 ** 2)],
  [
    'pipelines that are half written',
    ({ config }) => join(config, 'pipelines.json'),
    (file) => writeFileSync(file, '{"version": 1,'),
  ],
  ['an emptied note of the secret store', ({ config }) => join(config, 'secret-store.json'), (file) => writeFileSync(file, '')],
  [
    'a note of the newest backup that is half written',
    ({ backups }) => join(backups, 'last.json'),
    (file) => {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, '{"file": "/elsewhere/')
    },
  ],
  ['bytes in the place of the lock', ({ lock }) => lock, (file) => writeFileSync(file, 'no lock of ours '.repeat(100))],
])('%s: the host comes up, names it, keeps it, and its run is the same', async (_, place, damage) => {
  restore()
  const file = place(home)
  damage(file)
  const host = await startHost(home)
  try {
    const { unusable } = await host.connection.call('stack.health', {})
    expect(unusable.map((told) => told.file)).toEqual(file === home.lock ? [] : [file])
    expect(readdirSync(dirname(file)).some((name) => name.startsWith(`${basename(file)}.broken-`))).toBe(true)
    expect(await stages(host)).toEqual(['AwaitingApproval'])
  } finally {
    await host.stop()
  }
})

it('records of the keys that are gone: named, begun anew, and what was sealed before is still read', async () => {
  restore()
  const file = join(home.root, 'keys.sqlite')
  renameSync(file, `${file}-away`)
  const host = await startHost(home)
  const call: Host['connection']['call'] = (...args) => host.connection.call(...args)
  try {
    expect((await call('stack.health', {})).unusable).toMatchObject([{ file, problem: expect.stringContaining('are gone') }])
    const { keys, warning } = await call('keys.get', {})
    expect(warning).toContain('are gone')
    expect(keys.map(({ state }) => state).sort()).toEqual(['reading', 'sealing'])
    const workflowId = await onlyRun(host)
    const values = JSON.stringify(await call('runs.values', { workflowId }))
    expect(values).toContain('good_model.csv')
    expect(values).not.toMatch(/"unreadable":"/)
    // A run that was sealed by the key before goes on with the new one.
    const decided = { workflowId, decision: 'approve', reason: 'Better.', decisionId: crypto.randomUUID() } as const
    expect(await call('runs.decide', decided)).toEqual({ state: 'delivered' })
    while ((await stages(host))[0] !== 'Completed') await sleep(100)
    const doctor = await promisify(execFile)(process.execPath, [cli, 'doctor'], {
      env: { ...process.env, GATEHOUSE_HOME: home.root },
    }).catch((error: { stdout: string }) => error)
    expect(doctor.stdout).toMatch(/Running: Files.*keys\.sqlite.*are gone/s)
  } finally {
    await host.stop()
    rmSync(file)
    renameSync(`${file}-away`, file)
  }
})

/** A host of which a part will not come up. */
async function withHostInTrouble(work: (connection: HostConnection) => Promise<void>): Promise<void> {
  const launched = launchHost(home)
  const ended = launched.ready.catch(() => {})
  let connection: HostConnection | null = null
  while (connection === null) connection = await connectToHost(home).catch(() => sleep(50).then(() => null))
  try {
    await work(connection)
    await connection.call('host.stop', {})
    await ended
  } finally {
    connection.close()
    await launched.kill()
  }
}
/** Where Postgres keeps this data folder's database. */
const database = () => readFileSync(join(home.postgres, 'database-made'), 'utf8').trim()
const storedAs = (head: string) =>
  (readdirSync(join(home.store, 'sha256'), { recursive: true }) as string[])
    .map((name) => join(home.store, 'sha256', name))
    .filter((file) => basename(file).length === 64)
    .find((file) => readFileSync(file, 'utf8').startsWith(head)) as string
function cut(file: string): () => void {
  const bytes = readFileSync(file)
  chmodSync(file, 0o600)
  truncateSync(file, 100)
  // In place: it belongs to the OS user that Postgres runs as.
  return () => writeFileSync(file, bytes)
}
function moveAway(file: string): () => void {
  renameSync(file, `${file}-away`)
  return () => renameSync(`${file}-away`, file)
}

it.each<[string, 'temporal' | 'postgres' | 'dev', () => string, (file: string) => () => void, RegExp]>([
  [
    "Temporal's database that is cut off",
    'temporal',
    () => join(home.temporal, 'temporal.db'),
    cut,
    /it has \d+ bytes and should have/,
  ],
  ["Temporal's database that is gone", 'temporal', () => join(home.temporal, 'temporal.db'), moveAway, /is gone, although/],
  [
    'a file of Postgres that is cut off',
    'postgres',
    () => join(database(), 'global', 'pg_control'),
    cut,
    /damaged: .*pg_control/,
  ],
  [
    "Postgres' database that is gone",
    'postgres',
    database,
    moveAway,
    /gone, although there was one. Nothing was made in its place/,
  ],
  ['a model that is cut off', 'dev', () => storedAs('{\n  "format": "gatehouse-demo'), cut, /was changed: its hash is no longer/],
])(
  '%s: the others come up, it is named and nothing is put in its place; mended, all is as before',
  async (_, part, place, damage, words) => {
    restore()
    const file = place()
    const mend = damage(file)
    const asItLies = () => (existsSync(file) ? readFileSync(file) : null)
    const before = asItLies()
    await withHostInTrouble(async (connection) => {
      let found = await connection.call('stack.health', {})
      while (found[part].state !== 'down') {
        await sleep(50)
        found = await connection.call('stack.health', {})
      }
      expect(found[part].detail).toMatch(words)
      expect(found[part].remedy).toMatch(/gatehouse restore|put its file back/)
      expect(await stages({ connection })).toEqual(['AwaitingApproval'])
    })
    expect(asItLies()).toEqual(before)
    mend()
    const host = await startHost(home)
    expect(await stages(host)).toEqual(['AwaitingApproval'])
    expect((await host.connection.call('runs.experiment', { workflowId: await onlyRun(host) })).rows).toBe(1)
    await host.stop()
  },
)

it('a dataset that is cut off: a run of it fails and names it, and nothing is made of what is left', async () => {
  restore()
  const inInbox = moveAway(join(home.inbox, 'good_model.csv'))
  const dataset = storedAs('length,weight')
  cut(dataset)
  const host = await startHost(home)
  try {
    await host.connection.call('runs.again', {
      workflowId: await onlyRun(host),
      reason: 'The disk is sound again.',
      requestId: crypto.randomUUID(),
    })
    let run = await newest(host)
    while (run.stage !== 'Failed') {
      await sleep(50)
      run = await newest(host)
    }
    expect(run.problem).toContain(`(${dataset}) is damaged: its bytes are no longer those that were stored.`)
  } finally {
    await host.stop()
    inInbox()
  }
})

it('an emptied ledger: the host ends, says so, and starts nothing twice', async () => {
  restore()
  writeFileSync(home.ledger, '')
  const env = { ...process.env, GATEHOUSE_HOME: home.root }
  const failed = await promisify(execFile)(process.execPath, [cli, 'serve', '--json'], { env }).catch((error) => error)
  expect(failed.code).toBe(1)
  expect(failed.stdout).toMatch(/empty or gone, although files were accepted here before/)
  expect(readFileSync(home.ledger, 'utf8')).toBe('')
  restore()
  const host = await startHost(home)
  expect(await stages(host)).toEqual(['AwaitingApproval'])
  await host.stop()
})

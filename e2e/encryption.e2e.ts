/**
 * A search for secrets over everything on disk, after encrypted runs with failures on the stack as users start it; and
 * with encryption off the same search finds them, so that it is known to see.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Stage } from '../src/contract/model.ts'
import { silentLog } from '../src/main/backend/log.ts'
import { openSecrets } from '../src/main/backend/secrets/openSecrets.ts'
import { defaultRetries } from '../src/temporal/retries.ts'
import { type Host, newHome, removeHome, sampleCsv, startHost } from './support/host.ts'
import { findIn, needleOf, numberForms, scan } from './support/scan.ts'

const root = resolve(import.meta.dirname, '..')
/** The host's temporary files come here too, so that they are looked at. */
const temporary = mkdtempSync(join(tmpdir(), 'gatehouse-scan-'))
const usualTemporary = process.env.TMPDIR
let host: Host
let postgresFolder: string | null = null

/** A value of a file that a failure message quotes; the file itself is the operator's and lies in the inbox and the store. */
const failureMark = 'marked-failure-7c19f2'
const proprietary = [
  needleOf('learning rate', '"secret_learning_rate_multiplier":1.337'),
  needleOf('regularization', '"custom_regularization_alpha":0.00042'),
  needleOf('dropout schedule', 'exponential_secret'),
  needleOf('architecture', 'CompanyXL_v2.1'),
  numberForms('learning rate', 1.337),
  numberForms('regularization', 0.00042),
]
const failure = [needleOf('failure message', failureMark)]

const folders = () => [temporary, ...(postgresFolder ? [postgresFolder] : [])]
const isDataset = (path: string) => path.startsWith(host.home.store) || path.startsWith(host.home.inbox)
const isTemporals = (path: string) => path.startsWith(join(host.home.root, 'temporal'))
/** Of the proprietary configuration everywhere; of the failure message everywhere but in the file that it quotes. */
const findings = () => [...scan(folders(), proprietary), ...scan(folders(), failure, isDataset)]

beforeAll(async () => {
  process.env.TMPDIR = temporary
  const home = await newHome({
    demoTrainer: { minSeconds: 1, maxSeconds: 1 },
    settleSeconds: 0.3,
    operator: 'ada',
    retries: { ...defaultRetries, train_model: { ...defaultRetries.train_model, initialIntervalSeconds: 1 } },
  })
  host = await startHost(home)
  const { postgres } = await host.connection.call('stack.health', {})
  // As root it cannot lie in the data folder, and says where it is.
  postgresFolder = /the database is in (\S+)\. /.exec(`${postgres.detail} ${postgres.summary}`)?.[1] ?? null
})
afterAll(async () => {
  await host?.stop().catch(() => undefined)
  if (host) await removeHome(host.home)
  if (usualTemporary === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = usualTemporary
  rmSync(temporary, { recursive: true, force: true, maxRetries: 5 })
})

const folder = () => {
  const made = join(temporary, 'handed-in')
  mkdirSync(made, { recursive: true })
  return made
}
async function submit(fileName: string, text: string): Promise<string> {
  // Below the inbox, where files are the operator's own.
  const path = join(folder(), fileName)
  writeFileSync(path, text)
  const { entries } = await host.connection.call('intake.submit', { paths: [path], origin: 'cli' })
  rmSync(path)
  return entries[0]?.workflowId as string
}
const stageOf = async (workflowId: string) => (await host.connection.call('runs.get', { workflowId })).stage
async function reaches(workflowId: string, stage: Stage) {
  await expect.poll(() => stageOf(workflowId), { timeout: 60_000, interval: 200 }).toBe(stage)
}
const decide = (workflowId: string) =>
  host.connection.call('runs.decide', { workflowId, decisionId: crypto.randomUUID(), decision: 'approve', reason: 'looks good' })

/** A run to production whose training fails once on the way, and one that fails for good with a message that quotes its file. */
async function runsWithFailures(seed: number) {
  await host.connection.call('drills.set', {
    requestId: randomUUID(),
    name: 'training-fails',
    to: { scope: { kind: 'next' }, count: 1 },
  })
  const good = await submit(`good_scanned_${seed}.csv`, sampleCsv(seed, 60))
  await reaches(good, 'AwaitingApproval')
  expect((await host.connection.call('runs.get', { workflowId: good })).steps[1]?.attempts).toHaveLength(2)
  const { keys } = await host.connection.call('keys.get', {})
  await host.connection.call('keys.rotate', { from: keys.find((key) => key.state === 'sealing')?.id as string })
  await decide(good)
  await reaches(good, 'Completed')
  // One that no name leads to the demo trainer: it is really trained, and what the gate says of it is no matter here.
  const trained = await submit(`scanned_trained_${seed}.csv`, sampleCsv(seed + 100, 60))
  await expect
    .poll(async () => ['AwaitingApproval', 'Completed', 'GateFailed'].includes(await stageOf(trained)), {
      timeout: 90_000,
      interval: 200,
    })
    .toBe(true)
  const rows = Array.from({ length: 60 }, (_, i) => `${i + seed},${failureMark}`)
  const bad = await submit(`scanned_failing_${seed}.csv`, `length,label\n${rows.join('\n')}\n`)
  await reaches(bad, 'Failed')
  const detail = await host.connection.call('runs.get', { workflowId: bad })
  expect(detail.problem).toContain(failureMark)
  return { good, bad }
}

/** Every row of every table as text, which no compression of the data files hides. */
async function postgresDump(): Promise<Buffer> {
  const secrets = await openSecrets({ home: host.home, log: silentLog })
  const password = await secrets.get('postgres-password')
  const { postgres } = await host.connection.call('stack.health', {})
  const [address = '', port = ''] = (postgres.address ?? '').split(':')
  const client = new pg.Client({
    host: address,
    port: Number(port),
    user: 'gatehouse',
    database: 'gatehouse',
    password: password ?? '',
  })
  await client.connect()
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    )
    let dump = ''
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`)
      dump += rows.map(({ row }) => row).join('\n')
    }
    expect(dump).toContain('scanned_')
    return Buffer.from(dump)
  } finally {
    await client.end()
  }
}

it('the search sees a value in whatever form it lies', () => {
  const [needle] = [needleOf('secret', 'exponential_secret')]
  const text = 'x"exponential_secret"y'
  const utf16 = Buffer.from(text, 'utf16le')
  for (const before of ['', 'a', 'ab', 'abc'])
    expect(findIn(Buffer.from(Buffer.from(before + text).toString('base64')), [needle]), before).not.toEqual([])
  for (const content of [Buffer.from(text), utf16, Buffer.from(utf16).swap16(), Buffer.from(Buffer.from(text).toString('hex'))])
    expect(findIn(content, [needle])).not.toEqual([])
  expect(findIn(Buffer.from('exponential secret'), [needle])).toEqual([])
})

it('a first start is encrypted, and nothing of its runs lies in clear anywhere, while it works and after it has ended', async () => {
  expect((await host.connection.call('keys.get', {})).encrypting).toBe(true)
  const { good } = await runsWithFailures(1)
  const detail = await host.connection.call('runs.get', { workflowId: good })
  expect(detail.encryption).toMatchObject({ state: 'encrypted' })
  expect(detail.encryption?.keyIds).toHaveLength(2)
  // The operator reads it all the same.
  const { results } = await host.connection.call('runs.payloads', { workflowId: good, step: 'train_model' })
  expect(results[0]?.json).toContain('exponential_secret')

  expect(findings()).toEqual([])
  expect(findIn(await postgresDump(), [...proprietary, ...failure])).toEqual([])
  const { home } = host
  await host.stop()
  expect(findings()).toEqual([])

  // A crash in the middle of a training leaves no dump that holds it: reports are off, and a core would lie in one of these.
  host = await startHost(home)
  const before = readdirSync(root)
  const crashing = await submit('good_scanned_crash.csv', sampleCsv(2, 60))
  await reaches(crashing, 'Training')
  await sleep(300)
  host.process.kill('SIGABRT')
  await new Promise((done) => host.process.once('exit', done))
  host.connection.close()
  expect(readdirSync(root).filter((name) => !before.includes(name))).toEqual([])
  expect(findings()).toEqual([])
  host = await startHost(home)
  await reaches(crashing, 'AwaitingApproval')
  expect(findings()).toEqual([])
})

it('with encryption off the same search finds all of it in Temporal’s database, and nowhere else; both kinds of run stay readable', async () => {
  await host.connection.call('keys.setEncrypting', { on: false })
  const { good } = await runsWithFailures(3)
  expect((await host.connection.call('runs.get', { workflowId: good })).encryption?.state).toBe('plain')
  const { runs } = await host.connection.call('runs.list', { text: 'good_scanned_1' })
  const { results } = await host.connection.call('runs.payloads', {
    workflowId: runs[0]?.workflowId as string,
    step: 'train_model',
  })
  expect(results[0]).toMatchObject({ encoding: 'binary/encrypted', json: expect.stringContaining('exponential_secret') })

  const inTemporal = scan([join(host.home.root, 'temporal')], [...proprietary, ...failure]).join('\n')
  for (const name of ['learning rate', 'regularization', 'dropout schedule', 'architecture', 'failure message'])
    expect(inTemporal).toContain(`${name} in`)
  const elsewhere = [
    ...scan(folders(), proprietary, isTemporals),
    ...scan(folders(), failure, (path) => isTemporals(path) || isDataset(path)),
  ]
  expect(elsewhere).toEqual([])
})

/** A host meets files that are damaged: it comes up and says so, or ends and says so; it loses nothing and does nothing twice. */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Home } from '../src/main/backend/home.ts'
import { type Host, newHome, removeHome, sampleCsv, startHost } from './support/host.ts'

const cli = resolve(import.meta.dirname, '..', 'out', 'main', 'cli.cjs')
let home: Home
/** Files beside the servers' data, as the good run left them. */
let sound: string

const stages = async (host: Host) => (await host.connection.call('runs.list', { limit: 10 })).runs.map(({ stage }) => stage)

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

const kept = () => [home.config, home.ledger, home.lock, join(home.postgres, 'place.json')]
function restore(): void {
  for (const file of kept()) {
    rmSync(file, { recursive: true, force: true })
    if (existsSync(join(sound, basename(file)))) cpSync(join(sound, basename(file)), file, { recursive: true })
  }
}
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

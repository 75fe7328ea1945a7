/**
 * A disk that is really full, under a real host and its servers: what is refused is refused in words and stays where it
 * is, nothing counts twice or half, and once there is room all goes on by itself.
 */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeRun } from '../src/contract/sentence.ts'
import { canMount, mountSmallDisk, type SmallDisk } from '../src/main/backend/disk/testing/smallDisk.ts'
import { type Home, homeAt } from '../src/main/backend/home.ts'
import { launchChromium } from './support/browsers.ts'
import { type Host, sampleCsv, startHost } from './support/host.ts'
import { takePictures } from './support/pictures.ts'

const cli = resolve(import.meta.dirname, '..', 'out', 'main', 'cli.cjs')
/** The servers need about 45 MB; below 100 MB the console warns. */
const diskBytes = 400 * 1024 ** 2
/** Files that are trained when the disk fills up. */
const underWay = ['good_1.csv', 'good_2.csv', 'good_3.csv']

describe.skipIf(!canMount)('a data folder on a disk that fills up', () => {
  let disk: SmallDisk
  let home: Home
  /** A folder on another disk, with an inbox and files that are dropped. */
  let elsewhere: string
  let otherInbox: string
  let host: Host
  let browser: Browser
  let page: Page
  let approved: string

  beforeAll(async () => {
    disk = mountSmallDisk(diskBytes, 0o755)
    elsewhere = mkdtempSync(join(tmpdir(), 'gatehouse-'))
    otherInbox = join(elsewhere, 'inbox')
    home = homeAt(disk.folder)
    for (const folder of [home.config, home.inbox, otherInbox]) mkdirSync(folder, { recursive: true })
    // Open to the user that Postgres runs as, so that its database is on this disk too.
    mkdirSync(home.postgres, { mode: 0o755 })
    chmodSync(home.postgres, 0o755)
    const settings = {
      operator: 'ada',
      demoTrainer: { minSeconds: 4, maxSeconds: 5 },
      settleSeconds: 0.2,
      inboxFolders: [home.inbox, otherInbox],
    }
    writeFileSync(join(home.config, 'settings.json'), JSON.stringify(settings))
    host = await startHost(home)
    browser = await launchChromium()
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    await page.goto(host.url)
  })
  afterAll(async () => {
    await browser?.close()
    disk?.clear()
    await host?.stop()
    disk?.remove()
    rmSync(elsewhere, { recursive: true, force: true })
  })

  const call: Host['connection']['call'] = (...args) => host.connection.call(...args)
  const runs = async () => (await call('runs.list', { limit: 100 })).runs
  const stageOf = async (name: string) => (await runs()).find(({ fileName }) => fileName === name)?.stage ?? 'none'
  const reach = async (stage: string, names: readonly string[]) => {
    for (;;) {
      const stages = await Promise.all(names.map(stageOf))
      if (stages.every((one) => one === stage)) return
      expect(stages).not.toContain('Failed')
      await sleep(100)
    }
  }
  const submit = async (path: string) => (await call('intake.submit', { paths: [path], origin: 'cli' })).entries
  const decide = (decisionId: string) =>
    call('runs.decide', { workflowId: approved, decision: 'approve', reason: 'Better on every check.', decisionId })
  const alert = () => page.getByRole('alert').filter({ hasText: 'disk of the data folder' })
  const decisionId = randomUUID()
  const late = () => join(elsewhere, 'good_late.csv')

  it('refuses in words what it cannot keep, and keeps nothing by half', async () => {
    writeFileSync(join(home.inbox, 'good_first.csv'), sampleCsv(11))
    await reach('AwaitingApproval', ['good_first.csv'])
    approved = (await runs())[0]?.workflowId as string
    expect(await alert().count()).toBe(0)
    for (const [n, name] of underWay.entries()) writeFileSync(join(home.inbox, name), sampleCsv(n))
    await reach('Training', underWay)
    const waits = new Set<string>()
    host.connection.subscribe('run.progress', ({ workflowId, progress }) => {
      if (progress.waitsForRoom) waits.add(workflowId)
    })
    const settingsBefore = readFileSync(join(home.config, 'settings.json'), 'utf8')
    const settings = await call('settings.get', {})
    disk.fillTo(0)

    // What is dropped stays where it is.
    writeFileSync(late(), sampleCsv(12))
    expect(await submit(late())).toMatchObject([
      { outcome: 'refused', code: 'diskFull', workflowId: null, message: expect.stringContaining('It stays where it is') },
    ])
    expect(existsSync(late())).toBe(true)
    expect(readdirSync(home.inbox).filter((name) => !name.startsWith('good_'))).toEqual([])
    expect(readdirSync(home.inbox)).not.toContain('good_late.csv')
    // So does what lies in an inbox on another disk, which is taken once there is room.
    writeFileSync(join(otherInbox, 'good_waiting.csv'), sampleCsv(13))
    await expect
      .poll(async () => (await call('stack.health', {})).inbox, { timeout: 30_000 })
      .toMatchObject({ state: 'down', summary: 'files wait', remedy: 'Free some space on the disk.' })

    const full = 'The disk of the data folder is full, so this could not be recorded and nothing was changed.'
    await expect(call('settings.set', { settings: { ...settings, operator: 'x'.repeat(120) } })).rejects.toThrow(full)
    expect(readFileSync(join(home.config, 'settings.json'), 'utf8')).toBe(settingsBefore)
    expect(await call('settings.get', {})).toEqual(settings)
    await expect(decide(decisionId)).rejects.toThrow(full)
    expect(await stageOf('good_first.csv')).toBe('AwaitingApproval')

    // The console says it, with what to do.
    await alert().waitFor()
    expect(await alert().textContent()).toMatch(/is full \(.* free\)\. .*Free some space on it/)
    expect(await call('stack.health', {})).toMatchObject({ disk: { state: 'down' } })
    await takePictures(page, 'disk-full')
    // Models are trained by now and cannot be kept: their steps wait, and have not failed.
    await expect.poll(() => waits.size, { timeout: 30_000 }).toBe(underWay.length)
    // The list says so without a step being opened, and so does the first line of the run.
    await page
      .getByRole('option', { name: /Training · the disk is full/ })
      .first()
      .waitFor()
    await expect
      .poll(async () => (await runs()).map((run) => describeRun(run, new Date())))
      .toContainEqual(expect.stringMatching(/^Training waits for room: the disk is full/))
    await takePictures(page, 'disk-full-runs')
    await reach('Training', underWay)
  })

  it('goes on by itself once there is room, also with servers that ended meanwhile', async () => {
    for (const server of ['temporal', 'postgres'] as const) {
      process.kill(JSON.parse(readFileSync(join(home[server], 'server.json'), 'utf8')).pid, 'SIGKILL')
    }
    // Neither comes back without room, and both say why.
    for (const server of ['temporal', 'postgres'] as const) {
      await expect
        .poll(
          async () => {
            disk.fillTo(0)
            return (await call('stack.health', {}))[server]
          },
          { timeout: 30_000 },
        )
        .toMatchObject({ state: 'down', detail: expect.stringContaining('the disk of the data folder is full') })
    }
    expect(host.process.exitCode).toBeNull()

    // With little room there is a warning, with enough there is none.
    disk.clear()
    disk.fillTo(80e6)
    await alert().filter({ hasText: 'Little room is left' }).waitFor()
    await takePictures(page, 'disk-little')
    disk.clear()
    const all = ['good_first.csv', 'good_waiting.csv', ...underWay]
    await reach('AwaitingApproval', all)
    await alert().waitFor({ state: 'detached' })
    expect(await call('stack.health', {})).toMatchObject({ disk: { state: 'up', remedy: '' } })

    // What was refused is possible again, under the same id too.
    const settings = await call('settings.get', {})
    await call('settings.set', { settings: { ...settings, operator: 'grace' } })
    expect(await submit(late())).toMatchObject([{ outcome: 'accepted' }])
    expect(await decide(decisionId)).toEqual({ state: 'delivered' })
    await reach('Completed', ['good_first.csv'])
    await reach('AwaitingApproval', ['good_late.csv'])

    // Each file is one run, each run is logged once, the decision was taken once.
    expect((await runs()).map(({ fileName }) => fileName).toSorted()).toEqual([...all, 'good_late.csv'].toSorted())
    for (const { workflowId } of await runs()) expect(await call('runs.experiment', { workflowId })).toMatchObject({ rows: 1 })
    const { entries } = await call('audit.list', { workflowId: approved })
    expect(entries.filter(({ name }) => name === 'runs.decide').map(({ event }) => event)).toEqual(['done', 'refused'])
    expect((await call('runs.get', { workflowId: approved })).decision).toMatchObject({ decision: 'approve', operator: 'grace' })
  })

  it('does not start on a full disk, says so in a sentence, and starts with the same runs once there is room', async () => {
    const before = await runs()
    await host.stop()
    disk.fillTo(0)
    const env = { ...process.env, GATEHOUSE_HOME: home.root }
    const failed = await promisify(execFile)(process.execPath, [cli, 'serve', '--json'], { env }).catch((error) => error)
    expect(failed.code).toBe(1)
    expect(failed.stdout).toMatch(/The disk of the data folder .* is full, .* Free some space and start again/)
    disk.clear()
    host = await startHost(home)
    const stages = (list: typeof before) => list.map(({ workflowId, stage }) => `${workflowId} ${stage}`).toSorted()
    await expect.poll(async () => stages(await runs()), { timeout: 30_000 }).toEqual(stages(before))
  })
})

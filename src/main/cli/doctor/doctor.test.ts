import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KeysState } from '../../../contract/keys.ts'
import { type Home, homeAt, makeHome } from '../../backend/home.ts'
import { writeControl } from '../../control/controlFile.ts'
import { acquireLock } from '../../control/lock.ts'
import { findAppRoot, sourcePaths } from '../../paths.ts'
import { fakeKeys } from '../../testing/fakeBackend.ts'
import type { Check } from './check.ts'
import { checkKeys, examineHost } from './host.ts'
import {
  checkConfig,
  checkDataFolder,
  checkInboxes,
  checkKeychain,
  checkNode,
  checkPostgres,
  checkTemporalCli,
} from './machine.ts'
import { checkPorts, portHolder } from './ports.ts'

const paths = sourcePaths(findAppRoot(import.meta.dirname))
let folder: string
let home: Home
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'))
  home = homeAt(join(folder, 'home'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Every file below a folder with its content, to see that nothing changed. */
const everything = (root: string) =>
  existsSync(root)
    ? readdirSync(root, { recursive: true, withFileTypes: true })
        .map(
          (e) => `${e.parentPath}/${e.name}${e.isFile() ? `:${readFileSync(join(e.parentPath, e.name)).toString('hex')}` : ''}`,
        )
        .sort()
    : null

describe('a data folder', () => {
  it('that is not there yet is fine, and is not made', async () => {
    expect(await checkDataFolder(home)).toMatchObject({
      state: 'ok',
      detail: expect.stringContaining('is made at the first start'),
    })
    expect(await checkInboxes(home)).toMatchObject({ state: 'ok' })
    expect(await checkConfig(home)).toMatchObject({ state: 'ok' })
    expect((await examineHost(home, '1.0.0')).check).toMatchObject({ state: 'note', detail: 'none runs' })
    expect(existsSync(home.root)).toBe(false)
  })

  it('that is a file blocks', async () => {
    writeFileSync(home.root, '')
    expect(await checkDataFolder(home)).toMatchObject({ state: 'blocks', detail: expect.stringContaining('is not a folder') })
  })

  it('is left as it is by every check', async () => {
    makeHome(home)
    writeFileSync(join(home.config, 'profiles.json'), 'broken')
    writeFileSync(home.lock, '')
    const before = everything(home.root)
    for (const check of [checkDataFolder, checkInboxes, checkConfig]) await check(home)
    await checkKeychain(paths, home)
    await examineHost(home, '1.0.0')
    expect(everything(home.root)).toEqual(before)
  })

  it('that was made and never started has no inbox yet, which blocks nothing', async () => {
    const made = homeAt(mkdtempSync(join(tmpdir(), 'gatehouse-made-')))
    try {
      expect(await checkInboxes(made)).toMatchObject({ state: 'ok' })
    } finally {
      rmSync(made.root, { recursive: true })
    }
  })

  it('with an inbox that is gone blocks and names it', async () => {
    makeHome(home)
    const gone = join(folder, 'gone')
    writeFileSync(join(home.config, 'settings.json'), JSON.stringify({ inboxFolders: [home.inbox, gone] }))
    expect(await checkInboxes(home)).toMatchObject({ state: 'blocks', detail: `cannot be read: ${gone} (ENOENT)` })
    mkdirSync(gone)
    expect(await checkInboxes(home)).toMatchObject({ state: 'ok' })
  })

  it('with broken settings or a broken failure file works without them; a broken profiles file blocks', async () => {
    makeHome(home)
    writeFileSync(join(home.config, 'settings.json'), '{')
    expect(await checkConfig(home)).toMatchObject({ state: 'note', detail: expect.stringContaining('settings.json (not JSON)') })
    writeFileSync(join(home.config, 'failure_simulation.json'), '{"simulate_failure": tr')
    expect(await checkConfig(home)).toMatchObject({ state: 'note', detail: expect.stringContaining('failure_simulation.json') })
    writeFileSync(join(home.config, 'profiles.json'), '{')
    expect(await checkConfig(home)).toMatchObject({ state: 'blocks', detail: expect.stringContaining('profiles.json') })
  })
})

describe('a host', () => {
  const left = {
    pid: 1,
    startedAt: '2026-01-02T03:04:05.000Z',
    url: 'http://127.0.0.1:9',
    token: 't',
    shell: 'web',
    ready: true,
  } as const

  it('that crashed is told from one that never ran', async () => {
    makeHome(home)
    writeControl(home, left)
    expect((await examineHost(home, '1.0.0')).check).toMatchObject({
      state: 'note',
      detail: expect.stringContaining(left.startedAt),
    })
  })

  it('that holds the folder and does not answer blocks', async () => {
    makeHome(home)
    writeControl(home, left)
    const lock = acquireLock(home)
    try {
      expect((await examineHost(home, '1.0.0')).check).toMatchObject({
        state: 'blocks',
        detail: expect.stringContaining('process 1'),
      })
    } finally {
      lock?.release()
    }
    // And the look itself has not taken the lock.
    const again = acquireLock(home)
    expect(again).not.toBeNull()
    again?.release()
  })
})

describe('encryption', () => {
  it.each<[string, Partial<KeysState>, Partial<Check>]>([
    ['that works is fine', {}, { state: 'ok', detail: 'on, key k-7f3a91c2 (keychain)' }],
    ['that is off works all the same', { encrypting: false }, { state: 'note', remedy: expect.stringContaining('keys on') }],
    [
      'with keys in a bare file is worth a word',
      { warning: 'In a file.' },
      { state: 'note', detail: expect.stringContaining('In a file.') },
    ],
    [
      'without its keys blocks',
      { problem: 'Locked.', remedy: 'Unlock.' },
      { state: 'blocks', detail: 'Locked.', remedy: 'Unlock.' },
    ],
  ])('%s', (_, state, check) => expect(checkKeys({ ...fakeKeys, ...state })).toMatchObject(check))
})

describe('the machine', () => {
  it.each([
    ['24.0.0', 'ok'],
    ['25.1.0', 'ok'],
    ['20.19.0', 'blocks'],
  ])('Node %s: %s', (version, state) => {
    expect(checkNode(version).state).toBe(state)
  })

  it('has the Postgres that npm brought', async () => {
    expect(await checkPostgres(paths)).toMatchObject({ state: 'ok', detail: expect.stringContaining('PostgreSQL') })
    expect(await checkPostgres({ ...paths, root: folder })).toMatchObject({ state: 'blocks' })
  })

  it.runIf(process.platform !== 'win32')('takes the Temporal CLI where the app would', async () => {
    const fake = (name: string, says: string) => {
      const path = join(folder, name, 'temporal')
      mkdirSync(join(folder, name))
      writeFileSync(path, `#!/bin/sh\necho "${says}"\n`, { mode: 0o755 })
      return path
    }
    const good = fake('good', 'temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)')
    const old = fake('old', 'temporal version 1.0.0 (Server 1.20.0, UI 2.0.0)')
    expect(await checkTemporalCli(paths, { GATEHOUSE_TEMPORAL_CLI: good })).toMatchObject({
      state: 'ok',
      detail: expect.stringContaining(good),
    })
    // One that is too old is passed over, as the app does.
    expect(await checkTemporalCli(paths, { GATEHOUSE_TEMPORAL_CLI: old, PATH: join(folder, 'good') })).toMatchObject({
      state: 'ok',
      detail: expect.stringContaining('(PATH)'),
    })
  })

  it('says where a data folder keeps its secrets when there is no keychain', async () => {
    makeHome(home)
    writeFileSync(join(home.config, 'secret-store.json'), JSON.stringify({ id: '0123456789abcdef', store: 'file' }))
    expect(await checkKeychain(paths, home)).toMatchObject({ state: 'note', detail: expect.stringContaining('secrets.json') })
  })
})

describe('ports', () => {
  it('tells free ones, its own and those of others', async () => {
    const server = createServer()
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const { port } = server.address() as AddressInfo
    const usual = [{ port, use: 'dev endpoint' }]
    expect(await checkPorts([], usual)).toMatchObject([{ state: 'note', detail: expect.stringContaining('held by') }])
    expect(await checkPorts([`http://127.0.0.1:${port}`], usual)).toMatchObject([{ state: 'ok' }])
    await new Promise((closed) => server.close(closed))
    expect(await checkPorts([], usual)).toMatchObject([{ state: 'ok', detail: 'free (dev endpoint)' }])
  })

  it.runIf(process.platform === 'linux')('names the process that holds a port', async () => {
    const script = `require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const port = await new Promise<number>((told) => child.stdout.once('data', (text) => told(Number(text))))
      expect(await portHolder(port)).toMatch(new RegExp(`^node \\(process ${child.pid}\\)$`))
    } finally {
      child.kill('SIGKILL')
    }
  })
})

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import type { StackHealth } from '../../contract/model.ts'
import type { ConnectionStatus } from '../../contract/wire.ts'
import { homeAt } from '../backend/home.ts'
import { silentLog } from '../backend/log.ts'
import { findAppRoot, sourcePaths } from '../paths.ts'
import { createFakeBackend, type FakeBackend, fakeHealth } from '../testing/fakeBackend.ts'
import { connectToHost, NoHostError } from './connectToHost.ts'
import { newToken, readControl, writeControl } from './controlFile.ts'
import { createHostLink } from './hostLink.ts'
import { joinHost } from './joinHost.ts'
import { acquireLock } from './lock.ts'
import { startHost } from './startHost.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanUps.splice(0).reverse()) await clean()
})

function newHome() {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-control-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  return homeAt(folder)
}

const paths = sourcePaths(findAppRoot(import.meta.dirname))

async function startFakeHost(home = newHome(), ports: readonly number[] = [0]) {
  let backend: FakeBackend | undefined
  let stopped = () => {}
  const stop = new Promise<void>((resolve) => {
    stopped = resolve
  })
  let focused = 0
  const host = await startHost({
    home,
    paths,
    shell: 'electron',
    ports,
    createBackend: async ({ host: powers }) => (backend = createFakeBackend(powers)),
    focusWindow: () => void focused++,
    onStop: stopped,
    log: silentLog,
  })
  if (!host || !backend) throw new Error('no host')
  cleanUps.push(() => host.close())
  return { home, host, backend, stop, focused: () => focused }
}

/** Holds the lock in another process until it is killed. */
async function lockElsewhere(root: string): Promise<ChildProcess> {
  const script = `
    const { acquireLock } = await import(${JSON.stringify(new URL('./lock.ts', import.meta.url).href)})
    const { homeAt } = await import(${JSON.stringify(new URL('../backend/home.ts', import.meta.url).href)})
    globalThis.lock = acquireLock(homeAt(${JSON.stringify(root)}))
    console.log(globalThis.lock ? 'locked' : 'taken')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  cleanUps.push(() => child.kill('SIGKILL'))
  const said = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data).trim())))
  expect(said).toBe('locked')
  return child
}
const exited = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve))

describe('the lock of a data folder', () => {
  it('is had once, and again after it was given back', () => {
    const home = newHome()
    const lock = acquireLock(home)
    expect(lock).not.toBeNull()
    expect(acquireLock(home)).toBeNull()
    lock?.release()
    const again = acquireLock(home)
    expect(again).not.toBeNull()
    again?.release()
  })

  it('is held against another process, and dropped when that is killed', async () => {
    const home = newHome()
    const holder = await lockElsewhere(home.root)
    expect(acquireLock(home)).toBeNull()
    const gone = exited(holder)
    holder.kill('SIGKILL')
    await gone
    const lock = acquireLock(home)
    expect(lock).not.toBeNull()
    lock?.release()
  })

  it('keeps two data folders apart', () => {
    const locks = [acquireLock(newHome()), acquireLock(newHome())]
    expect(locks).not.toContain(null)
    for (const lock of locks) lock?.release()
  })
})

describe('the control file', () => {
  it('is readable by its user alone, also where a wider one was left', () => {
    const home = newHome()
    writeFileSync(home.control, '{}', { mode: 0o644 })
    writeControl(home, {
      pid: 1,
      startedAt: '2026-01-01T00:00:00.000Z',
      url: 'http://127.0.0.1:1',
      token: newToken(),
      shell: 'web',
      ready: false,
    })
    expect(statSync(home.control).mode & 0o777).toBe(0o600)
    expect(readControl(home)).toMatchObject({ pid: 1, ready: false })
  })

  it.each(['', '{', '{}', '[]', '{"pid":"1"}'])('reads as none when it holds %s', (text) => {
    const home = newHome()
    writeFileSync(home.control, text)
    expect(readControl(home)).toBeNull()
  })
})

describe('a host', () => {
  it('is found by its data folder and answers calls and events', async () => {
    const { home, backend, host, focused, stop } = await startFakeHost()
    expect(await host.ready).toEqual(fakeHealth)
    expect(readControl(home)).toMatchObject({ pid: process.pid, url: host.server.origin, shell: 'electron', ready: true })
    const connection = await connectToHost(home)
    cleanUps.push(() => connection.close())
    expect(await connection.call('stack.health', {})).toEqual(fakeHealth)
    await expect(connection.call('runs.get', { workflowId: 'nobody' })).rejects.toMatchObject({ error: { kind: 'notFound' } })
    const heard = new Promise<StackHealth>((resolve) => connection.subscribe('stack.changed', ({ health }) => resolve(health)))
    backend.emit('stack.changed', { health: fakeHealth })
    expect(await heard).toEqual(fakeHealth)
    expect(await connection.call('host.focus', {})).toEqual({ url: null })
    expect(focused()).toBe(1)
    await connection.call('host.stop', {})
    await stop
  })

  it('gives everything back when it ends, and tells those who are connected', async () => {
    const { home, host, backend } = await startFakeHost()
    const connection = await connectToHost(home)
    const lost = new Promise<void>((resolve) => connection.onStatus((status) => status === 'lost' && resolve()))
    await host.close()
    await lost
    expect(backend.closed).toBe(true)
    expect(readControl(home)).toBeNull()
    await expect(connection.call('app.info', {})).rejects.toMatchObject({ error: { kind: 'unavailable' } })
    await expect(connectToHost(home)).rejects.toThrow(NoHostError)
    const next = await startFakeHost(home)
    expect(next.host.server.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  it('is not started twice on one folder', async () => {
    const { home } = await startFakeHost()
    const second = await startHost({
      home,
      paths,
      shell: 'electron',
      ports: [0],
      createBackend: () => Promise.reject(new Error('must not be asked for')),
      onStop: () => {},
      log: silentLog,
    })
    expect(second).toBeNull()
    const first = await joinHost(home, () => false)
    expect(first?.host.pid).toBe(process.pid)
    first?.close()
  })

  it('gives the folder back when its backend cannot start', async () => {
    const home = newHome()
    const options = { home, paths, shell: 'electron', ports: [0], onStop: () => {}, log: silentLog } as const
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
    await expect(startHost({ ...options, createBackend: () => Promise.reject(full) })).rejects.toThrow('Free some space')
    await expect(startHost({ ...options, createBackend: () => Promise.reject(new Error('ledger broken')) })).rejects.toThrow(
      'ledger broken',
    )
    const lock = acquireLock(home)
    expect(lock).not.toBeNull()
    lock?.release()
  })

  it('that crashed is told apart from one that runs', async () => {
    const home = newHome()
    const other = await startFakeHost()
    // The file of a crashed host whose port went to another one.
    writeControl(home, {
      pid: 1,
      startedAt: '2026-01-01T00:00:00.000Z',
      url: other.host.server.origin,
      token: newToken(),
      shell: 'web',
      ready: true,
    })
    await expect(connectToHost(home)).rejects.toThrow(/is gone\. Nothing that it accepted is lost/)
  })
})

describe('a link to a host', () => {
  it('looks at once after a sleep: tries anew when it waits, and gives up a socket that answers no more', async () => {
    // Takes every link, and answers none of its pings.
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, autoPong: false })
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    let tries = 0
    const link = createHostLink({
      origin: `http://127.0.0.1:${port}`,
      credentials: async () => ({ Try: String(++tries) }),
      reconnect: true,
    })
    cleanUps.push(() => link.close())
    const until = (wanted: ConnectionStatus) =>
      new Promise<void>((resolve) => {
        const stop = link.onStatus((status) => {
          if (status !== wanted) return
          resolve()
          queueMicrotask(() => stop())
        })
      })
    await until('open')
    link.check()
    await until('lost')
    await until('open')
    for (const client of server.clients) client.terminate()
    await new Promise((resolve) => server.close(resolve))
    await until('lost')
    const before = tries
    link.check()
    expect(tries).toBe(before + 1)
  })

  it('comes back by itself when the host does, with what the new host gives out', async () => {
    const first = await startFakeHost()
    const { origin } = first.host.server
    const link = createHostLink({
      origin,
      credentials: async () => ({ Authorization: `Bearer ${readControl(first.home)?.token}` }),
      reconnect: true,
    })
    cleanUps.push(() => link.close())
    const until = (wanted: ConnectionStatus) =>
      new Promise<void>((resolve) => {
        const stop = link.onStatus((status) => {
          if (status === wanted) {
            resolve()
            queueMicrotask(() => stop())
          }
        })
      })
    await until('open')
    const pending = link.send('runs.again', { workflowId: 'x', reason: 'once more', requestId: crypto.randomUUID() })
    expect(await pending).toMatchObject({ ok: false, error: { kind: 'unavailable', part: 'temporal' } })
    await first.host.close()
    await until('lost')
    expect(await link.send('app.info', {})).toMatchObject({ ok: false, error: { kind: 'unavailable', part: 'host' } })
    await startFakeHost(first.home, [Number(new URL(origin).port)])
    await until('open')
    expect(await link.send('app.info', {})).toMatchObject({ ok: true })
  })

  it('says refused when it has nothing that lets it in', async () => {
    const { host } = await startFakeHost()
    const link = createHostLink({ origin: host.server.origin, credentials: async () => null, reconnect: false })
    cleanUps.push(() => link.close())
    await new Promise<void>((resolve) => link.onStatus((status) => status === 'refused' && resolve()))
  })
})

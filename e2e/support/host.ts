/** A real host in a process of its own, as `gatehouse serve` starts it, on a data folder that is thrown away. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Settings } from '../../src/contract/model.ts'
import { type Home, homeAt } from '../../src/main/backend/home.ts'
import { connectToHost, type HostConnection } from '../../src/main/control/connectToHost.ts'

const root = resolve(import.meta.dirname, '..', '..')

export interface Host {
  home: Home
  process: ChildProcess
  connection: HostConnection
  url: string
  /** Milliseconds from the start of the process to "every part is up". */
  readyMs: number
  /** An orderly end. @throws when it was not one */
  stop(): Promise<void>
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
}

const made: Home[] = []

/** A fresh data folder with the given settings on top of the defaults. */
export async function newHome(settings: Partial<Settings> = {}): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-'))
  const home = homeAt(folder)
  made.push(home)
  mkdirSync(home.config, { recursive: true })
  writeFileSync(join(home.config, 'settings.json'), JSON.stringify(settings))
  return home
}

export const removeHome = (home: Home) => rm(home.root, { recursive: true, force: true, maxRetries: 5 })

/** Removes what `newHome` has made in this process and nobody has removed yet. */
export const removeHomes = () => Promise.all(made.splice(0).map(removeHome))

/** Starts the built host on a data folder and waits until all of its parts are up. */
export const startHost = (home: Home): Promise<Host> => launchHost(home).ready

/**
 * The same, for whoever wants to kill it before it is ready. `ready` rejects when the process ends before.
 * @param variables of its environment, beside what this process has
 */
export function launchHost(home: Home, variables: Record<string, string> = {}): { kill(): Promise<void>; ready: Promise<Host> } {
  const readyWithinMs = 120_000
  const began = performance.now()
  const child = spawn(process.execPath, [join(root, 'out', 'main', 'cli.cjs'), 'serve', '--json'], {
    cwd: root,
    env: { ...process.env, ...variables, GATEHOUSE_HOME: home.root },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-4_000)
  })
  const exited = new Promise<void>((done) => child.once('exit', () => done()))
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await exited
  }
  const said = new Promise<string>((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`not ready after ${readyWithinMs} ms\n${errors}`)), readyWithinMs)
    child.once('exit', (code) => fail(new Error(`the host ended with ${code}\n${errors}`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) return
      const { ready, url } = JSON.parse(line)
      if (ready !== true) return
      clearTimeout(timer)
      done(url)
    })
  })
  const ready = said.then(async (url): Promise<Host> => {
    const readyMs = performance.now() - began
    const connection = await connectToHost(home)
    const endBy = (signal: NodeJS.Signals) => {
      connection.close()
      return end(signal)
    }
    const stop = async () => {
      await endBy('SIGTERM')
      if (child.exitCode !== 0) throw new Error(`the host ended with ${child.exitCode ?? child.signalCode}\n${errors}`)
    }
    return { home, process: child, connection, url, readyMs, stop, kill: () => endBy('SIGKILL') }
  })
  return { ready, kill: () => end('SIGKILL') }
}

/** Resident memory of a process in bytes (Linux). */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1024
}

/** A small CSV with its own content, so that each file is a dataset of its own. @returns its text */
export function sampleCsv(seed: number, rows = 40): string {
  const lines = ['length,weight,rings']
  for (let i = 0; i < rows; i++) lines.push(`${((i * 7 + seed) % 97) / 100},${((i * 13 + seed) % 89) / 50},${(i + seed) % 23}`)
  return `${lines.join('\n')}\n`
}

/**
 * One row a request over HTTP: the rate and the latency of the prod endpoint, alone and while models are switched under it,
 * beside the same model behind FastAPI. The endpoint's process is bound to one core, the load comes from another process.
 */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { pythonPeer } from '../scripts/pythonPeer.ts'
import { xgboostPackages } from '../scripts/xgboostPeer.ts'
import { trainModel } from '../src/main/backend/serving/testing/trainedModel.ts'
import { findAppRoot } from '../src/main/paths.ts'
import type { Row } from './table.ts'

const root = findAppRoot(import.meta.dirname)
const wantedPerSecond = 5_000
const wantedP99Ms = 5
const connections = 10
/** Until V8 has compiled what a request goes through. */
const warmUpSeconds = 5
const peerPort = 22_190
const peerPackages = ['fastapi==0.165.0', 'uvicorn==0.54.0']

/** As autocannon prints it with --json; latencies in milliseconds. */
interface Load {
  requests: { average: number; total: number }
  latency: { p50: number; p99: number; max: number }
  errors: number
  timeouts: number
  non2xx: number
}

export async function run(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-serve-'))
  const models = [1, 2].map((seed) => trainModel({ seed, rounds: 150, features: 8 }))
  const files = models.map(({ text }, index) => {
    const file = join(folder, `model-${index}.json`)
    writeFileSync(file, text)
    return file
  })
  const body = JSON.stringify({ rows: [models[0]?.rows[0]] })
  try {
    return [...(await measureEndpoint(folder, files, body)), ...(await measurePeer(files[0] as string, body))]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

let fastest = 0

async function measureEndpoint(folder: string, files: string[], body: string): Promise<Row[]> {
  const script = join(root, 'bench', 'serve', 'endpoint.ts')
  const endpoint = spawnOnOneCore(process.execPath, [script, folder, ...files])
  const lines = createInterface(endpoint.stdout)[Symbol.asyncIterator]()
  const line = async () => JSON.parse((await lines.next()).value as string) as { address: string; switchedMs: number }
  try {
    const url = `${(await line()).address}/predict`
    await load(url, body, warmUpSeconds)
    const alone = await load(url, body, 15)
    fastest = alone.requests.average

    const switches: number[] = []
    let stop = false
    const switching = (async () => {
      while (!stop) {
        endpoint.stdin.write('\n')
        switches.push((await line()).switchedMs)
        await wait(250)
      }
    })()
    const switched = await load(url, body, 15)
    stop = true
    await switching
    return [
      {
        what: `one row a request, ${connections} connections, on one core`,
        measured: `${perSecond(alone)}; ${failures(alone)} of ${total(alone)} failed`,
        toReach: `${wantedPerSecond.toLocaleString('en')}/s`,
        reached: alone.requests.average >= wantedPerSecond && failures(alone) === 0,
      },
      {
        what: 'the same: latency, median, 99th percentile, longest',
        measured: latencies(alone),
        toReach: `p99 ${wantedP99Ms} ms`,
        reached: alone.latency.p99 < wantedP99Ms,
      },
      {
        what: `the same during ${switches.length} switches between two models, half of them back: failed requests`,
        measured: `${failures(switched)} of ${total(switched)}`,
        toReach: '0',
        reached: failures(switched) === 0,
      },
      {
        what: 'the same: rate and latency; median and longest switch',
        measured: `${perSecond(switched)}, ${latencies(switched)}; ${median(switches)} ms, ${Math.round(Math.max(...switches))} ms`,
        toReach: '',
        reached: null,
      },
    ]
  } finally {
    await end(endpoint)
  }
}

async function measurePeer(file: string, body: string): Promise<Row[]> {
  const python = await pythonPeer([...xgboostPackages, ...peerPackages])
  const what = 'FastAPI with xgboost, the same model and core'
  if (python === null) return [{ what, measured: 'not measured: no Python or no package index', toReach: '', reached: null }]
  const peer = spawnOnOneCore(python, [join(root, 'bench', 'serve', 'peer.py'), file, String(peerPort)])
  const url = `http://127.0.0.1:${peerPort}/predict`
  try {
    await answers(url, body)
    await load(url, body, warmUpSeconds)
    const flatOut = await load(url, body, 10)
    const ratio = (fastest / flatOut.requests.average).toFixed(1)
    return [
      {
        what,
        measured: `${perSecond(flatOut)}, ${latencies(flatOut)}; ${failures(flatOut)} failed; the endpoint makes ${ratio} times as many`,
        toReach: '',
        reached: null,
      },
    ]
  } finally {
    await end(peer)
  }
}

/**
 * Loads the address from a process of its own for so many seconds, as fast as answers come. Not at a rate: autocannon sends
 * what a second may have in one burst at its beginning.
 */
async function load(url: string, body: string, seconds: number): Promise<Load> {
  const options = ['--json', '-c', connections, '-d', seconds]
  const request = ['-m', 'POST', '-H', 'Content-Type=application/json', '-b', body, url]
  const program = join(root, 'node_modules', 'autocannon', 'autocannon.js')
  const args = [program, ...options.map(String), ...request]
  const [command, all] = boundTo(1, process.execPath, args)
  const { stdout } = await promisify(execFile)(command, all, { maxBuffer: 64 * 1024 * 1024 })
  return JSON.parse(stdout) as Load
}

/** Where the system can, on a core of its own. */
function boundTo(core: number, command: string, args: string[]): [string, string[]] {
  const possible = process.platform === 'linux' && cpus().length > core
  return possible ? ['taskset', ['-c', String(core), command, ...args]] : [command, args]
}

function spawnOnOneCore(command: string, args: string[]): ChildProcessWithoutNullStreams {
  const child = spawn(...boundTo(0, command, args))
  child.stderr.pipe(process.stderr)
  return child
}

async function end(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null) return
  const exited = once(child, 'exit')
  child.kill()
  await exited
}

async function answers(url: string, body: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const answer = await fetch(url, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } }).catch(() => null)
    if (answer?.ok) return
    if (tries === 100) throw new Error(`${url} does not answer: ${answer === null ? 'no connection' : await answer.text()}`)
    await wait(200)
  }
}

const failures = ({ errors, timeouts, non2xx }: Load) => errors + timeouts + non2xx
const total = ({ requests }: Load) => requests.total.toLocaleString('en')
const perSecond = ({ requests }: Load) => `${Math.round(requests.average).toLocaleString('en')}/s`
const latencies = ({ latency }: Load) => `${latency.p50} ms, ${latency.p99} ms, ${Math.round(latency.max)} ms`
const median = (values: number[]) => Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0)

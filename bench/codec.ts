/**
 * What encryption costs: one value encoded and decoded by our codec, by bare node:crypto, in the way of the official
 * TypeScript sample, and by Python's Fernet, in turns in the same run; and a whole run on a real host, encrypted and plain.
 */
import { spawn } from 'node:child_process'
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes, webcrypto } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Payload, PayloadCodec } from '@temporalio/common'
import proto from '@temporalio/proto'
import { type Host, newHome, removeHome, sampleCsv, startHost } from '../e2e/support/host.ts'
import { pythonPeer } from '../scripts/pythonPeer.ts'
import { createEncryptionCodec } from '../src/temporal/codec/encryptionCodec.ts'
import { singleKey } from '../src/temporal/codec/singleKey.ts'
import type { Row } from './table.ts'

const { Payload: PayloadMessage } = proto.temporal.api.common.v1
/** Short ones, of which the quickest counts: it is the one that nothing else on the machine interrupted. */
const rounds = 60
const blocks = 12
const runsInBlock = 5

/** Microseconds for one value, there and back. */
type Measure = (count: number) => Promise<number>

export async function run(): Promise<Row[]> {
  const keyBytes = randomBytes(32)
  const key = createSecretKey(keyBytes)
  const codec = createEncryptionCodec({ keys: singleKey({ id: 'k-1', key }), namespace: 'default' })
  const sample = await sampleCodec(keyBytes)
  const fernet = await startFernet()
  const rows: Row[] = []
  try {
    const kilobyte = { bytes: 1024, count: 200 }
    const large = { bytes: 64 * 1024, count: 20 }
    rows.push(await compare('bare node:crypto AES-256-GCM', 0.8, large, codec, bare(key, large.bytes)))
    rows.push(await compare('the official sample’s way (WebCrypto)', 5, kilobyte, codec, throughCodec(sample, kilobyte.bytes)))
    rows.push(await compare('Python Fernet', 4, large, codec, fernet.measure(large.bytes)))
    rows.push(await compare('Python Fernet', 1.5, kilobyte, codec, fernet.measure(kilobyte.bytes)))
  } finally {
    fernet.end()
  }
  rows.push(...(await wholeRuns()))
  return rows
}

/** Runs one after the other on a real host, in turns encrypted and plain, each from its file to its approval gate. */
async function wholeRuns(): Promise<Row[]> {
  const home = await newHome({ demoTrainer: { minSeconds: 0, maxSeconds: 0 } })
  const host = await startHost(home)
  try {
    const measured = { encrypted: { times: [] as number[], cpuMs: 0 }, plain: { times: [] as number[], cpuMs: 0 } }
    let files = 0
    for (let block = -1; block < blocks; block++) {
      // Neither is always the first.
      for (const on of block % 2 === 0 ? [true, false] : [false, true]) {
        await host.connection.call('keys.setEncrypting', { on })
        // The first run after a switch pays for it: a block of the key's budget is charged anew.
        await oneRun(host, `good_${files}`, files++)
        if (block < 0) continue
        const sum = measured[on ? 'encrypted' : 'plain']
        const before = processorMs(host.process.pid ?? 0)
        for (let i = 0; i < runsInBlock; i++) sum.times.push(await oneRun(host, `good_${files}`, files++))
        sum.cpuMs += processorMs(host.process.pid ?? 0) - before
      }
    }
    const runs = blocks * runsInBlock
    const more = (encrypted: number, plain: number) => `${((encrypted / plain - 1) * 100).toFixed(1)} % more`
    const [encrypted, plain] = [median(measured.encrypted.times), median(measured.plain.times)]
    const [encryptedCpu, plainCpu] = [measured.encrypted.cpuMs / runs, measured.plain.cpuMs / runs]
    return [
      {
        what: `a whole run, file to approval gate, against plain (${plain.toFixed(0)} ms; medians of ${runs})`,
        measured: `${encrypted.toFixed(0)} ms, ${more(encrypted, plain)}`,
        toReach: 'under 3 %',
        reached: encrypted < plain * 1.03,
      },
      {
        what: `the same in processor time of host, Temporal and Postgres, against plain (${plainCpu.toFixed(0)} ms)`,
        measured: `${encryptedCpu.toFixed(0)} ms, ${more(encryptedCpu, plainCpu)}`,
        toReach: 'reported',
        reached: null,
      },
    ]
  } finally {
    await host.stop()
    await removeHome(home)
  }
}

async function oneRun({ home, connection }: Host, name: string, seed: number): Promise<number> {
  const file = join(home.root, `${name}.csv`)
  await writeFile(file, sampleCsv(seed))
  const ended = new Promise<void>((resolve, reject) => {
    const stop = connection.subscribe('runs.changed', ({ runs }) => {
      const run = runs.find(({ fileName }) => fileName === `${name}.csv`)
      if (run?.stage === 'Failed') reject(new Error(`${name}: ${run.problem}`))
      if (run?.stage !== 'AwaitingApproval') return
      stop()
      resolve()
    })
  })
  const began = performance.now()
  await connection.call('intake.submit', { paths: [file], origin: 'cli' })
  await ended
  return performance.now() - began
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Processor time so far of a process and all below it, in ms (Linux: fields 4 and 14 to 17 of /proc/PID/stat, in ticks of 10 ms). */
function processorMs(root: number): number {
  const all = new Map<number, { parent: number; ticks: number }>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [, parent, ...rest] = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '').split(' ').map(Number)
      all.set(Number(pid), { parent: parent ?? 0, ticks: rest.slice(9, 13).reduce((sum, ticks) => sum + ticks, 0) })
    } catch {
      // It ended meanwhile; its parent has its time.
    }
  }
  const below = (pid: number): number =>
    [...all].reduce((sum, [child, { parent }]) => sum + (parent === pid ? below(child) : 0), all.get(pid)?.ticks ?? 0)
  return below(root) * 10
}

interface Size {
  bytes: number
  /** Values in one round. */
  count: number
}

/** Our codec and a peer in turns, so that what else the machine does meets both alike. */
async function compare(peer: string, atLeast: number, { bytes, count }: Size, codec: PayloadCodec, peers: Measure): Promise<Row> {
  const ours = throughCodec(codec, bytes)
  const best = { ours: Number.POSITIVE_INFINITY, peer: Number.POSITIVE_INFINITY }
  for (let round = 0; round < rounds; round++) {
    best.ours = Math.min(best.ours, await ours(count))
    best.peer = Math.min(best.peer, await peers(count))
  }
  const faster = best.peer / best.ours
  return {
    what: `${bytes / 1024} KB there and back, against ${peer} (${best.peer.toFixed(1)} µs)`,
    measured: `${best.ours.toFixed(1)} µs, ${faster.toFixed(2)} times as fast`,
    toReach: `${atLeast} times`,
    reached: faster >= atLeast,
  }
}

const payloadOf = (bytes: number): Payload => ({ metadata: { encoding: Buffer.from('json/plain') }, data: randomBytes(bytes) })

function throughCodec(codec: PayloadCodec, bytes: number): Measure {
  const payload = payloadOf(bytes)
  return timed(async () => void (await codec.decode(await codec.encode([payload]))))
}

/** What anybody has to do at least: one buffer with IV, ciphertext and tag, and the value out of it again. */
function bare(key: KeyObject, bytes: number): Measure {
  const data = randomBytes(bytes)
  return timed(() => {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, iv)
    const sealed = Buffer.concat([iv, cipher.update(data), cipher.final(), cipher.getAuthTag()])
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
    decipher.setAuthTag(sealed.subarray(-16))
    decipher.update(sealed.subarray(12, -16))
    decipher.final()
  })
}

const timed =
  (work: () => void | Promise<void>): Measure =>
  async (count) => {
    const began = performance.now()
    for (let i = 0; i < count; i++) await work()
    return ((performance.now() - began) / count) * 1000
  }

/** WebCrypto over the whole payload, without additional data: the format and the calls of the official sample. */
async function sampleCodec(keyBytes: Buffer): Promise<PayloadCodec> {
  const { subtle } = webcrypto
  const key = await subtle.importKey('raw', keyBytes, { name: 'AES-GCM' }, true, ['encrypt', 'decrypt'])
  const algorithm = (iv: Uint8Array) => ({ name: 'AES-GCM', iv, tagLength: 128 })
  return {
    encode: (payloads) =>
      Promise.all(
        payloads.map(async (payload) => {
          const iv = webcrypto.getRandomValues(new Uint8Array(12))
          const sealed = await subtle.encrypt(algorithm(iv), key, PayloadMessage.encode(payload).finish())
          return {
            metadata: { encoding: Buffer.from('binary/encrypted'), 'encryption-key-id': Buffer.from('k-1') },
            data: Buffer.concat([iv, new Uint8Array(sealed)]),
          }
        }),
      ),
    decode: (payloads) =>
      Promise.all(
        payloads.map(async ({ data }) => {
          const sealed = data ?? new Uint8Array()
          return PayloadMessage.decode(
            new Uint8Array(await subtle.decrypt(algorithm(sealed.subarray(0, 12)), key, sealed.subarray(12))),
          )
        }),
      ),
  }
}

async function startFernet(): Promise<{ measure(bytes: number): Measure; end(): void }> {
  const python = await pythonPeer(['cryptography==50.0.2'])
  if (!python) throw new Error('This bench compares with Python, and none can be had.')
  const child = spawn(python, [join(import.meta.dirname, 'fernet.py')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    measure: (bytes) => async (count) => {
      child.stdin.write(`${bytes} ${count}\n`)
      return Number((await answers.next()).value)
    },
    end: () => child.stdin.end(),
  }
}

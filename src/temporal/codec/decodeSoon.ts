import { createHash } from 'node:crypto'
import type { Payload, PayloadCodec } from '@temporalio/common'
import { type Decoded, decodeEach, decodingEach } from './decodeEach.ts'
import { payloadBytes } from './payloadBytes.ts'

/** What a view waits for before it is shown without the values that have not come, in milliseconds. */
export const patienceMs = 300
/** How long a decoding is waited for, and what came late is kept in memory for whoever asks again. */
const keptMs = 30_000
/** As many payloads may be late at a time; a page has some hundreds at most. */
const mostLate = 2_000

/** The codec or its keys have not answered yet. Asking again joins what is under way. */
export class StillDecoding extends Error {
  constructor(waitedMs: number) {
    super(`Still being decoded: its codec or key service did not answer within ${waitedMs} ms. It is shown when it comes.`)
    this.name = 'StillDecoding'
  }
}

/** What is late, per list of codecs, by what the payload holds. */
const lateOf = new WeakMap<readonly PayloadCodec[], Map<string, Promise<Decoded>>>()

/**
 * As `decodeEach`, but after `waitMs` what has not come is told as `StillDecoding`. Whoever asks for the same payloads
 * again gets what has come since, without another call of the codec. Never rejects.
 */
export async function decodeSoon(
  codecs: PayloadCodec[],
  payloads: readonly Payload[],
  waitMs: number = patienceMs,
): Promise<Decoded[]> {
  if (codecs.length === 0 || payloads.length === 0) return decodeEach(codecs, payloads)
  const late = lateOf.get(codecs) ?? new Map<string, Promise<Decoded>>()
  lateOf.set(codecs, late)
  const known = payloads.map((payload) => (late.size > 0 ? late.get(digest(payload)) : undefined))
  const fresh = decodingEach(
    codecs,
    payloads.filter((_, index) => !known[index]),
  )
  const decoding = known.map((before) => before ?? (fresh.shift() as Promise<Decoded>))
  const decoded = await within(decoding, waitMs)
  return decoded.map((each, index): Decoded => {
    const stored = payloads[index] as Payload
    if (each) return { ...each, stored }
    if (!known[index] && late.size < mostLate) keep(late, digest(stored), decoding[index] as Promise<Decoded>)
    return { stored, payload: null, error: new StillDecoding(waitMs) }
  })
}

/** Those that have come by then; undefined for the others. */
async function within<T>(promises: readonly Promise<T>[], ms: number): Promise<(T | undefined)[]> {
  const come: (T | undefined)[] = promises.map(() => undefined)
  let timer: ReturnType<typeof setTimeout> | undefined
  await Promise.race([
    Promise.all(
      promises.map(async (promise, index) => {
        come[index] = await promise
      }),
    ),
    new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms)
    }),
  ])
  clearTimeout(timer)
  return [...come]
}

function keep(late: Map<string, Promise<Decoded>>, key: string, decoding: Promise<Decoded>): void {
  late.set(key, decoding)
  // From now on, and anew from when it comes: a call that was lost for ever is made again after that.
  const forgetLater = () =>
    setTimeout(() => {
      if (late.get(key) === decoding) late.delete(key)
    }, keptMs).unref()
  const timer = forgetLater()
  void decoding.then(() => {
    clearTimeout(timer)
    forgetLater()
  })
}

function digest(payload: Payload): string {
  const hash = createHash('sha256')
  for (const [name, value] of Object.entries(payload.metadata ?? {})) hash.update(`${name}:${value.length}:`).update(value)
  return hash.update(payloadBytes(payload)).digest('base64')
}

import type { Payload, PayloadCodec } from '@temporalio/common'
import { decode } from '@temporalio/common/lib/internal-non-workflow/index.js'
import { KeysUnavailable, UnknownKey } from './keySource.ts'
import { sealedMetadata } from './sealedPayload.ts'

/** A payload as Temporal keeps it, and what it is: the decoded payload, or why it cannot be read. */
export type Decoded = { stored: Payload } & ({ payload: Payload; error: null } | { payload: null; error: Error })

interface Options {
  /** How long the codecs may take, in milliseconds; what has not come by then is told as unreadable. Default: as long as they like. */
  patienceMs?: number
}

/**
 * Decodes payloads in few calls of the codecs, in their order: one call for all that name the same key. Where a call fails,
 * its payloads are halved until the ones that cannot be read are found: each spoils itself only. Never rejects.
 */
export async function decodeEach(
  codecs: PayloadCodec[],
  payloads: readonly Payload[],
  { patienceMs }: Options = {},
): Promise<Decoded[]> {
  const all: (Decoded | undefined)[] = new Array(payloads.length)
  await Promise.all(
    [...byKey(payloads).values()].map(async (group) => {
      const read = decodeGroup(
        codecs,
        group.map(({ payload }) => payload),
      )
      const decoded = await (patienceMs === undefined ? read : within(patienceMs, read))
      group.forEach(({ index, payload }, at) => {
        all[index] = decoded?.[at] ?? { stored: payload, payload: null, error: tooLate(patienceMs ?? 0) }
      })
    }),
  )
  return all as Decoded[]
}

/** A key that cannot be had keeps nobody waiting whose key is at hand. */
function byKey(payloads: readonly Payload[]): Map<string, { index: number; payload: Payload }[]> {
  const groups = new Map<string, { index: number; payload: Payload }[]>()
  payloads.forEach((payload, index) => {
    const key = Buffer.from(payload.metadata?.[sealedMetadata.keyId] ?? []).toString('latin1')
    const group = groups.get(key)
    if (group) group.push({ index, payload })
    else groups.set(key, [{ index, payload }])
  })
  return groups
}

async function decodeGroup(codecs: PayloadCodec[], payloads: Payload[]): Promise<Decoded[]> {
  try {
    const decoded = await decode(codecs, payloads)
    return payloads.map((stored, index) => {
      const payload = decoded[index]
      return payload ? { stored, payload, error: null } : { stored, payload: null, error: new Error(nothingGiven) }
    })
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    // What is missing is the key that all of them name.
    const all = error instanceof UnknownKey || error instanceof KeysUnavailable
    if (payloads.length === 1 || all) return payloads.map((stored) => ({ stored, payload: null, error }))
    const half = Math.ceil(payloads.length / 2)
    const halves = [payloads.slice(0, half), payloads.slice(half)]
    return (await Promise.all(halves.map((part) => decodeGroup(codecs, part)))).flat()
  }
}

const nothingGiven = 'The codec gave nothing for this value.'
const tooLate = (ms: number) =>
  new Error(`What decodes it (codec or keys) did not answer within ${ms} ms. Read it again when it does.`)

async function within<T>(ms: number, answer: Promise<T>): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

import type { Payload, PayloadCodec } from '@temporalio/common'
import { decode } from '@temporalio/common/lib/internal-non-workflow/index.js'

/** A payload as Temporal keeps it, and what it is: the decoded payload, or why it cannot be read. */
export type Decoded = { stored: Payload } & ({ payload: Payload; error: null } | { payload: null; error: Error })

/** Decodes payloads one by one, in their order: one that cannot be read spoils itself only. Never rejects. */
export const decodeEach = (codecs: PayloadCodec[], payloads: readonly Payload[]): Promise<Decoded[]> =>
  Promise.all(
    payloads.map(async (stored): Promise<Decoded> => {
      try {
        const [payload] = await decode(codecs, [stored])
        if (!payload) throw new Error('The codec gave nothing for this value.')
        return { stored, payload, error: null }
      } catch (error) {
        return { stored, payload: null, error: error instanceof Error ? error : new Error(String(error)) }
      }
    }),
  )

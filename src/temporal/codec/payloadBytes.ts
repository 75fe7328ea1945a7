import type { Payload } from '@temporalio/common'

/**
 * The bytes of a payload; none where it has none. protobuf leaves an empty field out, and the SDK's messages answer for it
 * with an empty list, which is no bytes: `null` in clear, as of an activity that returns nothing, is such a payload.
 */
export const payloadBytes = ({ data }: Payload): Uint8Array => (ArrayBuffer.isView(data) ? data : new Uint8Array())

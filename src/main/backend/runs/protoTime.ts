import type { google } from '@temporalio/proto'

/**
 * A protobuf timestamp as ISO 8601, null when there is none. Seconds come as Long from the wire and as a number from JSON;
 * both print as their digits.
 */
export const isoOf = (time: google.protobuf.ITimestamp | null | undefined): string | null =>
  time ? new Date(Number(String(time.seconds ?? 0)) * 1000 + (time.nanos ?? 0) / 1e6).toISOString() : null

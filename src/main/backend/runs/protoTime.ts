import { optionalTsToDate } from '@temporalio/common/lib/time'
import type { google } from '@temporalio/proto'

/** A protobuf timestamp as ISO 8601, null when there is none. */
export const isoOf = (time: google.protobuf.ITimestamp | null | undefined): string | null =>
  optionalTsToDate(time)?.toISOString() ?? null

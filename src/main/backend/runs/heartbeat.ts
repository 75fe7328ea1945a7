import type { LoadedDataConverter } from '@temporalio/common'
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow/index.js'
import { type Progress, progress } from '../../../contract/model.ts'
import { isoOf } from './protoTime.ts'
import type { PendingActivity } from './timeline.ts'

/**
 * How far a running attempt is, from the heartbeat that its worker gave Temporal last: the only news of a worker that no
 * host is beside. null for a heartbeat of another shape, or one that cannot be decoded here. Never rejects.
 */
export async function decodeProgress(converter: LoadedDataConverter, activity: PendingActivity): Promise<Progress | null> {
  const { payloads } = activity.heartbeatDetails ?? {}
  const at = isoOf(activity.lastHeartbeatTime)
  if (!payloads?.length || !at) return null
  try {
    const details = await decodeFromPayloadsAtIndex<unknown>(converter, 0, payloads)
    return progress.safeParse({ ...(details as object), at }).data ?? null
  } catch {
    return null
  }
}

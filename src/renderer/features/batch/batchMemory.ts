import { z } from 'zod'
import { callError } from '../../../contract/errors.ts'
import { stepName } from '../../../contract/model.ts'
import { batchKinds } from './batchPlan.ts'
import type { Batch, Item } from './batchStore.ts'

const rememberedAs = 'gatehouse.batch'

const outcome = z.union([
  z.object({ state: z.enum(['waiting', 'sending', 'done', 'kept', 'unsent']) }),
  z.object({ state: z.enum(['refused', 'failed']), error: callError }),
])
const remembered = z.object({
  kind: z.enum(batchKinds),
  reason: z.string(),
  phase: z.enum(['sending', 'stopping', 'over']),
  items: z.array(
    z.object({
      workflowId: z.string(),
      fileName: z.string(),
      requestId: z.string(),
      step: stepName.nullable(),
      outcome,
    }),
  ),
})

export interface BatchMemory {
  read(): Batch | null
  write(batch: Batch | null): void
}

/** The last batch for as long as the page's window is there, over its reloads: ids, names and what became of them. */
export function createBatchMemory(storage: () => Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>): BatchMemory {
  return {
    read() {
      try {
        const read = remembered.safeParse(JSON.parse(storage().getItem(rememberedAs) ?? 'null'))
        return read.success ? interrupted(read.data) : null
      } catch {
        return null // not allowed, or none of ours
      }
    },
    write(batch) {
      try {
        if (batch) storage().setItem(rememberedAs, JSON.stringify(batch))
        else storage().removeItem(rememberedAs)
      } catch {
        // Without room nothing is remembered: the audit has every one of them.
      }
    },
  }
}

/** Of a batch that a reload interrupted it is not known what was answered; sent again under the same ids, each is done once. */
function interrupted(batch: Batch): Batch {
  if (batch.phase === 'over') return batch
  const items = batch.items.map(
    (item): Item =>
      item.outcome.state === 'waiting' || item.outcome.state === 'sending'
        ? { ...item, outcome: { state: 'failed', error: { kind: 'unavailable', part: 'host', message: lost } } }
        : item,
  )
  return { ...batch, items, phase: 'over' }
}
const lost = 'The page was loaded anew before the answer came. Sent again, it is done once.'

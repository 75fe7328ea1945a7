/** What a bare worker tells the host beside it of the steps that it works on; a hint as fast as the host's own worker gives it. */
import { z } from 'zod'
import { stepAttempt } from './drills.ts'
import { failure, progress, stage, timestamp } from './model.ts'

export const observed = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('stage'), workflowId: z.string(), runId: z.string(), stage, at: timestamp }),
  stepAttempt.extend({
    kind: z.literal('started'),
    startedAt: timestamp,
    worker: z.string(),
    maxAttempts: z.number().int().nullable(),
  }),
  stepAttempt.extend({
    kind: z.literal('ended'),
    endedAt: timestamp,
    outcome: z.enum(['completed', 'failed', 'timedOut', 'cancelled']),
    failure: failure.nullable(),
  }),
  stepAttempt.extend({ kind: z.literal('progress'), progress }),
])
export type Observed = z.infer<typeof observed>

/** As many in one call; the rest follows in the next. */
export const mostObserved = 200

/** What operators do to runs beside deciding, and the record of everything that they changed. */
import { z } from 'zod'

/** `restart`: the run goes on from the moment before the step began. */
export const stepAction = z.enum(['retryNow', 'pause', 'resume', 'restart'])
export type StepAction = z.infer<typeof stepAction>

/** One entry of the audit log: written once, never changed. */
export const auditRecord = z.object({
  id: z.number().int(),
  at: z.iso.datetime(),
  /** `call` for what was asked of the host; `drill` and `keys` for what these parts tell themselves. */
  topic: z.string(),
  /** The call's name, the drill's, the key's. */
  name: z.string(),
  /** Of a call: `done` or `refused`. */
  event: z.string(),
  operator: z.string(),
  host: z.string(),
  workflowId: z.string().nullable(),
  step: z.string().nullable(),
  attempt: z.number().int().nullable(),
  /** The reason that was given, what was changed, or why it was refused. */
  detail: z.string(),
})
export type AuditRecord = z.infer<typeof auditRecord>

/** What operators do to runs beside deciding, and the record of everything that they changed. */
import { z } from 'zod'

/** `restart`: the run goes on from the moment before the step began. */
export const stepAction = z.enum(['retryNow', 'pause', 'resume', 'restart'])
export type StepAction = z.infer<typeof stepAction>

/** One setting that was changed, as text; values that may hold a secret are not there. */
export const settingChange = z.object({ field: z.string(), before: z.string(), after: z.string() })
export type SettingChange = z.infer<typeof settingChange>

/** Stands for the host of a decision that came without one. */
export const unknownHost = 'not known'

/** What a record is about; each is a filter of the audit view. `drillHit`: an attempt that a drill made fail. */
export const auditKinds = ['decision', 'run', 'deployment', 'intake', 'settings', 'key', 'drill', 'drillHit', 'host'] as const
export const auditKind = z.enum(auditKinds)
export type AuditKind = z.infer<typeof auditKind>

/** One entry of the audit log: written once, never changed. */
export const auditRecord = z.object({
  id: z.number().int(),
  at: z.iso.datetime(),
  kind: auditKind,
  /** `call` for what was asked of the host, `temporal` for what others did there; else the part that tells it itself. */
  topic: z.string(),
  /** The call's name, the drill's, the key's. */
  name: z.string(),
  /** Of a call: `done`, `pending` (kept, and done later), `refused` or `failed`. */
  event: z.string(),
  operator: z.string(),
  host: z.string(),
  workflowId: z.string().nullable(),
  step: z.string().nullable(),
  attempt: z.number().int().nullable(),
  /** What was done, where the name does not say it all. Records of earlier versions have the reason here too. */
  detail: z.string(),
  /** The reason that the operator gave; null where none is asked for. */
  reason: z.string().nullable(),
  /** What stood in the way of it; null when nothing did. */
  problem: z.string().nullable(),
  /** Of a change of settings. */
  changes: z.array(settingChange).nullable(),
})
export type AuditRecord = z.infer<typeof auditRecord>

/** Which records are wanted; everything that is left out narrows nothing. */
export const auditFilter = z
  .object({
    workflowId: z.string().min(1).max(1000).optional(),
    kinds: z.array(auditKind).min(1).optional(),
    operator: z.string().min(1).max(200).optional(),
    /** Looked for in name, reason, what was changed, what stood in the way, run and operator. */
    text: z.string().max(200).optional(),
    /** From this moment on, and before that one. */
    from: z.iso.datetime().optional(),
    to: z.iso.datetime().optional(),
  })
  .strict()
export type AuditFilter = z.infer<typeof auditFilter>

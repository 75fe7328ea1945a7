/** Faults that an operator switches on to see the pipeline survive them: what they look like on the wire. */
import { z } from 'zod'
import { stepName, timestamp } from './model.ts'

export const drillNames = [
  'training-fails',
  'gate-fails',
  'deployment-flaps',
  'random-failures',
  'slow-step',
  'worker-crash',
  'postgres-down',
  'postgres-password',
  'postgres-database',
  'temporal-down',
  'postgres-cut',
  'postgres-silent',
  'postgres-slow',
  'temporal-cut',
  'temporal-silent',
  'temporal-slow',
] as const
export const drillName = z.enum(drillNames)
export type DrillName = z.infer<typeof drillName>

export const drillScope = z.discriminatedUnion('kind', [
  /** The first run that it meets, and only that one. */
  z.object({ kind: z.literal('next') }).strict(),
  /** Runs whose file name fits a glob such as `*_demo.csv`. */
  z.object({ kind: z.literal('files'), pattern: z.string().trim().min(1, 'A file pattern is required.').max(300) }).strict(),
  z.object({ kind: z.literal('all') }).strict(),
])
export type DrillScope = z.infer<typeof drillScope>

/** How a drill is to be switched on; what is left out, or makes no sense for that drill, has its default. */
export const drillOrder = z
  .object({
    scope: drillScope.optional(),
    /** Ends after it hit so many attempts; null: no such end. */
    count: z.number().int().min(1).max(100_000).nullable().optional(),
    /** Ends after so long; null: no such end. */
    minutes: z.number().positive().max(10_080).nullable().optional(),
    /** Of hitting an attempt, 0 to 1. */
    probability: z.number().gt(0).max(1).optional(),
    seconds: z.number().positive().max(600).optional(),
    /** Has the host start a worker process for it where none runs; it ends with the drill. */
    startsWorker: z.boolean().optional(),
    /** Name of the profile, typed out, where that is marked as production. */
    profile: z.string().max(300).optional(),
  })
  .strict()
export type DrillOrder = z.infer<typeof drillOrder>

/** A drill that is on. */
export const activeDrill = z.object({
  scope: drillScope,
  /** The run that a drill for the next run met; null before. */
  run: z.object({ workflowId: z.string(), fileName: z.string() }).nullable(),
  /** Attempts that it hit so far. */
  uses: z.number().int().min(0),
  count: z.number().int().min(1).nullable(),
  until: timestamp.nullable(),
  probability: z.number().gt(0).max(1).nullable(),
  seconds: z.number().positive().nullable(),
  /** It brought a worker process along, and has it end once the runs that it hit have gone on. */
  startsWorker: z.boolean().default(false),
  /** The production profile that it was meant for, as its name was typed; null where none was asked for. */
  profile: z.string().nullable().default(null),
  since: timestamp,
  operator: z.string(),
  host: z.string(),
})
export type ActiveDrill = z.infer<typeof activeDrill>

export const drill = z.object({
  name: drillName,
  title: z.string(),
  /** What it does and how it ends, in plain words. */
  description: z.string(),
  /** What it can be told; a figure is the default. */
  options: z.object({
    scope: z.boolean(),
    count: z.boolean(),
    probability: z.number().nullable(),
    seconds: z.number().nullable(),
    /** Whether `seconds` is the time that a message takes one way; else a step waits for so long. */
    latency: z.boolean(),
    /** Whether it hits worker processes alone, and may bring one along. */
    startsWorker: z.boolean(),
  }),
  /** null while it is off. */
  on: activeDrill.nullable(),
})
export type Drill = z.infer<typeof drill>

/** `config/failure_simulation.json`: what it asks for, as it was read last. */
export const failureFile = z.object({
  path: z.string(),
  state: z.enum(['absent', 'off', 'on', 'malformed']),
  /** The pipeline activity that fails while it is on. */
  activity: z.string().nullable(),
  /** What is wrong with it; null unless it is malformed. */
  problem: z.string().nullable(),
})
export type FailureFile = z.infer<typeof failureFile>

export const auditEntry = z.object({
  id: z.number().int(),
  at: timestamp,
  event: z.enum(['on', 'off', 'used']),
  /** Name of the drill; `failure_simulation.json` for the file. */
  drill: z.string(),
  operator: z.string(),
  host: z.string(),
  workflowId: z.string().nullable(),
  step: stepName.nullable(),
  attempt: z.number().int().nullable(),
  detail: z.string(),
})
export type AuditEntry = z.infer<typeof auditEntry>

export const drillsState = z.object({
  drills: z.array(drill),
  failureFile,
  /** Name of the profile in use while that is marked as production: who switches a drill on types it; null otherwise. */
  production: z.string().nullable(),
  /** What is wrong with the file that the drills are kept in; null when nothing is. */
  problem: z.string().nullable(),
  /** The latest entries, newest first. */
  audit: z.array(auditEntry),
  /** Rises with every change, so that an older answer never overwrites a newer one. */
  revision: z.number().int(),
})
export type DrillsState = z.infer<typeof drillsState>

/** One attempt of one step, as a worker asks about it. */
export const stepAttempt = z.object({
  workflowId: z.string().min(1).max(1000),
  runId: z.string().max(100),
  step: stepName,
  attempt: z.number().int().min(1),
})
export type StepAttempt = z.infer<typeof stepAttempt>

/** What an attempt meets on purpose. */
export const fault = z.discriminatedUnion('kind', [
  /** It fails as a failure that is retried. */
  z.object({ kind: z.literal('fail'), message: z.string() }),
  /** It begins later. */
  z.object({ kind: z.literal('delay'), seconds: z.number().positive() }),
  /** The process of the worker dies while it works on it; only ever met by a bare worker. */
  z.object({ kind: z.literal('crash'), afterSeconds: z.number().positive() }),
  /** The quality gate gains a check that is not passed. */
  z.object({ kind: z.literal('gate'), reason: z.string() }),
])
export type Fault = z.infer<typeof fault>

/** `3 left, until 14:30`: what ends a drill by itself, in a few words; '' where nothing does. `clock` words a time. */
export function leftOfDrill({ count, uses, until }: ActiveDrill, clock: (time: string) => string): string {
  const parts = [count === null ? '' : `${Math.max(0, count - uses)} left`, until === null ? '' : `until ${clock(until)}`]
  return parts.filter(Boolean).join(', ')
}

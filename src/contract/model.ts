/**
 * The nouns of the console: what a run, a step, an attempt, a decision and the stack look like on the wire.
 * Times are ISO 8601 strings in UTC, durations are in milliseconds unless the name says otherwise, sizes are bytes.
 */
import { z } from 'zod'
import { metricsSettings } from './metrics.ts'
import { notificationSettings } from './notices.ts'
import { isBlank } from './people.ts'
import { approvalHours, pipelines } from './pipelines.ts'
import { retryTable } from './retries.ts'
import { curvePoint, metricName, metricValues } from './training.ts'

export const timestamp = z.iso.datetime()

export const stages = [
  'Queued',
  'Preprocessing',
  'Training',
  'LoggingExperiment',
  'AssessingQuality',
  'DeployingDev',
  'AwaitingApproval',
  'DeployingProd',
  'Completed',
  'GateFailed',
  'Rejected',
  'TimedOut',
  'Failed',
  'Cancelled',
] as const
export const stage = z.enum(stages)
export type Stage = z.infer<typeof stage>

/** Stages after which nothing more happens to a run. */
export const endStages = ['Completed', 'GateFailed', 'Rejected', 'TimedOut', 'Failed', 'Cancelled'] as const
export type EndStage = (typeof endStages)[number]
export const isEndStage = (value: Stage): value is EndStage => (endStages as readonly Stage[]).includes(value)

/** The rows of a run's timeline, in the order in which the pipeline goes through them. */
export const stepNames = [
  'preprocess_data',
  'train_model',
  'log_experiment',
  'assess_model_quality',
  'deploy_dev',
  'await_production_approval',
  'record_decision',
  'deploy_prod',
] as const
export const stepName = z.enum(stepNames)
export type StepName = z.infer<typeof stepName>

/** The stage that a run is in while it is at a step. */
export const stageOfStep: Record<StepName, Stage> = {
  preprocess_data: 'Preprocessing',
  train_model: 'Training',
  log_experiment: 'LoggingExperiment',
  assess_model_quality: 'AssessingQuality',
  deploy_dev: 'DeployingDev',
  await_production_approval: 'AwaitingApproval',
  record_decision: 'AwaitingApproval',
  deploy_prod: 'DeployingProd',
}

/**
 * The step whose attempt may wait while a run is in this stage; null where none can. While a run awaits its decision nothing
 * is tried; once it is decided, writing that down may be.
 */
export function stepThatWaits(stage: Stage): StepName | null {
  if (stage === 'AwaitingApproval') return 'record_decision'
  return stepNames.find((step) => stageOfStep[step] === stage) ?? null
}

/** One check of the quality gate and how it ended. */
export const gateCheck = z.object({
  /** `drill`: no check of the model, but an operator's order to refuse it. */
  kind: z.enum(['limit', 'baseline', 'production', 'slice', 'drill']),
  metric: metricName.nullable(),
  /** In a few words, e.g. `MAE against the baseline`. */
  label: z.string(),
  /** null when it could not be had: then `reason` says why. */
  observed: z.number().nullable(),
  /** null when there is nothing to compare with, e.g. no model in production. */
  limit: z.number().nullable(),
  /** How the observed value must stand to the limit. */
  comparison: z.enum(['>=', '<=', '>']),
  passed: z.boolean(),
  /** One sentence, whether it passed or not. */
  reason: z.string(),
})
export type GateCheck = z.infer<typeof gateCheck>

export const decisionKind = z.enum(['approve', 'reject'])
export type DecisionKind = z.infer<typeof decisionKind>
export const decision = z.object({
  decisionId: z.string(),
  decision: decisionKind,
  reason: z.string(),
  /** Who decided; null for a bare Temporal signal, which carries no name. */
  operator: z.string().nullable(),
  host: z.string().nullable(),
  via: z.enum(['update', 'signal']),
  at: timestamp,
})
export type Decision = z.infer<typeof decision>

export const deployment = z.object({
  environment: z.enum(['dev', 'prod']),
  modelId: z.string(),
  url: z.string(),
  deployedAt: timestamp,
})
export type Deployment = z.infer<typeof deployment>

export const fileOrigin = z.enum(['inbox', 'window', 'cli', 'again', 'client'])
export type FileOrigin = z.infer<typeof fileOrigin>

/** Who paused a step, when and why, as Temporal tells it: another client may have given neither name nor reason. */
export const paused = z.object({ at: timestamp.nullable(), by: z.string().nullable(), reason: z.string().nullable() })
export type Paused = z.infer<typeof paused>

/** How far a run is with its approvals, as its pipeline's policy asks for them. */
export const approvals = z.object({
  needed: z.number().int(),
  /** In order; `operator` is null for a bare Temporal signal. */
  given: z.array(z.object({ operator: z.string().nullable(), host: z.string().nullable(), reason: z.string(), at: timestamp })),
  /** Who may decide; empty: anybody. */
  approvers: z.array(z.string()),
  /** Who may not approve, because the file is theirs; null: nobody is excluded. */
  submitter: z.string().nullable(),
})
export type Approvals = z.infer<typeof approvals>

/** What a list row shows. It never carries a payload. */
export const runSummary = z.object({
  workflowId: z.string(),
  runId: z.string().nullable(),
  fileName: z.string(),
  sha256: z.string(),
  sizeBytes: z.number().int(),
  origin: fileOrigin,
  submittedBy: z.string(),
  stage,
  acceptedAt: timestamp,
  startedAt: timestamp.nullable(),
  stageSince: timestamp,
  endedAt: timestamp.nullable(),
  /** Attempt of the step that is under way or was the last one; 0 before the first. */
  attempt: z.number().int(),
  maxAttempts: z.number().int().nullable(),
  /** When the next attempt starts, while the step waits after a failure. */
  retryAt: timestamp.nullable(),
  /** The failure that the step waits after, or that ended the run; or why a start is late. One sentence. */
  problem: z.string().nullable(),
  metrics: metricValues.nullable(),
  gatePassed: z.boolean().nullable(),
  /** null before it was trained. */
  modelId: z.string().nullable(),
  /** The name of the pipeline that took the file; null before the run was told of it. */
  pipeline: z.string().nullable(),
  approvalDeadline: timestamp.nullable(),
  /** null before the gate, and for a run of a version that asked for one approval always. */
  approvals: approvals.nullable(),
  /** An operator keeps the step under way from being tried; null when nobody does. */
  paused: paused.nullable(),
  /** The attempt under way met a full disk, and does its work again once there is room. */
  waitsForRoom: z.boolean(),
  /** Decisions that were taken here and have not reached Temporal yet, and which may settle the run. */
  decisionPending: z.boolean(),
  decision: decision.nullable(),
  /** Rises with every change of this run, so that an older answer never overwrites a newer one. */
  revision: z.number().int(),
})
export type RunSummary = z.infer<typeof runSummary>

/** Whether a run waits for a decision that nobody has made yet; one that was made here may still be on its way. */
export const awaitsDecision = ({ stage, decisionPending }: Pick<RunSummary, 'stage' | 'decisionPending'>): boolean =>
  stage === 'AwaitingApproval' && !decisionPending

export const failure = z.object({
  message: z.string(),
  type: z.string().nullable(),
  nonRetryable: z.boolean(),
  stack: z.string().nullable(),
})
export type Failure = z.infer<typeof failure>

export const attempt = z.object({
  attempt: z.number().int(),
  startedAt: timestamp,
  endedAt: timestamp.nullable(),
  outcome: z.enum(['running', 'completed', 'failed', 'timedOut', 'cancelled', 'lost']),
  failure: failure.nullable(),
  worker: z.string().nullable(),
  /** Why the attempt before this one failed, where that one was not seen here: Temporal keeps no more of it than this. */
  failureBefore: failure.optional(),
})
export type Attempt = z.infer<typeof attempt>

export const progress = z.object({
  /** 0 to 1. */
  fraction: z.number(),
  message: z.string(),
  at: timestamp,
  /** It met a full disk, and does its work again once there is room. */
  waitsForRoom: z.boolean().optional(),
  /** Of a training: how long it still takes, as it reckons itself. */
  secondsLeft: z.number().nullable().optional(),
  /** Of a training: its learning curve so far. At most 200 points, the first and the latest among them. */
  curve: z.object({ loss: z.string(), points: z.array(curvePoint) }).optional(),
})
export type Progress = z.infer<typeof progress>

export const step = z.object({
  step: stepName,
  kind: z.enum(['activity', 'human']),
  state: z.enum(['waiting', 'scheduled', 'running', 'backingOff', 'paused', 'completed', 'failed', 'cancelled', 'skipped']),
  scheduledAt: timestamp.nullable(),
  endedAt: timestamp.nullable(),
  attempts: z.array(attempt),
  maxAttempts: z.number().int().nullable(),
  retryAt: timestamp.nullable(),
  paused: paused.nullable(),
  progress: progress.nullable(),
  /** Temporal's events of this step's latest scheduling, in order: scheduled, started, closed. */
  eventIds: z.array(z.string()),
})
export type Step = z.infer<typeof step>

/** `mixed`: encryption was switched while the run was under way, or another client wrote in clear. */
export const runEncryption = z.object({
  state: z.enum(['encrypted', 'plain', 'mixed']),
  /** Ids of the keys that its payloads are sealed with, in the order in which they appear. */
  keyIds: z.array(z.string()),
})
export type RunEncryption = z.infer<typeof runEncryption>

/** The run was sent back to an earlier step: what came after that step's beginning is done again by a new execution. */
export const reset = z.object({
  at: timestamp,
  /** null where Temporal was not told who or why. */
  by: z.string().nullable(),
  reason: z.string().nullable(),
  /** The execution that was left; its attempts are kept. */
  fromRunId: z.string(),
})
export type Reset = z.infer<typeof reset>

/** What the run's panel shows. `steps` always holds every step, in the pipeline's order. */
export const runDetail = runSummary.extend({
  steps: z.array(step),
  /** In order; empty for a run that was never sent back. */
  resets: z.array(reset),
  gateChecks: z.array(gateCheck),
  deployments: z.array(deployment),
  /** Sentences about what a reader would otherwise wonder at: how the file was read, why production was not asked for. */
  notes: z.array(z.string()),
  namespace: z.string(),
  taskQueue: z.string(),
  /** This run's page in the Temporal Web UI; null when there is none. */
  temporalUrl: z.string().nullable(),
  /** How Temporal holds this run's payloads; null while that is not known (not started, history out of reach). */
  encryption: runEncryption.nullable(),
  /** Why parts are missing (Temporal unreachable, history gone); null when all is there. */
  incomplete: z.string().nullable(),
})
export type RunDetail = z.infer<typeof runDetail>

/** Where a page of a history begins: Temporal's token in base64, and the id of the event that it comes before where it was cut. */
export const historyPlace = z
  .string()
  .max(10_000)
  .regex(/^(?=.)[A-Za-z0-9+/]*={0,2}(\.\d{1,19})?$/)

const refInEvent = z
  .object({
    in: z.literal('event'),
    eventId: z.string().regex(/^[1-9]\d{0,18}$/),
    index: z.number().int().min(0),
    /** From which end of the history it is found sooner, and where to begin there. */
    newestFirst: z.boolean(),
    older: historyPlace.nullable(),
  })
  .strict()
const refInRun = z.object({ in: z.literal('run'), path: z.string().min(1).max(4000) }).strict()

/** In a history that was opened from a file. */
export const filePayloadRef = z
  .object({ in: z.literal('file'), file: z.uuid(), eventId: z.string().max(19), index: z.number().int().min(0) })
  .strict()
export type FilePayloadRef = z.infer<typeof filePayloadRef>

/** In an event of a run, or in what Temporal says of the run now (memo, search attributes, heartbeats). */
export const runPayloadRef = z.discriminatedUnion('in', [refInEvent, refInRun])
export type RunPayloadRef = z.infer<typeof runPayloadRef>

/**
 * Where the host finds a payload again. `index` counts the event's payloads; `older` is of the page of the history that it
 * was read with.
 */
export const payloadRef = z.discriminatedUnion('in', [refInEvent, refInRun, filePayloadRef])
export type PayloadRef = z.infer<typeof payloadRef>

/**
 * One decoded payload, or the reason why it could not be decoded. Lives in memory only. A value that is neither in `json`
 * nor in `plain`, and not unreadable either, is bytes, or was too large for the answer: `history.payload` gives it.
 */
export const payloadView = z.object({
  label: z.string(),
  encoding: z.string(),
  keyId: z.string().nullable(),
  /** Of what Temporal holds. */
  sizeBytes: z.number().int(),
  /** The bytes that Temporal holds, base64; at most the first 12,000 of them, and none where many values share an answer. */
  stored: z.string(),
  /** What came out of decoding, such as `json/plain`, and its size; null when it could not be decoded. */
  holds: z.object({ encoding: z.string(), messageType: z.string().nullable(), sizeBytes: z.number().int() }).nullable(),
  /** The value as JSON text, exact to the digit; null when it is none. */
  json: z.string().nullable(),
  /** The value as text, where it is text but no JSON. */
  plain: z.string().nullable(),
  unreadable: z.string().nullable(),
  /** Set where it is text but no JSON for which the answer had no room: its bytes are that text. */
  textApart: z.literal(true).optional(),
  /** What has to be said of a value that is shown as text or bytes, as nothing here reads it otherwise; in a sentence. */
  note: z.string().optional(),
  /** Set where that is so only for now: it is still being decoded, and asking again gives it once it has come. */
  late: z.literal(true).optional(),
  /** null where the host cannot give it again (the answer of a query). */
  ref: payloadRef.nullable(),
})
export type PayloadView = z.infer<typeof payloadView>

/** What became of a file that was seen: the intake's own story, also of files that never became a run. */
export const intakeEntry = z.object({
  id: z.number().int(),
  fileName: z.string(),
  path: z.string(),
  sizeBytes: z.number().int().nullable(),
  outcome: z.enum(['accepted', 'alreadyProcessed', 'refused', 'waiting']),
  /** Machine-readable reason of a refusal or wait, e.g. `empty`, `binary`, `unreadable`, `linkLeavesInbox`, `diskFull`. */
  code: z.string().nullable(),
  /** One sentence: what happened, what was kept, what to do. */
  message: z.string(),
  workflowId: z.string().nullable(),
  at: timestamp,
})
export type IntakeEntry = z.infer<typeof intakeEntry>

export const partState = z.enum(['starting', 'up', 'down', 'off'])
export const part = z.object({
  state: partState,
  /** One line for the status bar, e.g. `embedded 7233`. */
  summary: z.string(),
  /** What is going on or wrong, in a sentence; empty when all is well. */
  detail: z.string(),
  /** What the operator can do about it; empty when nothing. */
  remedy: z.string(),
  /** 0 to 1 while a long preparation runs (download, build); null otherwise. */
  progress: z.number().nullable(),
  address: z.string().nullable(),
})
export type Part = z.infer<typeof part>

/** A file of the data folder that could not be used as it lies there. */
export const unusableFile = z.object({
  file: z.string(),
  /** In sentences: what is wrong, what was kept and where, what holds instead. */
  problem: z.string(),
})
export type UnusableFile = z.infer<typeof unusableFile>

export const stackHealth = z.object({
  profile: z.string(),
  temporal: part,
  postgres: part,
  worker: part,
  inbox: part,
  dev: part,
  prod: part,
  secrets: part,
  /** Until each was mended or written anew. */
  unusable: z.array(unusableFile),
  /** `up` with a remedy: little room is left. `down`: none is. */
  disk: part,
  temporalUiUrl: z.string().nullable(),
})
export type StackHealth = z.infer<typeof stackHealth>

export const settings = z.object({
  /** Absolute paths of watched folders; the first one receives files dropped on the window. */
  inboxFolders: z.array(z.string().min(1)).min(1),
  /** A file is taken once it has not changed for this long. */
  settleSeconds: z.number().min(0.1).max(600),
  maxFileBytes: z.number().int().positive(),
  /** Name recorded with this operator's decisions. */
  operator: z
    .string()
    .trim()
    .refine((name) => !isBlank(name), 'This must not be empty.')
    .max(120),
  demoTrainer: z
    .object({ minSeconds: z.number().min(0).max(3600), maxSeconds: z.number().min(0).max(3600) })
    .refine((d) => d.minSeconds <= d.maxSeconds, 'The shortest training time must not exceed the longest.'),
  approvalTimeoutHours: approvalHours,
  retries: retryTable,
  /** Which files are made into models in which way; the first that takes a file makes its run. */
  pipelines,
  /** Runs the dispatcher may start per second. */
  startsPerSecond: z.number().positive().max(1000),
  notifications: notificationSettings,
  metrics: metricsSettings,
  appearance: z.enum(['system', 'light', 'dark']),
})
export type Settings = z.infer<typeof settings>

/** What this shell can do; an absent power is absent from the interface. */
export const capabilities = z.object({
  shell: z.enum(['electron', 'web']),
  /** Dropped files have a path here, so they are copied without passing through the renderer. */
  pathsOfDroppedFiles: z.boolean(),
  nativeNotifications: z.boolean(),
  /** The host can be stopped from the interface (a closed browser tab does not stop it). */
  stopHost: z.boolean(),
})
export type Capabilities = z.infer<typeof capabilities>

export const appInfo = z.object({
  version: z.string(),
  home: z.string(),
  operator: z.string(),
  host: z.string(),
  platform: z.string(),
})
export type AppInfo = z.infer<typeof appInfo>

/** One row per part of the installation; what `--self-test --json` prints. */
export const selfTestReport = z.object({
  ok: z.boolean(),
  /** null where the host runs in plain Node. */
  electron: z.string().nullable(),
  node: z.string(),
  platform: z.string(),
  arch: z.string(),
  rows: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string(), milliseconds: z.number() })),
})
export type SelfTestReport = z.infer<typeof selfTestReport>

/** Fails to compile when a union gained a member that the caller does not handle. */
export const assertNever = (value: never): never => {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`)
}

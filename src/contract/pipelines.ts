/**
 * A pipeline says how the files that it takes are made into models: what is learned from which columns, by which trainer,
 * and what a model must show. Kept in `config/pipelines.json`; a run carries its own copy, fixed at its start.
 */
import { z } from 'zod'
import { type BoostingSettings, boostingSettings } from './boosting.ts'
import { isSameName } from './people.ts'
import { retryTable } from './retries.ts'
import { metricName, task } from './training.ts'

/** `error`: the task's own measure, MAE for a regression and log loss for classes, so that a check fits any data set. */
export const gateMetric = z.enum(['error', ...metricName.options])
export type GateMetric = z.infer<typeof gateMetric>

const margin = z.number().min(-1).max(10)

/**
 * One check of the quality gate. Margins are shares of the error, which is the metric itself where less is better and its
 * distance from 1 where more is: a margin of 0.05 on an accuracy of 0.80 speaks of a twentieth of the missing 0.20.
 */
export const gateRule = z.discriminatedUnion('kind', [
  /** On the good side of a fixed value; the value itself is good enough. */
  z.object({ kind: z.literal('limit'), metric: metricName, limit: z.number() }).strict(),
  /** The error is smaller than that of the trivial model on the same test rows, by this share of it at least. */
  z.object({ kind: z.literal('baseline'), metric: gateMetric, margin }).strict(),
  /** The error is not larger than that of the model now in production on the same test rows, by more than this share of it. */
  z.object({ kind: z.literal('production'), metric: gateMetric, margin }).strict(),
  /**
   * In no slice of a categorical column with this many test rows is the error larger than that on all test rows by more
   * than this share and larger than the trivial model's in that slice.
   */
  z
    .object({ kind: z.literal('slice'), metric: gateMetric, margin, minimumRows: z.number().int().min(1).max(1_000_000) })
    .strict(),
])
export type GateRule = z.infer<typeof gateRule>

/** Settings that are left out stay out, so that a run has the defaults of the version that trains it. */
const chosenBoostingSettings = z
  .object(
    Object.fromEntries(
      Object.entries(boostingSettings.shape).map(([name, field]) => [name, field.unwrap().optional()]),
    ) as Record<keyof BoostingSettings, z.ZodOptional<z.ZodNumber>>,
  )
  .strict()

export const trainerChoice = z.discriminatedUnion('kind', [
  /** Gradient-boosted trees. Settings that are left out have the trainer's defaults. */
  z.object({ kind: z.literal('boosting'), settings: chosenBoostingSettings }).strict(),
  /** A command of your own; docs/trainers.md has its contract. */
  z
    .object({
      kind: z.literal('command'),
      /** The program and its arguments; no shell looks at them. */
      command: z.array(z.string().min(1)).min(1).max(100),
      timeLimitMinutes: z
        .number()
        .positive()
        .max(3 * 60),
      settings: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
    })
    .strict(),
  /** The demonstration's: takes a while and decides the metrics by the file's name. */
  z.object({ kind: z.literal('demo') }).strict(),
])
export type TrainerChoice = z.infer<typeof trainerChoice>

/** Deadlines are kept in whole seconds: of less than half a one, every run would reject itself at once. */
export const approvalHours = z
  .number()
  .positive()
  .max(24 * 365)
  .refine((hours) => Math.round(hours * 3600) >= 1, 'Must be at least a second (0.0003 hours).')

/** How many operators a list of names names. */
const distinct = (names: readonly string[]) =>
  names.filter((name, index) => names.findIndex((one) => isSameName(one, name)) === index).length

/** Who has to agree before a model goes to production, and by when. */
export const approvalPolicy = z
  .object({
    /** The run rejects itself after this long; null: as in the settings. */
    hours: approvalHours.nullable(),
    /** Operators who have to approve, each once. One rejection is enough to reject. */
    approvals: z.number().int().min(1).max(20),
    /** Names of those who may decide; empty: anybody. Case does not matter. */
    approvers: z.array(z.string().trim().min(1).max(120)).max(100),
    /** Whoever submitted the file may reject but not approve. */
    notSubmitter: z.boolean(),
  })
  .strict()
  .refine(
    ({ approvals, approvers }) => approvers.length === 0 || distinct(approvers) >= approvals,
    'There are fewer approvers than approvals are asked for, so nobody could ever approve.',
  )
export type ApprovalPolicy = z.infer<typeof approvalPolicy>

const columnName = z.string().trim().min(1).max(1000)

export const pipeline = z
  .object({
    name: z.string().trim().min(1).max(60),
    /** Files that it takes. A file must lie in (or below) one of the folders and bear a name like one of the patterns. */
    match: z
      .object({
        /** Full paths; empty = any folder. */
        folders: z.array(z.string().min(1)).max(100),
        /** `*` stands for any characters, `?` for one; case does not matter; empty = any name. */
        patterns: z.array(z.string().min(1).max(255)).max(100),
      })
      .strict(),
    /** Names for the columns of a file without a header line; null: invented ones. */
    columns: z.array(columnName).min(2).max(10_000).nullable(),
    /** Name of the column to be learned; null: the last one. */
    target: columnName.nullable(),
    /** null: guessed from the target, and shown. */
    task: task.nullable(),
    /** Columns that are left out. A name that a file does not have is passed over. */
    ignore: z.array(columnName).max(10_000),
    trainer: trainerChoice,
    /** All must hold. Empty: no model is refused. */
    gate: z.array(gateRule).max(50),
    /** Production is asked for only above (where less is better: below) this value; null: whenever the gate passes. */
    askForProduction: z.object({ metric: metricName, beyond: z.number() }).strict().nullable(),
    approval: approvalPolicy,
    /** Steps that are retried in another way than the settings say. */
    retries: retryTable.partial(),
    /** Share of malformed rows, 0 to 1, up to which a run goes on without them. */
    quarantineLimit: z.number().min(0).max(1),
    /** Regression: predictions within this distance count as accurate; null: a tenth of the target's spread, and shown. */
    tolerance: z.number().positive().nullable(),
  })
  .strict()
export type Pipeline = z.infer<typeof pipeline>

/** In this order: the first that takes a file makes its run. */
export const pipelines = z
  .array(pipeline)
  .min(1)
  .max(200)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'Every pipeline needs a name of its own.')
  .refine(
    (list) => list.some(({ match }) => match.folders.length === 0 && match.patterns.length === 0),
    'One pipeline must take every file that the others leave: no folders and no patterns.',
  )

/** The file `config/pipelines.json`. */
export const pipelinesFile = z.object({ $schema: z.string().optional(), version: z.literal(1), pipelines }).strict()
export type PipelinesFile = z.infer<typeof pipelinesFile>

/** The first pipeline that takes a file; null when none does. Paths of any platform, with `/` or `\`. */
export function pipelineFor(list: readonly Pipeline[], path: string): Pipeline | null {
  const parts = path.split(/[\\/]/)
  const name = parts.pop() ?? ''
  const folder = parts.join('/')
  return (
    list.find(
      ({ match }) =>
        (match.folders.length === 0 || match.folders.some((wanted) => isWithin(folder, wanted))) &&
        (match.patterns.length === 0 || match.patterns.some((pattern) => isLike(name, pattern))),
    ) ?? null
  )
}

const isWithin = (folder: string, wanted: string) => {
  const root = wanted.split(/[\\/]/).join('/').replace(/\/+$/, '')
  return folder === root || folder.startsWith(`${root}/`)
}

const isLike = (name: string, pattern: string) => {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'isu').test(name)
}

/** What `gatehouse demo` and the guided demonstration hand in. */
const demoNames = [
  'demo_*',
  'good*',
  'bad*',
  'borderline*',
  'failing_training*',
  'db_failure*',
  'prod_candidate*',
  'sensitive_data*',
]

const anyPipeline = {
  columns: null,
  target: null,
  task: null,
  ignore: [],
  approval: { hours: null, approvals: 1, approvers: [], notSubmitter: false },
  retries: {},
  quarantineLimit: 0.05,
  tolerance: null,
}

/** The demonstration's limits. */
export const demoGate: GateRule[] = [
  { kind: 'limit', metric: 'accuracy', limit: 0.8 },
  { kind: 'limit', metric: 'mae', limit: 2.5 },
  { kind: 'limit', metric: 'r2', limit: 0.7 },
]

/** A gate that asks of any data set what can be asked of it: that something was learned, and nothing was lost. */
export const standardGate: GateRule[] = [
  { kind: 'baseline', metric: 'error', margin: 0.05 },
  { kind: 'production', metric: 'error', margin: 0.05 },
  { kind: 'slice', metric: 'error', margin: 0.5, minimumRows: 30 },
]

/** What is there before anybody has set anything; docs/decisions/126. */
export const defaultPipelines: Pipeline[] = [
  {
    ...anyPipeline,
    name: 'demonstration',
    match: { folders: [], patterns: demoNames },
    trainer: { kind: 'demo' },
    gate: demoGate,
    askForProduction: { metric: 'accuracy', beyond: 0.85 },
  },
  {
    ...anyPipeline,
    name: 'standard',
    match: { folders: [], patterns: [] },
    trainer: { kind: 'boosting', settings: {} },
    gate: standardGate,
    askForProduction: null,
  },
]

/** The registry of models and what each environment serves: what the console shows of them. */
import { z } from 'zod'
import { decisionKind, timestamp } from './model.ts'
import { metricValues, task, trainingReport } from './training.ts'

export const environment = z.enum(['dev', 'prod'])
export type Environment = z.infer<typeof environment>

const sha256 = z.string()

/** A row of the list of models. */
export const modelSummary = z.object({
  modelId: z.string(),
  /** The run that made it, also where this host does not know that run (a registry shared by a team). */
  workflowId: z.string(),
  runId: z.string(),
  /** Name of the CSV that it was trained on. */
  fileName: z.string(),
  datasetSha256: sha256,
  /** Name of the pipeline; null for models from before there were any. */
  pipeline: z.string().nullable(),
  trainer: z.string(),
  /** null for the demo trainer, which looks at no column. */
  task: task.nullable(),
  target: z.string().nullable(),
  metrics: metricValues,
  /** The trivial model's figures on the same test rows; null where nothing was measured. */
  baseline: metricValues.nullable(),
  createdAt: timestamp,
  /** Where it is served now. */
  servedIn: z.array(environment),
  /** What was decided about its run; null while or where nothing was. `timeout`: nobody decided in time. */
  decision: z.enum([...decisionKind.options, 'timeout']).nullable(),
})
export type ModelSummary = z.infer<typeof modelSummary>

/** How a model came into an environment, or left it again. */
export const deploymentRecord = z.object({
  id: z.string(),
  environment,
  modelId: z.string(),
  /** The CSV that the model was trained on; null where the registry does not know the model. */
  fileName: z.string().nullable(),
  at: timestamp,
  /** When another model took its place; null while it is served. */
  until: timestamp.nullable(),
  /** `run`: its run deployed it. `rollBack`: an operator went back to it. `undone`: the switch to it failed and was taken back. */
  kind: z.enum(['run', 'rollBack', 'undone']),
  /** Who decided; null where nobody had to (dev), or where a bare Temporal signal did. */
  operator: z.string().nullable(),
  reason: z.string().nullable(),
  workflowId: z.string().nullable(),
})
export type DeploymentRecord = z.infer<typeof deploymentRecord>

/** The model's page: what it was made of, how, and what became of it. */
export const modelDetail = modelSummary.extend({
  modelSha256: sha256,
  sizeBytes: z.number().int(),
  rows: z.number().int(),
  /** Version of Gatehouse that trained it, or of the trainer's command; null where it was not recorded. */
  codeVersion: z.string().nullable(),
  trainingSeconds: z.number(),
  /** Settings of the trainer, by name. */
  settings: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
  decisionDetail: z
    .object({
      decision: z.enum([...decisionKind.options, 'timeout']),
      operator: z.string().nullable(),
      host: z.string().nullable(),
      reason: z.string(),
      via: z.enum(['update', 'signal', 'timer']),
      at: timestamp,
    })
    .nullable(),
  /** Newest first, over both environments. */
  deployments: z.array(deploymentRecord),
  /** Why it cannot be served from this host (file missing or changed, a demo model predicts nothing); null when it can. */
  unservable: z.string().nullable(),
  /** null for the demo trainer, and while its file is not on this host. */
  report: trainingReport.nullable(),
})
export type ModelDetail = z.infer<typeof modelDetail>

/** What an environment serves, and how that came about. */
export const environmentState = z.object({
  environment,
  /** Where it answers, e.g. `http://127.0.0.1:8081`; null while it has no port. */
  address: z.string().nullable(),
  /** What is wrong with it now, or what an operator would otherwise wonder at (another port than usual); null when all is well. */
  problem: z.string().nullable(),
  /** null while nothing is deployed. */
  served: deploymentRecord.nullable(),
  /** A row that the served model takes, for an example request; null where there is none. */
  exampleRow: z.record(z.string(), z.union([z.string(), z.number(), z.null()])).nullable(),
  /** A decided roll back that is not done yet: it is kept, and goes on by itself. */
  pending: z
    .object({
      requestId: z.string(),
      modelId: z.string(),
      operator: z.string(),
      reason: z.string(),
      at: timestamp,
      /** Why it was not done at once; null while it is under way. */
      problem: z.string().nullable(),
    })
    .nullable(),
  /** Newest first, the current one included; at most the latest 200. */
  history: z.array(deploymentRecord),
})
export type EnvironmentState = z.infer<typeof environmentState>

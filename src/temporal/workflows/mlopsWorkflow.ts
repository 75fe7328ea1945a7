import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  sleep,
  TemporalFailure,
} from '@temporalio/workflow'
import type { DecisionRecord, RunInput, RunResult, RunSettings } from '../types.ts'
import { type ApprovalGate, createApprovalGate, type Policy } from './approval.ts'
import { failureReason, failureType } from './failureReason.ts'
import { defaultRunSettings, readInput } from './input.ts'
import { createStatusBoard, type StatusBoard } from './status.ts'
import { createSteps } from './steps.ts'

/**
 * One CSV from the inbox to production. A gate that fails, a rejection and a missed approval are ends of the run; only a
 * step that cannot be done is a failure of the workflow.
 * @throws ApplicationFailure with `failure_reason` as its message and the failed activity's type; CancelledFailure.
 */
export async function MLOpsWorkflow(given: RunInput): Promise<RunResult> {
  const status = createStatusBoard()
  const approval = createApprovalGate(status)
  let settings = defaultRunSettings
  try {
    const read = readInput(given)
    settings = read.settings
    return await pipeline(read.input, settings, status, approval)
  } catch (error) {
    throw end(error, settings, status)
  }
}

async function pipeline(input: RunInput, given: RunSettings, status: StatusBoard, approval: ApprovalGate): Promise<RunResult> {
  status.enter('Preprocessing')
  const prepared = await createSteps(given).preprocess({
    file_path: input.file_path,
    dataset: input.dataset ?? null,
    ...(given.pipeline && { pipeline: given.pipeline }),
  })
  const settings = withPipeline(given, prepared.pipeline)
  const steps = createSteps(settings)
  if (prepared.profile) status.change({ profile: prepared.profile, pipeline: prepared.pipeline?.name })
  for (const sentence of prepared.notes) status.note(sentence)
  status.completeStep('data_preprocessing')

  status.enter('Training')
  const training = { prepared, demo_trainer: settings.demo_trainer }
  // What the first step found decides; without a pipeline (a run of an earlier version) it is the demo trainer, as it was.
  const isReal = prepared.pipeline !== undefined && prepared.pipeline.trainer.kind !== 'demo'
  const trained = await (isReal ? steps.train(training) : steps.trainMock(training))
  status.completeStep('model_training')

  status.enter('LoggingExperiment', {
    quality_metrics: trained.metrics,
    model_id: trained.model_id,
    ...(trained.report && { report: trained.report }),
  })
  await steps.logExperiment({ prepared, trained })
  status.completeStep('experiment_tracking')

  status.enter('AssessingQuality')
  const quality = await steps.assess({ metrics: trained.metrics, prepared, trained })
  status.completeStep('quality_assessment')
  if (!quality.passed) {
    const reason = `The quality gate failed: ${quality.reasons.join('; ')}.`
    status.enter('GateFailed', { gate_checks: quality.checks, quality_gate_failed: true, failure_reason: reason })
    return { ...status.current, status: 'gate_failed' }
  }

  const candidate = { model_id: trained.model_id, model: trained.model, metrics: trained.metrics }
  status.enter('DeployingDev', { gate_checks: quality.checks, deployment_status: { dev: 'deploying' } })
  const dev = await steps.deployDev(candidate)
  status.change({ deployment_status: { dev: 'deployed' }, deployments: [dev] })
  status.completeStep('dev_deployment')

  if (!quality.ask_for_production) {
    status.note(`Production was not asked for: ${quality.reasons.join('; ')}.`)
    status.enter('Completed')
    return { ...status.current, status: 'completed' }
  }

  const { decision, approvals } = await approval.awaitDecision(policyOf(input, settings))
  // The audit row comes first: production never changes without a record of who wanted it.
  const cancelled = await alsoWhenCancelled(() => steps.recordDecision({ decision, approvals, model_id: trained.model_id }))
  status.completeStep('awaiting_prod_approval')
  if (decision.decision !== 'approve') return endWithoutProduction(decision, status)
  if (cancelled) throw cancelled

  status.enter('DeployingProd', { deployment_status: { dev: 'deployed', prod: 'deploying' } })
  const prod = await steps.deployProd(candidate)
  status.completeStep('prod_deployment')
  status.enter('Completed', { deployment_status: { dev: 'deployed', prod: 'deployed' }, deployments: [dev, prod] })
  return { ...status.current, status: 'completed' }
}

/** So long a run that was cancelled waits for the record of its decision; Postgres may be away for hours. */
const recordPatience = '30 seconds'

/**
 * Waits for the record of a decision, also where the run is cancelled meanwhile: its operator was told that it counts
 * (docs/decisions/215-a-decision-and-a-cancel.md).
 * @returns the cancellation that came meanwhile; null when none did
 */
async function alsoWhenCancelled(record: () => Promise<void>): Promise<CancelledFailure | null> {
  const recorded = CancellationScope.nonCancellable(record)
  try {
    await Promise.race([recorded, CancellationScope.current().cancelRequested])
    return null
  } catch (error) {
    if (!(error instanceof CancelledFailure)) throw error
    await CancellationScope.nonCancellable(() => Promise.race([recorded.catch(() => undefined), sleep(recordPatience)]))
    return error
  }
}

/** A run whose input names no pipeline gets the one that its first step found, with that one's retries and patience. */
function withPipeline(settings: RunSettings, found: RunSettings['pipeline']): RunSettings {
  if (settings.pipeline !== undefined || found === undefined) return settings
  return {
    ...settings,
    pipeline: found,
    retries: { ...settings.retries, ...found.retries },
    approval_timeout_seconds:
      found.approval.hours === null ? settings.approval_timeout_seconds : Math.round(found.approval.hours * 3600),
  }
}

/** Without a pipeline in its input a run asks for one approval, by anybody. */
function policyOf({ submitted_by }: RunInput, { approval_timeout_seconds, pipeline }: RunSettings): Policy {
  const { approvals = 1, approvers = [], notSubmitter = false } = pipeline?.approval ?? {}
  return {
    timeoutSeconds: approval_timeout_seconds,
    needed: approvals,
    approvers,
    submitter: notSubmitter ? (submitted_by ?? null) : null,
  }
}

function endWithoutProduction(decision: DecisionRecord, status: StatusBoard): RunResult {
  const timedOut = decision.decision === 'timeout'
  status.enter(timedOut ? 'TimedOut' : 'Rejected', {
    deployment_status: { dev: 'deployed', prod: timedOut ? 'timed_out' : 'rejected' },
  })
  return { ...status.current, status: timedOut ? 'timed_out' : 'rejected' }
}

/** Brings the status to its end and gives what the workflow is to throw. */
function end(error: unknown, settings: RunSettings, status: StatusBoard): unknown {
  // Anything but a Temporal failure is a fault in this code: Temporal tries the workflow task again, with mended code.
  if (!(error instanceof TemporalFailure)) return error
  if (isCancellation(error)) {
    status.enter('Cancelled', { awaiting_approval: false, failure_reason: 'The run was cancelled.' })
    return error
  }
  const reason = failureReason(error, settings.retries)
  const { dev, prod } = status.current.deployment_status
  status.enter('Failed', {
    awaiting_approval: false,
    failure_reason: reason,
    deployment_status: {
      ...(dev !== undefined && { dev: dev === 'deploying' ? 'failed' : dev }),
      ...(prod !== undefined && { prod: prod === 'deploying' ? 'failed' : prod }),
    },
  })
  return ApplicationFailure.create({ message: reason, type: failureType(error), nonRetryable: true, cause: error })
}

import type { Approvals, Deployment, GateCheck, RunSummary, Stage } from '../../../contract/model.ts'
import { metricLabels, metricName } from '../../../contract/training.ts'
import type { DecisionRecord, RunStatus } from '../../../temporal/types.ts'

/** What the host knows of a run without asking Temporal. */
export interface RunRecord extends RunSummary {
  gateChecks: GateCheck[]
  deployments: Deployment[]
  notes: string[]
  /** Of the DataProfile and the TrainingReport in the store. */
  profileSha256: string | null
  reportSha256: string | null
  /** Temporal did not have it when it was last asked: how it ended is not known, and it may be found again. */
  gone: boolean
  /** Executions that this one was reset from, in the order in which they were left; as far as they were seen here. */
  earlierRunIds: string[]
}

/** The fields that come out of payloads or failures; on disk they are sealed. */
export const sealedFields = [
  'attempt',
  'maxAttempts',
  'retryAt',
  'paused',
  'problem',
  'metrics',
  'gatePassed',
  'approvalDeadline',
  'approvals',
  'decision',
  'gateChecks',
  'modelId',
  'deployments',
  'notes',
  'pipeline',
  'profileSha256',
  'reportSha256',
  'gone',
  'earlierRunIds',
] as const satisfies readonly (keyof RunRecord)[]
export type SealedPart = Pick<RunRecord, (typeof sealedFields)[number]>

export const sealedPartOf = (record: RunRecord): SealedPart =>
  Object.fromEntries(sealedFields.map((field) => [field, record[field]])) as unknown as SealedPart

export const emptySealedPart: SealedPart = {
  attempt: 0,
  maxAttempts: null,
  retryAt: null,
  paused: null,
  problem: null,
  metrics: null,
  gatePassed: null,
  approvalDeadline: null,
  approvals: null,
  decision: null,
  gateChecks: [],
  modelId: null,
  deployments: [],
  notes: [],
  pipeline: null,
  profileSha256: null,
  reportSha256: null,
  gone: false,
  earlierRunIds: [],
}

export function summaryOf(record: RunRecord): RunSummary {
  const {
    gateChecks: _,
    deployments: _3,
    notes: _4,
    profileSha256: _6,
    reportSha256: _7,
    gone: _8,
    earlierRunIds: _9,
    ...summary
  } = record
  return summary
}

/** Checks as they are now; a run that an earlier version started has them with a bare name instead of a label and a reason. */
export const gateChecksOf = (checks: readonly (GateCheck | EarlierCheck)[]): GateCheck[] =>
  checks.map((check) => {
    if (!('name' in check)) return check
    const { name, observed, limit, comparison, passed } = check
    const metric = metricName.safeParse(name).data ?? null
    const label = metric === null ? name : metricLabels[metric]
    const reason = `${label} ${observed} ${passed ? 'is' : 'is not'} ${comparison} ${limit}.`
    return { kind: metric === null ? 'drill' : 'limit', metric, label, observed, limit, comparison, passed, reason }
  })

interface EarlierCheck {
  name: string
  observed: number
  limit: number
  comparison: GateCheck['comparison']
  passed: boolean
}

/** What the workflow says about itself, in the words of the console. */
export function patchFromStatus(status: RunStatus): Partial<RunRecord> {
  return {
    stage: status.stage,
    metrics: status.quality_metrics,
    gatePassed: status.gate_checks.length === 0 ? null : !status.quality_gate_failed,
    gateChecks: gateChecksOf(status.gate_checks),
    modelId: status.model_id,
    // Absent in the status of a run that an older version started.
    deployments: (status.deployments ?? []).map((d) => ({
      environment: d.environment,
      modelId: d.model_id,
      url: d.url,
      deployedAt: d.deployed_at,
    })),
    approvalDeadline: status.approval_deadline,
    approvals: approvalsOf(status),
    decision: decisionOf(status.decision),
    problem: status.failure_reason,
    notes: status.notes ?? [],
    pipeline: status.pipeline ?? null,
    profileSha256: status.profile?.sha256 ?? null,
    reportSha256: status.report?.sha256 ?? null,
  }
}

const approvalsOf = ({ approvals, approvals_needed: needed, approval_policy: policy }: RunStatus): Approvals | null =>
  needed === undefined
    ? null
    : {
        needed,
        given: (approvals ?? []).map(({ operator, host, reason, decided_at }) => ({ operator, host, reason, at: decided_at })),
        approvers: policy?.approvers ?? [],
        submitter: policy?.submitter ?? null,
      }

/** A timeout is an end of the wait, not somebody's decision. */
export const decisionOf = (record: DecisionRecord | null): RunRecord['decision'] =>
  record === null || record.decision === 'timeout' || record.via === 'timer'
    ? null
    : {
        decisionId: record.decision_id,
        decision: record.decision,
        reason: record.reason,
        operator: record.operator,
        host: record.host,
        via: record.via,
        at: record.decided_at,
      }

/** The stage of a run whose workflow was closed by somebody else's hand, by Temporal's status name. */
export const stageOfClosed: Record<string, Stage> = {
  FAILED: 'Failed',
  TERMINATED: 'Cancelled',
  CANCELLED: 'Cancelled',
  TIMED_OUT: 'Failed',
}

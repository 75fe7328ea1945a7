import { type RunSummary, runSummary } from './model.ts'

/**
 * A run as tests need one: in its first training, accepted at 10 o'clock and so many minutes.
 * @throws ZodError when it would not fit the contract
 */
export function runOf(id: string, minute = 0, change: Partial<RunSummary> = {}): RunSummary {
  const at = `2025-11-23T10:${String(minute).padStart(2, '0')}:00.000Z`
  return runSummary.parse({
    workflowId: id,
    runId: `run of ${id}`,
    fileName: `${id}.csv`,
    sha256: 'ab12',
    sizeBytes: 1,
    origin: 'inbox',
    submittedBy: 'ada',
    stage: 'Training',
    acceptedAt: at,
    startedAt: null,
    stageSince: at,
    endedAt: null,
    attempt: 1,
    maxAttempts: 3,
    retryAt: null,
    problem: null,
    metrics: null,
    gatePassed: null,
    modelId: null,
    pipeline: null,
    approvalDeadline: null,
    approvals: null,
    paused: null,
    waitsForRoom: false,
    decisionPending: false,
    decision: null,
    revision: 1,
    ...change,
  })
}

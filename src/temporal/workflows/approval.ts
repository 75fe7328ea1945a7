import { ApplicationFailure, condition, defineSignal, defineUpdate, setHandler, workflowInfo } from '@temporalio/workflow'
import { approveSignalName, decideUpdateName } from '../names.ts'
import type { DecisionInput, DecisionRecord } from '../types.ts'
import { inWords } from './durations.ts'
import type { StatusBoard } from './status.ts'

const approveSignal = defineSignal(approveSignalName)
const decideUpdate = defineUpdate<DecisionRecord, [DecisionInput]>(decideUpdateName)

type Gate = 'notReached' | 'open' | 'decided' | 'left'

export interface ApprovalGate {
  /**
   * Waits for a decision, at most so long. Update, signal and timer race, and exactly one of them wins.
   * @throws CancelledFailure when the run is cancelled meanwhile.
   */
  awaitDecision(timeoutSeconds: number): Promise<DecisionRecord>
}

/**
 * The approval gate. It listens from the run's first moment, so that whoever comes too early or too late is told so
 * instead of waiting for nothing (docs/decisions/010-approval-gate.md).
 */
export function createApprovalGate(status: StatusBoard): ApprovalGate {
  let gate: Gate = 'notReached'
  let decision: DecisionRecord | null = null

  const settle = (record: DecisionRecord) => {
    gate = 'decided'
    decision = record
    status.change({ decision: record, awaiting_approval: false, prod_approved: record.decision === 'approve' })
    return record
  }

  setHandler(
    decideUpdate,
    (input) => {
      if (decision?.decision_id === input.decisionId) return decision
      // The validator ran just before in this same activation; this guards replays of updates that were accepted.
      if (gate !== 'open') throw refusal(gate, decision)
      return settle({
        decision_id: input.decisionId,
        decision: input.decision,
        reason: input.reason.trim(),
        operator: input.operator.trim(),
        host: input.host ?? null,
        via: 'update',
        decided_at: now(),
      })
    },
    {
      description: 'Approves or rejects the production deployment that this run waits for.',
      validator: (input) => {
        checkShape(input)
        if (decision?.decision_id === input.decisionId) return
        if (gate !== 'open') throw refusal(gate, decision)
      },
    },
  )

  setHandler(
    approveSignal,
    () => {
      if (gate !== 'open') {
        status.note(ignoredSignal(gate, decision))
        return
      }
      settle({
        decision_id: `signal-${workflowInfo().runId}`,
        decision: 'approve',
        reason: `Approved by the signal ${approveSignalName}, which carries no name and no reason.`,
        operator: null,
        host: null,
        via: 'signal',
        decided_at: now(),
      })
    },
    { description: 'Approves the production deployment that this run waits for, without a name.' },
  )

  return {
    async awaitDecision(timeoutSeconds) {
      gate = 'open'
      status.enter('AwaitingApproval', {
        awaiting_approval: true,
        approval_deadline: new Date(Date.now() + timeoutSeconds * 1000).toISOString(),
        deployment_status: { ...status.current.deployment_status, prod: 'awaiting_approval' },
      })
      try {
        await condition(() => decision !== null, timeoutSeconds * 1000)
      } catch (cancelled) {
        if (decision === null) gate = 'left'
        throw cancelled
      }
      // Whoever settled first is the winner, whatever ended the wait: an update and the timer may come in one activation.
      return (
        decision ??
        settle({
          decision_id: `timeout-${workflowInfo().runId}`,
          decision: 'timeout',
          reason: `Nobody decided within ${inWords(timeoutSeconds)}.`,
          operator: null,
          host: null,
          via: 'timer',
          decided_at: now(),
        })
      )
    },
  }
}

const now = () => new Date(Date.now()).toISOString()

/** @throws ApplicationFailure BadDecision that names the field: any Temporal client may send anything. */
function checkShape(input: unknown): asserts input is DecisionInput {
  const bad = (message: string) => ApplicationFailure.nonRetryable(message, 'BadDecision')
  if (typeof input !== 'object' || input === null) {
    throw bad('A decision is an object: {decisionId, decision, reason, operator}.')
  }
  const { decisionId, decision, reason, operator, host } = input as Record<string, unknown>
  if (typeof decisionId !== 'string' || decisionId.trim() === '') throw bad('A decision needs a decisionId.')
  if (decision !== 'approve' && decision !== 'reject') throw bad('A decision is either "approve" or "reject".')
  if (typeof reason !== 'string' || reason.trim() === '') throw bad('A decision needs a reason.')
  if (typeof operator !== 'string' || operator.trim() === '') throw bad('A decision needs the name of its operator.')
  if (host !== undefined && host !== null && typeof host !== 'string') throw bad('The host of a decision is a text.')
}

function refusal(gate: Exclude<Gate, 'open'>, decision: DecisionRecord | null): ApplicationFailure {
  switch (gate) {
    case 'notReached':
      return ApplicationFailure.nonRetryable(
        'Nothing awaits a decision: this run has not reached its approval gate.',
        'NothingAwaits',
      )
    case 'left':
      return ApplicationFailure.nonRetryable('Nothing awaits a decision: this run was cancelled.', 'NothingAwaits')
    case 'decided':
      return ApplicationFailure.nonRetryable(`Already decided: ${told(decision)}.`, 'AlreadyDecided')
  }
}

function ignoredSignal(gate: Exclude<Gate, 'open'>, decision: DecisionRecord | null): string {
  switch (gate) {
    case 'notReached':
      return `The signal ${approveSignalName} came before the approval gate was reached and was ignored: an approval counts only once the model's metrics are known.`
    case 'left':
      return `The signal ${approveSignalName} came after the run was cancelled and was ignored.`
    case 'decided':
      return `The signal ${approveSignalName} came after the decision and was ignored: ${told(decision)}.`
  }
}

function told(decision: DecisionRecord | null): string {
  if (decision === null) return 'the decision was taken'
  if (decision.decision === 'timeout') return `it timed out at ${decision.decided_at}`
  const verb = decision.decision === 'approve' ? 'approved' : 'rejected'
  return `${verb} by ${decision.operator ?? 'an unnamed client'} at ${decision.decided_at}`
}

import { ApplicationFailure, condition, defineSignal, defineUpdate, setHandler, workflowInfo } from '@temporalio/workflow'
import { isBlank, isSameName } from '../../contract/people.ts'
import { approveSignalName, decideUpdateName } from '../names.ts'
import type { DecisionInput, DecisionRecord } from '../types.ts'
import { inWords } from './durations.ts'
import type { StatusBoard } from './status.ts'

const approveSignal = defineSignal(approveSignalName)
const decideUpdate = defineUpdate<DecisionRecord, [DecisionInput]>(decideUpdateName)

type Gate = 'notReached' | 'open' | 'decided' | 'left'

/** Who has to agree. Names are compared by `isSameName`. */
export interface Policy {
  timeoutSeconds: number
  /** Operators who have to approve, each once. */
  needed: number
  /** Who may decide; empty: anybody. */
  approvers: readonly string[]
  /** Who may not approve, because the file is theirs; null: nobody is excluded. */
  submitter: string | null
}

export interface Settled {
  /** What settled it: the last approval that was needed, a rejection, or the timeout. */
  decision: DecisionRecord
  /** Every approval that was given, in order. */
  approvals: DecisionRecord[]
}

export interface ApprovalGate {
  /**
   * Waits until as many operators as needed have approved, one has rejected, or the time is over. Updates, signals and the
   * timer race, and exactly one of them settles it.
   * @throws CancelledFailure when the run is cancelled meanwhile.
   */
  awaitDecision(policy: Policy): Promise<Settled>
}

/**
 * The approval gate. It listens from the run's first moment, so that whoever comes too early or too late is told so
 * instead of waiting for nothing (docs/decisions/010-approval-gate.md).
 */
export function createApprovalGate(status: StatusBoard): ApprovalGate {
  let gate: Gate = 'notReached'
  let policy: Policy = { timeoutSeconds: 0, needed: 1, approvers: [], submitter: null }
  let decision: DecisionRecord | null = null
  const given: DecisionRecord[] = []

  const settle = (record: DecisionRecord) => {
    gate = 'decided'
    decision = record
    const prodApproved = record.decision === 'approve'
    status.change({ decision: record, approvals: [...given], awaiting_approval: false, prod_approved: prodApproved })
    return record
  }
  const approve = (record: DecisionRecord) => {
    given.push(record)
    if (given.length >= policy.needed) return settle(record)
    status.change({ approvals: [...given] })
    return record
  }
  const known = (decisionId: string) =>
    decision?.decision_id === decisionId ? decision : given.find((record) => record.decision_id === decisionId)

  setHandler(
    decideUpdate,
    (input) => {
      const before = known(input.decisionId)
      if (before) return before
      // The validator ran just before in this same activation; this guards replays of updates that were accepted.
      checkPolicy(input, gate, policy, given, decision)
      const record: DecisionRecord = {
        decision_id: input.decisionId,
        decision: input.decision,
        reason: input.reason.trim(),
        operator: input.operator.trim(),
        host: input.host ?? null,
        via: 'update',
        decided_at: now(),
      }
      return record.decision === 'approve' ? approve(record) : settle(record)
    },
    {
      description: 'Approves or rejects the production deployment that this run waits for.',
      validator: (input) => {
        checkShape(input)
        if (!known(input.decisionId)) checkPolicy(input, gate, policy, given, decision)
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
      if (asksForNames(policy)) {
        status.note(
          `The signal ${approveSignalName} came at ${now()} and was refused: it carries no name, and this run’s policy asks for ${policyWords(policy)}.`,
        )
        return
      }
      approve({
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
    async awaitDecision(asked) {
      policy = asked
      const { timeoutSeconds, needed } = policy
      gate = 'open'
      status.enter('AwaitingApproval', {
        awaiting_approval: true,
        approvals: [],
        approvals_needed: needed,
        approval_policy: { approvers: [...policy.approvers], submitter: policy.submitter },
        approval_deadline: new Date(Date.now() + timeoutSeconds * 1000).toISOString(),
        deployment_status: { ...status.current.deployment_status, prod: 'awaiting_approval' },
      })
      try {
        await condition(() => decision !== null, timeoutSeconds * 1000)
      } catch (cancelled) {
        // Decided in the same moment: the decision was first, and its operator has been told so.
        if (decision !== null) return { decision, approvals: given }
        gate = 'left'
        throw cancelled
      }
      // Whoever settled first is the winner, whatever ended the wait: an update and the timer may come in one activation.
      const settled = decision ?? settle(missed(timeoutSeconds, given.length, needed))
      return { decision: settled, approvals: given }
    },
  }
}

const missed = (timeoutSeconds: number, given: number, needed: number): DecisionRecord => ({
  decision_id: `timeout-${workflowInfo().runId}`,
  decision: 'timeout',
  reason:
    given === 0
      ? `Nobody decided within ${inWords(timeoutSeconds)}.`
      : `Only ${given} of ${needed} approvals came within ${inWords(timeoutSeconds)}.`,
  operator: null,
  host: null,
  via: 'timer',
  decided_at: now(),
})

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
  if (typeof reason !== 'string' || isBlank(reason)) throw bad('A decision needs a reason.')
  if (typeof operator !== 'string' || isBlank(operator)) throw bad('A decision needs the name of its operator.')
  if (host !== undefined && host !== null && typeof host !== 'string') throw bad('The host of a decision is a text.')
}

const asksForNames = ({ needed, approvers, submitter }: Policy) => needed > 1 || approvers.length > 0 || submitter !== null

/** What the policy asks for, to stand after "asks for". */
function policyWords({ needed, approvers, submitter }: Policy): string {
  const who = needed === 1 ? 'one named operator' : `${needed} named operators`
  const among = approvers.length > 0 ? ` among ${approvers.join(', ')}` : ''
  return `${who}${among}${submitter === null ? '' : `, not ${submitter}, who submitted the file`}`
}

/** @throws ApplicationFailure with what stands in the way of this decision. */
function checkPolicy(
  { decision: wanted, operator }: DecisionInput,
  gate: Gate,
  policy: Policy,
  given: readonly DecisionRecord[],
  decision: DecisionRecord | null,
): void {
  if (gate !== 'open') throw refusal(gate, decision)
  const notAllowed = (message: string) => ApplicationFailure.nonRetryable(message, 'NotAllowed')
  if (policy.approvers.length > 0 && !policy.approvers.some((name) => isSameName(name, operator))) {
    throw notAllowed(`${operator} may not decide on this run: its policy names ${policy.approvers.join(', ')}.`)
  }
  if (wanted === 'reject') return
  if (policy.submitter !== null && isSameName(policy.submitter, operator)) {
    throw notAllowed(
      `${operator} submitted this file, and its policy asks for somebody else's approval. Rejecting it is possible.`,
    )
  }
  if (given.some((record) => record.operator !== null && isSameName(record.operator, operator))) {
    const left = policy.needed - given.length
    const others = left === 1 ? 'one more approval by somebody else is' : `${left} more approvals by others are`
    throw notAllowed(`${operator.trim()} has approved already; ${others} needed.`)
  }
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

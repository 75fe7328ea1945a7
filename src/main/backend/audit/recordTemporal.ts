import type { Decision, RunSummary } from '../../../contract/model.ts'
import { unknownHost } from '../../../contract/operator.ts'
import { approveSignalName } from '../../../temporal/names.ts'
import type { Audit } from '../ledger/audit.ts'
import type { Ledger } from '../ledger/openLedger.ts'
import type { Log } from '../log.ts'
import type { RunRecord } from '../projection/runRecord.ts'

interface Options {
  ledger: Ledger
  audit: Audit
  run(workflowId: string): Pick<RunRecord, 'notes'> | undefined
  log: Log
}

type Given = Pick<Decision, 'operator' | 'host' | 'reason' | 'at'>

const unnamed = 'an unnamed client'
/** Where a client has not said on which machine it runs. */

/**
 * Puts on record what others did to runs through Temporal: decisions of other hosts, and the bare approval signal, also
 * where it was refused. What was decided here is on record by its own call.
 */
export function createTemporalRecord({ ledger, audit, run, log }: Options) {
  const ours = ledger.prepare<[Record<string, string>], number>(
    `SELECT 1 FROM decision_outbox
     WHERE workflow_id = @workflowId AND decision = @decision AND operator = @operator AND host = @host`,
  )
  /** What was looked at already, so that a busy list asks the ledger once for each. */
  const seen = new Set<string>()

  function decided(workflowId: string, decision: 'approve' | 'reject', { operator, host, reason, at }: Given): void {
    const ref = `temporal ${workflowId} ${decision} ${operator ?? ''} ${at}`
    if (seen.has(ref)) return
    seen.add(ref)
    // The same person may have decided here before the run went on from an earlier step, and elsewhere since.
    if (operator !== null && host !== null && ours.get({ workflowId, decision, operator, host })) return
    audit.add({
      ...{ at, ref, workflowId, reason, topic: 'temporal', event: 'done', step: null, attempt: null },
      name: operator === null ? approveSignalName : 'runs.decide',
      operator: operator ?? unnamed,
      host: host ?? unknownHost,
      detail: decision,
    })
  }

  /** The workflow tells of a signal that did not count by a note that begins with its name. */
  function signalsOf(workflowId: string): void {
    for (const note of run(workflowId)?.notes ?? []) {
      const ref = `temporal ${workflowId} ${note}`
      if (!note.startsWith(`The signal ${approveSignalName} `) || seen.has(ref)) continue
      seen.add(ref)
      audit.add({
        ...{ ref, workflowId, topic: 'temporal', name: approveSignalName, step: null, attempt: null },
        at: new Date().toISOString(),
        event: note.includes(' was refused: ') ? 'refused' : 'ignored',
        operator: unnamed,
        host: unknownHost,
        detail: 'approve',
        problem: note,
      })
    }
  }

  return {
    /** Called with every change of runs. */
    runsChanged(runs: readonly RunSummary[]): void {
      for (const { workflowId, approvals, decision } of runs) {
        if (approvals === null) continue
        try {
          for (const given of approvals.given) decided(workflowId, 'approve', given)
          if (decision?.decision === 'reject') decided(workflowId, 'reject', decision)
          signalsOf(workflowId)
        } catch (error) {
          log.error({ err: error, workflowId }, 'what others decided could not be put on record')
        }
      }
    },
  }
}

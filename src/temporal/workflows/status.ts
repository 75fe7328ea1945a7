import { defineSearchAttributeKey } from '@temporalio/common'
import { defineQuery, proxySinks, type Sinks, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow'
import type { Stage } from '../../contract/model.ts'
import { stageAttribute, statusQueryName } from '../names.ts'
import type { CurrentStep, RunStatus } from '../types.ts'

const getStatus = defineQuery<RunStatus>(statusQueryName)
const stageKey = defineSearchAttributeKey(stageAttribute, 'KEYWORD')

/** What the worker's host hears of a run while it happens; see RunObserver. */
export interface StatusSinks extends Sinks {
  gatehouse: { stageChanged(event: { stage: Stage; at: string; status: RunStatus }): void }
}

/** The step that a client sees while the run is in a stage. End stages keep the step that they ended in. */
const stepOfStage: Partial<Record<Stage, CurrentStep>> = {
  Preprocessing: 'data_preprocessing',
  Training: 'model_training',
  LoggingExperiment: 'experiment_tracking',
  AssessingQuality: 'quality_assessment',
  DeployingDev: 'dev_deployment',
  AwaitingApproval: 'awaiting_prod_approval',
  DeployingProd: 'prod_deployment',
  Completed: 'completed',
}

/** More would make the query's answer grow with every stray signal (a run takes up to 10,000). */
const maxNotes = 20

type StatusChange = Partial<Omit<RunStatus, 'notes'>>

export interface StatusBoard {
  /** What `get_status` answers now. */
  readonly current: RunStatus & { notes: string[] }
  /** Moves the run to a stage: query, search attribute and host change together. */
  enter(stage: Stage, change?: StatusChange): void
  /** Changes what is known without a change of stage, and tells the host. */
  change(change: StatusChange): void
  completeStep(step: CurrentStep): void
  /** Adds a sentence about what a reader would otherwise wonder at, and tells the host. */
  note(sentence: string): void
}

/** Keeps the run's status and answers the query `get_status` from it. */
export function createStatusBoard(): StatusBoard {
  const { gatehouse } = proxySinks<StatusSinks>()
  let current: StatusBoard['current'] = {
    current_step: 'data_preprocessing',
    completed_steps: [],
    workflow_id: workflowInfo().workflowId,
    awaiting_approval: false,
    prod_approved: false,
    quality_gate_failed: false,
    deployment_status: { dev: 'pending' },
    deployments: [],
    failure_reason: null,
    quality_metrics: null,
    stage: 'Queued',
    approval_deadline: null,
    decision: null,
    gate_checks: [],
    model_id: null,
    notes: [],
  }
  setHandler(getStatus, () => current)

  const tellHost = () => gatehouse.stageChanged({ stage: current.stage, at: new Date(Date.now()).toISOString(), status: current })

  return {
    get current() {
      return current
    },
    enter(stage, change = {}) {
      current = { ...current, ...change, stage, current_step: stepOfStage[stage] ?? current.current_step }
      upsertSearchAttributes([{ key: stageKey, value: stage }])
      tellHost()
    },
    change(change) {
      current = { ...current, ...change }
      tellHost()
    },
    completeStep(step) {
      current = { ...current, completed_steps: [...current.completed_steps, step] }
    },
    note(sentence) {
      if (current.notes.length >= maxNotes) return
      current = { ...current, notes: [...current.notes, sentence] }
      tellHost()
    },
  }
}

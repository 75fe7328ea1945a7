import type { RunObserver } from '../../../temporal/observer.ts'
import type { Log } from '../log.ts'

/**
 * The story of each run in the log: its stages and its attempts, each line with the run's and the step's ids. Of a failure
 * only its type is told: its message may quote the run's data, and decoded values never reach a file.
 */
export const observeInLog = (log: Log): RunObserver => ({
  stageChanged: ({ workflowId, runId, stage }) => log.info({ workflowId, runId, stage }, 'stage'),
  attemptStarted: ({ workflowId, runId, step, attempt }) => log.debug({ workflowId, runId, step, attempt }, 'attempt started'),
  attemptEnded({ workflowId, runId, step, attempt, outcome, failure }) {
    const fields = { workflowId, runId, step, attempt, outcome }
    if (failure === null) log.info(fields, 'attempt ended')
    else log.warn({ ...fields, failure: { type: failure.type, nonRetryable: failure.nonRetryable } }, 'attempt ended')
  },
  progress() {},
})

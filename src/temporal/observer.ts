import type { Failure, Progress, Stage, StepName } from '../contract/model.ts'
import type { RunStatus } from './types.ts'

/**
 * Hears what the worker of this process does, while it does it. A hint for the console, never the truth: calls may be
 * missed (crash) or come twice (replay), so a reader reconciles with Temporal. Implementations must not throw.
 */
export interface RunObserver {
  stageChanged(event: { workflowId: string; runId: string; stage: Stage; at: string; status: RunStatus }): void
  attemptStarted(
    event: AttemptRef & { startedAt: string; worker: string /** null = without end. */; maxAttempts: number | null },
  ): void
  attemptEnded(
    event: AttemptRef & { endedAt: string; outcome: 'completed' | 'failed' | 'timedOut' | 'cancelled'; failure: Failure | null },
  ): void
  progress(event: AttemptRef & Progress): void
}

export interface AttemptRef {
  workflowId: string
  runId: string
  step: StepName
  attempt: number
}

/** One observer that tells each of these, in this order. */
export function observeAll(...observers: readonly RunObserver[]): RunObserver {
  const tellAll = (tell: (observer: RunObserver) => void) => {
    for (const observer of observers) tell(observer)
  }
  return {
    stageChanged: (event) => tellAll((observer) => observer.stageChanged(event)),
    attemptStarted: (event) => tellAll((observer) => observer.attemptStarted(event)),
    attemptEnded: (event) => tellAll((observer) => observer.attemptEnded(event)),
    progress: (event) => tellAll((observer) => observer.progress(event)),
  }
}

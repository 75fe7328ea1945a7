/**
 * What the worker of this process does: the same on a host and on a bare worker, and each tells of its own alone, so that
 * sums over all processes are right.
 */
import { performance } from 'node:perf_hooks'
import { Counter, Histogram, type Registry } from 'prom-client'
import { type StepName, stepNames } from '../../../contract/model.ts'
import type { AttemptRef, RunObserver } from '../../../temporal/observer.ts'
import type { WorkerSlots } from '../../../temporal/worker.ts'
import type { Log } from '../log.ts'
import { gaugesOf } from './gauges.ts'

/** Seconds: from a step that only writes a row to a training of hours. */
const buckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400]

/** The wait for a decision is no worker's work. */
const activitySteps = stepNames.filter((step) => step !== 'await_production_approval')

export interface WorkerMetrics {
  /** To be told of every attempt of this process' worker. */
  observer: RunObserver
  /** An attempt was given up by Temporal: its worker is lost or too slow, and tells nobody. */
  timedOut(step: StepName): void
}

interface Options {
  registry: Registry
  /** null while the worker takes no work. */
  slots(): WorkerSlots | null
  log: Pick<Log, 'debug'>
}

export function createWorkerMetrics({ registry, slots, log }: Options): WorkerMetrics {
  const registers = [registry]
  const steps = new Counter({
    name: 'gatehouse_steps_total',
    help: 'Steps that this worker brought to an end, by step and outcome (completed, failed, cancelled).',
    labelNames: ['step', 'outcome'],
    registers,
  })
  const attempts = new Counter({
    name: 'gatehouse_step_attempts_total',
    help: 'Attempts at steps that have ended, by step and outcome (completed, failed, cancelled; timed_out: given up by Temporal).',
    labelNames: ['step', 'outcome'],
    registers,
  })
  const durations = new Histogram({
    name: 'gatehouse_step_attempt_duration_seconds',
    help: 'How long attempts took in the worker, by step and outcome.',
    labelNames: ['step', 'outcome'],
    buckets,
    registers,
  })
  // From the start, so that the first failure is a rise from 0 and not a series without a past.
  for (const step of activitySteps) {
    for (const outcome of ['completed', 'failed', 'cancelled']) {
      steps.inc({ step, outcome }, 0)
      attempts.inc({ step, outcome }, 0)
      durations.zero({ step, outcome })
    }
    attempts.inc({ step, outcome: 'timed_out' }, 0)
  }
  const gauge = gaugesOf(registry, log)
  gauge('gatehouse_worker_up', '1 while the worker of this process takes work, 0 otherwise.', [], () => (slots() ? 1 : 0))
  const bySlots = (figure: (slots: { used: number; total: number }) => number) => () => {
    const now = slots()
    return now && (['activity', 'workflow'] as const).map((task) => [{ task }, figure(now[task])] as const)
  }
  gauge(
    'gatehouse_worker_slots_used',
    'Tasks that the worker of this process has under way, by kind of task.',
    ['task'],
    bySlots(({ used }) => used),
  )
  gauge(
    'gatehouse_worker_slots_available',
    'Tasks that the worker of this process could take besides, by kind of task.',
    ['task'],
    bySlots(({ used, total }) => total - used),
  )

  /** By the clock that is never set; attempts of a worker that was cut off are few and their entry is taken over by the next. */
  const underWay = new Map<string, { since: number; maxAttempts: number | null }>()
  const keyOf = ({ runId, step }: AttemptRef) => `${runId} ${step}`

  return {
    observer: {
      stageChanged() {},
      progress() {},
      attemptStarted(event) {
        underWay.set(keyOf(event), { since: performance.now(), maxAttempts: event.maxAttempts })
      },
      attemptEnded(event) {
        const { step, failure, attempt } = event
        const outcome = event.outcome === 'timedOut' ? 'timed_out' : event.outcome
        const begun = underWay.get(keyOf(event))
        underWay.delete(keyOf(event))
        attempts.inc({ step, outcome })
        if (begun) durations.observe({ step, outcome }, (performance.now() - begun.since) / 1000)
        const isLast = failure?.nonRetryable === true || (begun?.maxAttempts != null && attempt >= begun.maxAttempts)
        if ((outcome !== 'failed' && outcome !== 'timed_out') || isLast) steps.inc({ step, outcome })
      },
    },
    timedOut: (step) => attempts.inc({ step, outcome: 'timed_out' }),
  }
}

/**
 * A host that plays runs by the clock, for developing and testing the console without a stack. Only vite's dev mode and
 * tests load it. What a run is at a moment follows from its plan and that moment alone.
 */
import type { CallOutput, Handlers } from '../../contract/calls.ts'
import type { DiffEntry, DiffSection } from '../../contract/diff.ts'
import type { Drill, DrillName, DrillsState } from '../../contract/drills.ts'
import { conflict, notFound } from '../../contract/errors.ts'
import type { EventName, EventPayload } from '../../contract/events.ts'
import type { HistoryEvent } from '../../contract/history.ts'
import {
  type Approvals,
  type Attempt,
  type Decision,
  type GateCheck,
  type IntakeEntry,
  isEndStage,
  type Reset,
  type RunDetail,
  type RunSummary,
  type Settings,
  type StackHealth,
  type Stage,
  type Step,
  type StepName,
  settings as settingsSchema,
  stageOfStep,
  stepNames,
} from '../../contract/model.ts'
import { defaultNotifications } from '../../contract/notices.ts'
import { defaultPipelines } from '../../contract/pipelines.ts'
import { runFits } from '../../contract/runFilter.ts'
import { newestFirst, sortRuns } from '../../contract/runSort.ts'
import type { ViewsState } from '../../contract/runViews.ts'
import { higherIsBetter, metricLabels } from '../../contract/training.ts'
import type { WorkerInfo, WorkerProcess, WorkerStopped } from '../../contract/workers.ts'
import { createSimulatedAudit } from './simulatedAudit.ts'
import { createSimulatedData } from './simulatedData.ts'
import { createSimulatedGuide } from './simulatedGuide.ts'
import { createSimulatedKeys } from './simulatedKeys.ts'
import { curveSoFar, isDemo, profileOf, reportFor, seedOf, standardChecks } from './simulatedModels.ts'
import { createSimulatedProfiles } from './simulatedProfiles.ts'
import { createSimulatedRegistry } from './simulatedRegistry.ts'

export type Scenario = 'mixed' | 'approvals' | 'empty' | 'many' | 'longNames' | 'troubled' | 'locked' | 'long'

type Figures = Record<'accuracy' | 'mae' | 'r2', number>

interface PlannedAttempt {
  ms: number
  failure?: { message: string; type: string; nonRetryable?: boolean }
}
interface Plan {
  workflowId: string
  fileName: string
  sizeBytes: number
  acceptedAt: number
  startDelayMs: number
  by: string
  origin: RunSummary['origin']
  attempts: Partial<Record<StepName, PlannedAttempt[]>>
  metrics: Figures
  decision: Decision | null
  decisionPending: boolean
  cancelledAt: number | null
  cancelReason: string | null
  queuedProblem: string | null
  /** Its training waits for room on a full disk. */
  full: boolean
  approvalHours: number
  approvals: Approvals
  revision: number
  /** Attempts that the host knows nothing of, as another worker made them. */
  unseen?: (attempt: number) => boolean
  resets?: Reset[]
}

const maxAttempts: Record<StepName, number | null> = {
  preprocess_data: 3,
  train_model: 3,
  log_experiment: null,
  assess_model_quality: 3,
  deploy_dev: 3,
  await_production_approval: null,
  record_decision: null,
  deploy_prod: 2,
}
const firstWaitMs: Record<StepName, number> = {
  preprocess_data: 1000,
  train_model: 5000,
  log_experiment: 2000,
  assess_model_quality: 1000,
  deploy_dev: 2000,
  await_production_approval: 0,
  record_decision: 2000,
  deploy_prod: 5000,
}
const usualMs: Record<StepName, number> = {
  preprocess_data: 700,
  train_model: 19_000,
  log_experiment: 260,
  assess_model_quality: 40,
  deploy_dev: 900,
  await_production_approval: 0,
  record_decision: 180,
  deploy_prod: 1100,
}
const queuedMs = 120
const anybody: Approvals = { needed: 1, given: [], approvers: [], submitter: null }
const iso = (ms: number) => new Date(ms).toISOString()

const limits = [
  { metric: 'accuracy', comparison: '>=', limit: 0.8 },
  { metric: 'mae', comparison: '<=', limit: 2.5 },
  { metric: 'r2', comparison: '>=', limit: 0.7 },
] as const
const checksOf = (m: Figures): GateCheck[] =>
  limits.map(({ metric, comparison, limit }) => {
    const label = metricLabels[metric]
    const observed = m[metric]
    const passed = comparison === '>=' ? observed >= limit : observed <= limit
    const side = passed ? (comparison === '>=' ? 'at least' : 'at most') : comparison === '>=' ? 'below' : 'above'
    return {
      kind: 'limit',
      metric,
      label,
      observed,
      limit,
      comparison,
      passed,
      reason: `${label} ${observed} is ${side} ${limit}.`,
    }
  })

/** The run as it stands at a moment. */
function runAt(plan: Plan, now: number): RunDetail {
  const start = plan.acceptedAt + plan.startDelayMs
  const startedAt = plan.queuedProblem === null && now >= start ? start : null
  const passed = checksOf(plan.metrics).every((c) => c.passed)
  const asks = passed && plan.metrics.accuracy > 0.85
  const steps: Step[] = []
  let stage: Stage = 'Queued'
  let stageSince = plan.acceptedAt
  let at = start
  let over: { stage: Stage; at: number; problem: string | null } | null = null
  let current: { attempt: number; retryAt: number | null; problem: string | null; max: number | null } = {
    attempt: 0,
    retryAt: null,
    problem: null,
    max: null,
  }
  let waits = startedAt === null
  const enter = (next: Stage, since: number) => {
    if (next === stage) return
    stage = next
    stageSince = since
  }
  for (const name of stepNames) {
    const skipped =
      over !== null ||
      (!passed && stepNames.indexOf(name) > 3) ||
      (!asks && stepNames.indexOf(name) > 4) ||
      (name === 'deploy_prod' && plan.decision?.decision === 'reject')
    const base: Step = {
      step: name,
      kind: name === 'await_production_approval' ? 'human' : 'activity',
      state: skipped && (over !== null || !waits) ? 'skipped' : 'waiting',
      scheduledAt: null,
      endedAt: null,
      attempts: [],
      maxAttempts: maxAttempts[name],
      retryAt: null,
      paused: null,
      progress: null,
      eventIds: skipped || waits ? [] : [5, 6, 7].map((id) => String(id + 6 * stepNames.indexOf(name))),
    }
    if (waits || skipped) {
      steps.push(base)
      continue
    }
    enter(stageOfStep[name], at)
    base.scheduledAt = iso(at)
    if (plan.cancelledAt !== null && plan.cancelledAt <= at) {
      over = { stage: 'Cancelled', at: plan.cancelledAt, problem: plan.cancelReason }
      steps.push({ ...base, scheduledAt: null, state: 'skipped' })
      continue
    }
    if (name === 'await_production_approval') {
      const deadline = at + plan.approvalHours * 3_600_000
      const decidedAt = plan.decision ? Date.parse(plan.decision.at) : null
      if (decidedAt !== null && decidedAt <= now) {
        at = Math.max(at, decidedAt)
        steps.push({ ...base, state: 'completed', endedAt: iso(at) })
      } else if (plan.cancelledAt !== null && plan.cancelledAt <= now) {
        over = { stage: 'Cancelled', at: plan.cancelledAt, problem: plan.cancelReason }
        steps.push({ ...base, state: 'cancelled', endedAt: iso(plan.cancelledAt) })
      } else if (deadline <= now) {
        at = deadline
        over = { stage: 'TimedOut', at, problem: null }
        steps.push({ ...base, state: 'completed', endedAt: iso(at) })
      } else {
        waits = true
        current = { attempt: 0, retryAt: null, problem: null, max: null }
        steps.push({ ...base, state: 'running' })
      }
      continue
    }
    const planned = plan.attempts[name] ?? [{ ms: usualMs[name] }]
    let begin = at + queuedMs
    const attempts: Attempt[] = []
    let state: Step['state'] = 'completed'
    for (const [index, { ms, failure }] of planned.entries()) {
      const number = index + 1
      if (now < begin) {
        state = index === 0 ? 'scheduled' : 'backingOff'
        if (index > 0) base.retryAt = iso(begin)
        break
      }
      const end = begin + ms
      const cut = plan.cancelledAt !== null && plan.cancelledAt < end && plan.cancelledAt <= now ? plan.cancelledAt : null
      const done = now >= end || cut !== null
      attempts.push({
        attempt: number,
        startedAt: iso(begin),
        endedAt: done ? iso(cut ?? end) : null,
        outcome: cut !== null ? 'cancelled' : !done ? 'running' : failure ? 'failed' : 'completed',
        failure:
          done && cut === null && failure
            ? {
                message: failure.message,
                type: failure.type,
                nonRetryable: failure.nonRetryable ?? false,
                stack: `${failure.type}: ${failure.message}\n    at ${name} (activities/${name}.ts:41:11)\n    at async Activity.execute (worker/src/activity.ts:162:24)`,
              }
            : null,
        worker: '4711@workbench',
      })
      if (cut !== null) {
        state = 'cancelled'
        over = { stage: 'Cancelled', at: cut, problem: plan.cancelReason }
        break
      }
      if (!done) {
        state = 'running'
        if (name === 'train_model') {
          const fraction = (now - begin) / ms
          const curve = curveSoFar(seedOf(plan.fileName), fraction)
          const full = {
            ...{ fraction: 0, at: iso(now), waitsForRoom: true },
            message: 'Waiting for room: the disk is full. This step goes on by itself. There is no room left for the model.',
          }
          base.progress = plan.full
            ? full
            : {
                fraction,
                message: `Round ${curve.points.length} of 150`,
                at: iso(now),
                secondsLeft: (begin + ms - now) / 1000,
                ...(isDemo(plan.fileName) ? {} : { curve }),
              }
        }
        break
      }
      at = end
      if (!failure) break
      const last = index === planned.length - 1
      if (last) {
        state = 'failed'
        over = { stage: 'Failed', at: end, problem: failure.message }
      } else begin = end + Math.min(firstWaitMs[name] * 2 ** index, 120_000)
    }
    const seen = attempts.filter(({ attempt }) => !plan.unseen?.(attempt))
    const lastFailure = attempts.findLast((a) => a.failure)?.failure?.message ?? null
    current = {
      attempt: attempts.length,
      retryAt: base.retryAt ? Date.parse(base.retryAt) : null,
      problem: state === 'completed' ? null : lastFailure,
      max: maxAttempts[name],
    }
    const ended = state === 'completed' || state === 'failed' || state === 'cancelled'
    steps.push({ ...base, state, attempts: seen, endedAt: ended ? iso(over?.at ?? at) : null })
    if (!ended) waits = true
    if (state === 'completed' && name === 'assess_model_quality' && !passed) over = { stage: 'GateFailed', at, problem: null }
    if (state === 'completed' && name === 'deploy_dev' && !asks) over = { stage: 'Completed', at, problem: null }
    if (state === 'completed' && name === 'record_decision' && plan.decision?.decision === 'reject')
      over = { stage: 'Rejected', at, problem: null }
    if (state === 'completed' && name === 'deploy_prod') over = { stage: 'Completed', at, problem: null }
  }
  if (over) enter(over.stage, over.at)
  const done = (name: StepName) => steps.find((s) => s.step === name)?.state === 'completed'
  const waiting = steps.find((s) => s.step === 'await_production_approval')
  const short = seedOf(plan.workflowId).toString(16).padStart(8, '0')
  const report = done('train_model') ? reportFor(`model-${short}`, plan.fileName, passed) : null
  return {
    workflowId: plan.workflowId,
    runId: startedAt === null ? null : `0198f2a4-7c1e-7b3a-9d20-${short.padStart(12, '0')}`,
    fileName: plan.fileName,
    sha256: seedOf(plan.fileName).toString(16).padStart(8, '0').repeat(8),
    sizeBytes: plan.sizeBytes,
    origin: plan.origin,
    submittedBy: plan.by,
    stage,
    acceptedAt: iso(plan.acceptedAt),
    startedAt: startedAt === null ? null : iso(startedAt),
    stageSince: iso(stageSince),
    endedAt: over ? iso(over.at) : null,
    attempt: current.attempt,
    maxAttempts: current.max,
    retryAt: current.retryAt === null || over ? null : iso(current.retryAt),
    problem: plan.queuedProblem ?? over?.problem ?? current.problem,
    metrics: done('train_model') ? (report?.metrics ?? plan.metrics) : null,
    gatePassed: done('assess_model_quality') ? passed : null,
    approvalDeadline:
      waiting?.scheduledAt && (stage as Stage) === 'AwaitingApproval'
        ? iso(Date.parse(waiting.scheduledAt) + plan.approvalHours * 3_600_000)
        : null,
    approvals: waiting ? plan.approvals : null,
    paused: null,
    waitsForRoom: plan.full && (stage as Stage) === 'Training',
    decisionPending: plan.decisionPending,
    decision: plan.decision,
    revision: plan.revision,
    steps,
    resets: plan.resets ?? [],
    gateChecks: done('assess_model_quality') ? (report ? standardChecks(report, passed) : checksOf(plan.metrics)) : [],
    deployments: (['dev', 'prod'] as const)
      .filter((environment) => done(environment === 'dev' ? 'deploy_dev' : 'deploy_prod'))
      .map((environment) => ({
        environment,
        modelId: `model-${short}`,
        url: `http://127.0.0.1:${environment === 'dev' ? 8080 : 8081}/models/model-${short}`,
        deployedAt: steps.find((s) => s.step === `deploy_${environment}`)?.endedAt as string,
      })),
    modelId: done('train_model') ? `model-${short}` : null,
    pipeline: startedAt === null ? null : 'standard',
    notes: [],
    namespace: 'default',
    taskQueue: 'mlops-task-queue',
    temporalUrl:
      startedAt === null ? null : `http://127.0.0.1:8233/namespaces/default/workflows/${encodeURIComponent(plan.workflowId)}`,
    encryption: startedAt === null ? null : { state: 'encrypted', keyIds: ['k-7f3a91c2'] },
    incomplete: null,
  }
}

const summaryOf = ({
  steps: _steps,
  resets: _resets,
  gateChecks: _gateChecks,
  deployments: _deployments,
  notes: _notes,
  namespace: _namespace,
  taskQueue: _taskQueue,
  temporalUrl: _temporalUrl,
  encryption: _encryption,
  incomplete: _incomplete,
  ...summary
}: RunDetail): RunSummary => summary

const good: Figures = { accuracy: 0.913, mae: 1.508, r2: 0.842 }
const fair: Figures = { accuracy: 0.828, mae: 2.014, r2: 0.741 }
const bad: Figures = { accuracy: 0.622, mae: 3.117, r2: 0.413 }
const gpu = { message: 'GPU temporarily unavailable', type: 'GpuUnavailable' }
const noDatabase = { message: 'Postgres cannot be reached at 127.0.0.1:5432: connection refused', type: 'DatabaseUnavailable' }
const minute = 60_000
const hour = 60 * minute

function plansOf(scenario: Scenario, now: number): Plan[] {
  let n = 0
  const plan = (fileName: string, ageMs: number, change: Partial<Plan> = {}): Plan => {
    n++
    const acceptedAt = now - ageMs
    const stem = fileName
      .replace(/\.csv$/, '')
      .replace(/[^\w.-]/g, '_')
      .slice(0, 200)
    return {
      workflowId: `mlops-${Math.floor(acceptedAt / 1000)}-${stem}`,
      fileName,
      sizeBytes: 187_000 + n * 1013,
      acceptedAt,
      startDelayMs: 300,
      by: n % 4 === 0 ? 'grace' : 'ada',
      origin: n % 3 === 0 ? 'inbox' : n % 3 === 1 ? 'window' : 'cli',
      attempts: { train_model: [{ ms: 15_000 + ((n * 1777) % 10_000) }] },
      metrics: fair,
      decision: null,
      decisionPending: false,
      cancelledAt: null,
      cancelReason: null,
      queuedProblem: null,
      full: false,
      approvalHours: 24,
      approvals: anybody,
      revision: 1,
      ...change,
    }
  }
  const decided = (
    decision: 'approve' | 'reject',
    agoMs: number,
    reason: string,
    operator: string | null = 'Ada Lovelace',
  ): Decision => ({
    decisionId: `d-${agoMs}`,
    decision,
    reason,
    operator,
    host: operator ? 'workbench' : null,
    via: operator ? 'update' : 'signal',
    at: iso(now - agoMs),
  })
  const long = { train_model: [{ ms: 60_000 }] }
  const retrying = { train_model: [{ ms: 2400, failure: gpu }, { ms: 3100, failure: gpu }, { ms: 17_000 }] }
  const lost = {
    train_model: [
      { ms: 4000, failure: gpu },
      { ms: 3500, failure: gpu },
      { ms: 5200, failure: gpu },
    ],
  }
  switch (scenario) {
    case 'empty':
      return []
    case 'many':
      return Array.from({ length: 3000 }, (_, i) =>
        plan(`batch_${String(3000 - i).padStart(4, '0')}.csv`, 2 * hour + i * 41_000, { metrics: i % 7 === 0 ? bad : fair }),
      )
    case 'longNames':
      return [
        plan(
          `${'Quarterly abalone measurements from the southern reefs, resampled and cleaned (final, really final) '.repeat(2)}.csv`,
          3 * minute,
          { metrics: good, by: 'a.very.long.operator.name@research.institute.example' },
        ),
        plan('"quoted" — Übergrößenträger 🐚 données.csv', 2 * minute, { metrics: good }),
        plan(`${'x'.repeat(251)}.csv`, 40_000, { attempts: retrying }),
        plan('../../etc/passwd.csv', 50 * minute, {
          attempts: {
            preprocess_data: [
              {
                ms: 80,
                failure: {
                  message: `It has 12 rows; at least 25 are needed. ${'The first line was read as a header because none of its fields is a number. '.repeat(3)}`,
                  type: 'TooFewRows',
                  nonRetryable: true,
                },
              },
            ],
          },
        }),
      ]
    case 'long':
      return [
        plan('just_begun.csv', 900),
        plan('three_hundred_tries.csv', 11 * hour, {
          attempts: { log_experiment: [...Array.from({ length: 300 }, () => ({ ms: 40, failure: noDatabase })), { ms: 260 }] },
          metrics: good,
        }),
        plan('still_trying.csv', 40 * minute, {
          attempts: { log_experiment: Array.from({ length: 400 }, () => ({ ms: 40, failure: noDatabase })) },
          unseen: (attempt) => attempt > 2 && attempt < 8,
        }),
        plan(`${'A run of a whole week with a name that says everything about it '.repeat(2)}.csv`, 7 * 24 * hour, {
          attempts: retrying,
          metrics: good,
          approvalHours: 24 * 14,
          decision: decided('approve', 20 * hour, 'Holds on last month’s data'),
        }),
        plan('twenty_hours.csv', 20 * hour, { metrics: good }),
        plan('sent_back.csv', 3 * minute, {
          attempts: lost,
          resets: [
            {
              at: iso(now - 3 * minute + 9_000),
              by: 'ada@workbench',
              reason: 'The card was swapped',
              fromRunId: '0198f2a4-7c1e-7b3a-9d20-00000000abcd',
            },
          ],
        }),
      ]
    case 'troubled':
      return [
        plan('good_model.csv', 9000, { queuedProblem: 'Temporal cannot be reached; it starts as soon as it can' }),
        plan('sensor_dump.csv', 20_000, { queuedProblem: 'Temporal cannot be reached; it starts as soon as it can' }),
        plan('db_failure.csv', 3 * minute, {
          attempts: {
            train_model: [{ ms: 15_000 }],
            log_experiment: Array.from({ length: 60 }, () => ({ ms: 90, failure: noDatabase })),
          },
        }),
        plan('prod_candidate.csv', 20 * minute, { metrics: good, decisionPending: true }),
        plan('reef_survey.csv', 4 * minute, { attempts: { train_model: [{ ms: 24 * hour }] }, full: true }),
      ]
    case 'locked':
    case 'approvals':
      return [
        plan('abalone_reef_north.csv', 22 * minute, { by: 'grace', metrics: good }),
        plan('abalone_two_eyes.csv', 95 * minute, {
          by: 'grace',
          metrics: good,
          approvals: {
            needed: 2,
            given: [
              { operator: 'grace', host: 'reef-desk', reason: 'MAE is better in every slice.', at: iso(now - 40 * minute) },
            ],
            approvers: ['Ada Lovelace', 'grace', 'olga'],
            submitter: null,
          },
        }),
        plan('good_model.csv', 3 * hour, {
          by: 'Ada Lovelace',
          metrics: good,
          approvals: { ...anybody, submitter: 'Ada Lovelace' },
        }),
        plan('abalone_late.csv', 23.7 * hour, { by: 'olga', metrics: good }),
        plan('abalone_reviewed.csv', 27 * hour, {
          metrics: good,
          decision: decided('approve', 26 * hour, 'Steady on every slice, and the test part is of this season.'),
        }),
      ]
    case 'mixed':
      return [
        plan('abalone_week_47.csv', 2500, { attempts: long }),
        plan('reef_survey.csv', 9000, { attempts: long }),
        plan('failing_training.csv', 15_500, { attempts: retrying }),
        plan('good_model.csv', 4.6 * minute, { metrics: good }),
        plan('db_failure.csv', 2 * minute, {
          attempts: {
            train_model: [{ ms: 15_000 }],
            log_experiment: Array.from({ length: 40 }, () => ({ ms: 90, failure: noDatabase })),
          },
        }),
        plan('bad_model.csv', 7 * minute, { metrics: bad }),
        plan('prod_candidate.csv', 38 * minute, {
          metrics: good,
          decision: decided('approve', 31 * minute, 'MAE is better than last week and no slice got worse.'),
        }),
        plan('gpu_outage.csv', 52 * minute, { attempts: lost }),
        plan('spring_campaign.csv', 63 * minute, { metrics: { accuracy: 0.877, mae: 1.71, r2: 0.79 } }),
        plan('tiny.csv', 70 * minute, {
          attempts: {
            preprocess_data: [
              { ms: 80, failure: { message: 'It has 12 rows; at least 25 are needed.', type: 'TooFewRows', nonRetryable: true } },
            ],
          },
        }),
        plan('candidate_b.csv', 84 * minute, {
          metrics: good,
          decision: decided('reject', 75 * minute, 'The training data stops in August.', 'Grace Hopper'),
        }),
        plan('wrong_password.csv', 95 * minute, {
          attempts: {
            train_model: [{ ms: 15_500 }],
            log_experiment: [
              {
                ms: 60,
                failure: {
                  message: 'Postgres refused the password of user gatehouse (28P01). Correct it in Settings, then run again.',
                  type: 'DatabaseConfiguration',
                  nonRetryable: true,
                },
              },
            ],
          },
        }),
        plan('signalled.csv', 2.2 * hour, { metrics: good, decision: decided('approve', 2 * hour, '', null) }),
        plan('mistake.csv', 2.5 * hour, {
          cancelledAt: now - 2.5 * hour + 9000,
          cancelReason: 'Wrong export, the right one follows',
        }),
        plan('forgotten.csv', 27 * hour, { metrics: good }),
        plan('abalone_reviewed.csv', 3 * hour, {
          metrics: good,
          decision: decided('approve', 2.9 * hour, 'Steady on every slice, and the test part is of this season.'),
        }),
        plan('wide_sensors.csv', 5 * hour, { metrics: fair }),
        plan('abalone_first.csv', 26 * hour, {
          metrics: good,
          decision: decided('approve', 25 * hour, 'The first real one.', 'Grace Hopper'),
        }),
        ...Array.from({ length: 15 }, (_, i) =>
          plan(`abalone_2025_${String(46 - i)}.csv`, (28 + i * 5) * hour, { metrics: i % 5 === 2 ? bad : fair }),
        ),
      ]
  }
}

const part = (change: Partial<StackHealth['temporal']>): StackHealth['temporal'] => ({
  state: 'up',
  summary: '',
  detail: '',
  remedy: '',
  progress: null,
  address: null,
  ...change,
})

const brokenSettings = {
  file: '/home/ada/.local/share/gatehouse/config/settings.json',
  problem:
    'The settings in /home/ada/.local/share/gatehouse/config/settings.json could not be used: Unexpected end of JSON input. It was kept as /home/ada/.local/share/gatehouse/config/settings.json.broken-1f0c2a77. The defaults apply until you save settings again.',
}

const healthOf = (scenario: Scenario): StackHealth => ({
  profile: 'embedded',
  temporal:
    scenario === 'troubled'
      ? part({
          state: 'starting',
          summary: 'building the server',
          detail: 'The Temporal server is built through the Go module proxy, once. About five minutes on two cores.',
          progress: 0.42,
        })
      : part({ summary: 'embedded 7233', address: '127.0.0.1:7233' }),
  postgres:
    scenario === 'troubled'
      ? part({
          state: 'down',
          summary: 'does not answer',
          detail:
            'Postgres ended at 14:02 and did not come back: its data folder is on a full disk. Runs wait at their experiment log; nothing is lost.',
          remedy: 'Free some space on the disk, then try again. Waiting steps go on by themselves.',
        })
      : part({ summary: 'embedded 5433', address: '127.0.0.1:5433' }),
  worker: part({ summary: '3 of 100', detail: '3 activities under way; 100 may be.' }),
  inbox: part({ summary: '1 folder', address: '/home/ada/.local/share/gatehouse/data/raw' }),
  dev: part({ summary: '8080', address: 'http://127.0.0.1:8080' }),
  prod: part({ summary: '8081', address: 'http://127.0.0.1:8081' }),
  secrets: part({ summary: 'OS keychain' }),
  unusable: scenario === 'troubled' ? [brokenSettings] : [],
  disk:
    scenario === 'troubled'
      ? part({
          state: 'down',
          summary: '0 bytes free',
          detail:
            'The disk of the data folder is full (0 bytes free). New files stay where they are, decisions and settings are refused, and runs wait; nothing that was accepted is lost.',
          remedy:
            'Free some space on it; all goes on by itself. In the data folder only old archives in backups and diagnostics may go.',
          address: '/home/ada/.local/share/gatehouse',
        })
      : part({ summary: '74 GB free', address: '/home/ada/.local/share/gatehouse' }),
  temporalUiUrl: scenario === 'troubled' ? null : 'http://127.0.0.1:8233',
})

const policy = (maximumAttempts: number, initialIntervalSeconds: number, maximumIntervalSeconds: number) => ({
  maximumAttempts,
  initialIntervalSeconds,
  backoffCoefficient: 2,
  maximumIntervalSeconds,
})
const firstSettings: Settings = {
  inboxFolders: ['/home/ada/.local/share/gatehouse/data/raw'],
  settleSeconds: 1,
  maxFileBytes: 4 * 1024 ** 3,
  operator: 'Ada Lovelace',
  demoTrainer: { minSeconds: 15, maxSeconds: 25 },
  approvalTimeoutHours: 24,
  retries: {
    preprocess_data: policy(3, 1, 30),
    train_model: policy(3, 5, 120),
    log_experiment: policy(0, 2, 10),
    assess_model_quality: policy(3, 1, 30),
    deploy_dev: policy(3, 2, 60),
    deploy_prod: policy(2, 5, 60),
    record_decision: policy(0, 2, 10),
  },
  pipelines: defaultPipelines,
  startsPerSecond: 20,
  notifications: defaultNotifications,
  metrics: { on: false, port: null },
  appearance: 'system',
}

const firstDrill = (name: DrillName, title: string, description: string, options: Partial<Drill['options']> = {}): Drill => ({
  name,
  title,
  description,
  options: { scope: true, count: true, probability: null, seconds: null, latency: false, startsWorker: false, ...options },
  on: null,
})
const onServers = { scope: false, count: false }
const firstDrills: DrillsState = {
  drills: [
    firstDrill('training-fails', 'Training fails', 'Each attempt to train fails with "GPU temporarily unavailable".'),
    firstDrill('gate-fails', 'Quality gate fails', 'The gate refuses the model whatever its figures are.'),
    firstDrill('deployment-flaps', 'Deployment flaps', 'An attempt to deploy fails with this probability.', { probability: 0.5 }),
    firstDrill('random-failures', 'Random failures', 'An attempt of any step fails with this probability.', { probability: 0.1 }),
    firstDrill('slow-step', 'Slow steps', 'Each attempt of each step waits this long before its work begins.', { seconds: 10 }),
    firstDrill(
      'worker-crash',
      'Worker crash',
      'A worker in a process of its own is killed while it works on a step; whoever takes the step next does it again.',
      { startsWorker: true },
    ),
    firstDrill('postgres-down', 'Postgres stopped', 'The real database server is stopped.', onServers),
    firstDrill(
      'postgres-password',
      'Wrong database password',
      'Gatehouse logs in to the real database with a password that is not right.',
      onServers,
    ),
    firstDrill(
      'postgres-database',
      'Wrong database name',
      'Gatehouse asks the real server for a database that it does not have.',
      onServers,
    ),
    firstDrill('temporal-down', 'Temporal stopped', 'The real Temporal server is stopped.', onServers),
    ...(['postgres', 'temporal'] as const).flatMap((server) => {
      const name = server === 'postgres' ? 'Postgres' : 'Temporal'
      return [
        firstDrill(`${server}-cut`, `Network to ${name} cut`, `Every connection of this host to ${name} is reset.`, onServers),
        firstDrill(
          `${server}-silent`,
          `Network to ${name} silent`,
          `Nothing that this host and ${name} send reaches the other, and neither is told.`,
          onServers,
        ),
        firstDrill(
          `${server}-slow`,
          `Slow link to ${name}`,
          `What this host and ${name} send each other arrives this much later, at 64 kB/s.`,
          { ...onServers, seconds: 0.3, latency: true },
        ),
      ]
    }),
  ],
  production: null,
  failureFile: {
    path: '/home/ada/.local/share/gatehouse/config/failure_simulation.json',
    state: 'absent',
    activity: null,
    problem: null,
  },
  problem: null,
  audit: [],
  revision: 0,
}

type Listener = <N extends EventName>(name: N, payload: EventPayload<N>) => void

export interface SimulatedHost {
  handlers: Handlers
  onEvent(listener: Listener): () => void
  /** Tells what changed since the last time; called by a timer, or by a test. */
  tick(): void
  /** Takes a file as the web shell's upload does. */
  receive(fileName: string, sizeBytes: number): IntakeEntry[]
}

export function createSimulatedHost(scenario: Scenario, clock: () => number = Date.now): SimulatedHost {
  const began = clock()
  const plans = new Map(plansOf(scenario, began).map((p) => [p.workflowId, p]))
  const listeners = new Set<Listener>()
  const told = new Map<string, string>()
  let settings = firstSettings
  let settingsBefore: Settings | null = null
  const metricsState = () => ({
    url: settings.metrics.on ? `http://127.0.0.1:${settings.metrics.port ?? 4790}/metrics` : null,
    problem: null,
  })
  let drills = firstDrills
  const health = healthOf(scenario)
  const entries: IntakeEntry[] = []
  const emit: Listener = (name, payload) => {
    for (const listener of [...listeners]) listener(name, payload)
  }
  const enter = (
    fileName: string,
    sizeBytes: number | null,
    outcome: IntakeEntry['outcome'],
    message: string,
    at: number,
    workflowId: string | null = null,
    code: string | null = null,
  ) => {
    const entry: IntakeEntry = {
      id: entries.length + 1,
      fileName,
      path: `/home/ada/.local/share/gatehouse/data/raw/${fileName}`,
      sizeBytes,
      outcome,
      code,
      message,
      workflowId,
      at: iso(at),
    }
    entries.push(entry)
    return entry
  }
  for (const p of [...plans.values()].slice(0, 200).reverse())
    enter(p.fileName, p.sizeBytes, 'accepted', 'It became a new run.', p.acceptedAt, p.workflowId)
  if (scenario === 'mixed') {
    const firstId = [...plans.keys()][3] ?? null
    enter(
      'good_model.csv',
      188_000,
      'alreadyProcessed',
      'The same file with the same content was processed before; nothing was started. Open its run, or run it again there.',
      began - 3 * minute,
      firstId,
    )
    enter(
      'holiday.csv',
      2_400_000,
      'refused',
      'It is a PNG image, not a CSV. It stays in the inbox; nothing was started. Export the table as CSV and drop that.',
      began - 2.5 * minute,
      null,
      'binary',
    )
    enter(
      'empty.csv',
      0,
      'refused',
      'It is empty. It stays in the inbox; nothing was started.',
      began - 2 * minute,
      null,
      'empty',
    )
    enter(
      'export_running.csv',
      910_000_000,
      'waiting',
      'It is still being written; it is taken once it has not changed for 1 s.',
      began - 20_000,
      null,
      'settling',
    )
  }

  const detail = (workflowId: string) => {
    const p = plans.get(workflowId)
    if (!p) throw notFound(`There is no run ${workflowId}.`)
    return runAt(p, clock())
  }
  const tick = () => {
    const changed: RunSummary[] = []
    for (const p of plans.values()) {
      const before = told.get(p.workflowId)
      if (before?.startsWith('over')) continue
      const run = runAt(p, clock())
      const summary = summaryOf(run)
      const text = `${isEndStage(run.stage) ? 'over' : ''}${JSON.stringify({ ...summary, revision: 0 })}`
      if (text !== before) {
        if (before !== undefined) {
          p.revision++
          changed.push({ ...summary, revision: p.revision })
          if (run.stage === 'AwaitingApproval' && !before.includes('AwaitingApproval')) {
            emit('notice', {
              kind: 'approvalPending',
              title: `${run.fileName} waits for approval`,
              subject: run.fileName,
              body: `Accuracy ${run.metrics?.accuracy}, MAE ${run.metrics?.mae}`,
              workflowId: run.workflowId,
            })
          }
        }
        told.set(p.workflowId, text)
      }
      const training = run.steps.find((s) => s.step === 'train_model')
      if (training?.state === 'running' && training.progress)
        emit('run.progress', {
          workflowId: run.workflowId,
          step: 'train_model',
          attempt: training.attempts.length,
          progress: training.progress,
        })
    }
    if (changed.length > 0) emit('runs.changed', { runs: changed })
  }
  const add = (fileName: string, sizeBytes: number, origin: Plan['origin'], suffix = ''): Plan => {
    const at = clock()
    const stem = fileName.replace(/\.csv$/, '').replace(/[^\w.-]/g, '_')
    const p: Plan = {
      workflowId: `mlops-${Math.floor(at / 1000)}-${stem}${suffix}`,
      fileName,
      sizeBytes,
      acceptedAt: at,
      startDelayMs: 400,
      by: settings.operator,
      origin,
      attempts: { train_model: [{ ms: settings.demoTrainer.minSeconds * 1000 }] },
      metrics: fileName.includes('good') ? good : fileName.includes('bad') ? bad : fair,
      decision: null,
      decisionPending: false,
      cancelledAt: null,
      cancelReason: null,
      queuedProblem: null,
      full: false,
      approvalHours: settings.approvalTimeoutHours,
      approvals: anybody,
      revision: 1,
    }
    plans.set(p.workflowId, p)
    const run = summaryOf(runAt(p, at))
    told.set(p.workflowId, JSON.stringify({ ...run, revision: 0 }))
    emit('runs.changed', { runs: [run] })
    return p
  }
  const receive = (fileName: string, sizeBytes: number): IntakeEntry[] => {
    const known = [...plans.values()].find((p) => p.fileName === fileName)
    const entry = !fileName.endsWith('.csv')
      ? enter(
          fileName,
          sizeBytes,
          'refused',
          'It is not a CSV. Nothing was started; the original was not touched.',
          clock(),
          null,
          'binary',
        )
      : sizeBytes === 0
        ? enter(fileName, sizeBytes, 'refused', 'It is empty. Nothing was started.', clock(), null, 'empty')
        : known
          ? enter(
              fileName,
              sizeBytes,
              'alreadyProcessed',
              'The same file with the same content was processed before; nothing was started.',
              clock(),
              known.workflowId,
            )
          : enter(fileName, sizeBytes, 'accepted', 'It became a new run.', clock(), add(fileName, sizeBytes, 'window').workflowId)
    emit('intake.changed', { entries: [entry] })
    return [entry]
  }

  const payload = (label: string, value: string): CallOutput<'runs.payloads'>['inputs'][number] => ({
    label,
    encoding: 'binary/encrypted',
    keyId: 'k-7f3a91c2',
    sizeBytes: value.length,
    stored: btoa([...value].map((_, i) => String.fromCharCode((i * i * 31 + 7 * i) % 256)).join('')),
    holds: { encoding: 'json/plain', messageType: null, sizeBytes: value.length },
    json: value,
    plain: null,
    unreadable: null,
    ref: null,
  })
  const decisions = new Map<string, 'delivered' | 'pending'>()
  let workerStopped: WorkerStopped | null = null
  let workerProcess: WorkerProcess | null = null
  const processIdentity = 'ada@workbench (worker 5150)'
  const switchProcess = (on: boolean, reason: string, forDrill = false) => {
    const at = { since: iso(clock()), by: settings.operator, reason, againAt: null, restarts: 0 }
    workerProcess = on
      ? { ...at, state: 'polling', processId: 5150, identity: processIdentity, forDrill, detail: '' }
      : {
          ...at,
          ...{ state: 'ended', processId: null, identity: null, forDrill: false },
          detail: `It was stopped by ${settings.operator}: ${reason}.`,
        }
    emit('workers.changed', { process: workerProcess })
  }
  const simulatedWorker = (change: Partial<WorkerInfo>): WorkerInfo => ({
    identity: 'worker',
    here: false,
    beside: false,
    host: 'workbench',
    processId: 4242,
    taskQueue: 'mlops-task-queue',
    sdk: 'typescript 1.24.0',
    build: '@temporalio/worker@1.24.0+b1aeab16b227c6ac',
    startedAt: iso(clock() - 3_600_000),
    lastSeenAt: iso(clock() - 4_000),
    slots: { used: 1, total: 100 },
    ...change,
  })
  const registry = createSimulatedRegistry({
    runs: () => [...plans.values()].map((p) => runAt(p, clock())),
    operator: () => settings.operator,
    emit,
    clock,
    problem: health.postgres.state === 'up' ? null : 'Postgres cannot be reached, so who decided is not known now.',
  })
  let views: ViewsState = { views: [], columns: null, problem: null, revision: 1 }
  const setViews = (change: Partial<ViewsState>) => {
    views = { ...views, ...change, revision: views.revision + 1 }
    emit('views.changed', { state: views })
    return views
  }
  const handlers: Handlers = {
    'app.info': () => ({
      version: '0.1.0',
      home: '/home/ada/.local/share/gatehouse',
      operator: settings.operator,
      host: 'workbench',
      platform: 'linux x64',
    }),
    'app.selfTest': async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      return {
        ok: true,
        electron: '45.4.1',
        node: '24.21.0',
        platform: 'linux',
        arch: 'x64',
        rows: [
          { name: 'better-sqlite3 loads', ok: true, detail: '13.2.0', milliseconds: 11 },
          { name: 'Temporal core-bridge loads', ok: true, detail: '1.24.0', milliseconds: 144 },
          { name: 'the keychain helper answers', ok: true, detail: 'as a utility process', milliseconds: 160 },
          { name: 'a saved history replays', ok: true, detail: '62 events', milliseconds: 1_173 },
        ],
      }
    },
    'runs.list': ({ limit, offset, sort = newestFirst, ...filter }) => {
      const all = [...plans.values()].map((p) => summaryOf(runAt(p, clock())))
      const fit = sortRuns(all.filter(runFits(filter, clock())), sort, clock())
      const byStage: Partial<Record<Stage, number>> = {}
      for (const run of all) byStage[run.stage] = (byStage[run.stage] ?? 0) + 1
      return { runs: fit.slice(offset, offset + limit), total: fit.length, byStage }
    },
    'views.list': () => views,
    'views.save': ({ view }) => setViews({ views: [...views.views.filter(({ id }) => id !== view.id), view] }),
    'views.remove': ({ id }) => setViews({ views: views.views.filter((view) => view.id !== id) }),
    'views.keepColumns': ({ columns }) => setViews({ columns }),
    'runs.get': ({ workflowId }) => detail(workflowId),
    'runs.payloads': ({ workflowId, step }) => {
      const run = detail(workflowId)
      const state = run.steps.find((s) => s.step === step)?.state
      const results =
        state !== 'completed'
          ? []
          : step === 'train_model'
            ? [
                payload(
                  'TrainResult',
                  `{"model_id":"${run.modelId}","model":{"sha256":"${run.sha256}","uri":"sha256:${run.sha256}","size_bytes":48213},"metrics":${JSON.stringify(run.metrics)},"trainer":"demo","training_seconds":18.4,"seed":9007199254740993,"proprietary_config":{"secret_learning_rate_multiplier":1.337,"custom_regularization_alpha":0.00042,"advanced_dropout_schedule":"exponential_secret","internal_model_architecture":"CompanyXL_v2.1"}}`,
                ),
              ]
            : step === 'preprocess_data'
              ? [
                  payload(
                    'PreprocessResult',
                    `{"rows":4177,"columns":[{"name":"sex","type":"text"},{"name":"length","type":"number"},{"name":"rings","type":"number"}],"target":"rings","has_header":true,"delimiter":",","encoding":"utf-8","skipped_rows":0,"notes":[]}`,
                  ),
                ]
              : step === 'log_experiment'
                ? [
                    {
                      ...payload('LogExperimentResult', ''),
                      json: null,
                      encoding: 'binary/encrypted',
                      keyId: 'k-c0ffee01',
                      sizeBytes: 212,
                      stored: btoa(run.sha256.repeat(3)),
                      unreadable:
                        'Its key k-c0ffee01 is not in this key ring. Import the key to read it; the run itself is not affected.',
                    },
                  ]
                : [payload('Result', '{"status":"done"}')]
      return {
        step,
        inputs: [
          payload(
            'Input',
            `{"file_path":"/data/raw/${run.fileName.replace(/["\\]/g, '')}","dataset":{"sha256":"${run.sha256}","size_bytes":${run.sizeBytes}}}`,
          ),
        ],
        results,
        headers: [],
        heartbeat: state === 'running' ? [payload('heartbeat', '{"fraction":0.62,"message":"round 93 of 150"}')] : [],
        failures: [],
        failureValues: [],
        incomplete: null,
      }
    },
    'runs.values': ({ workflowId }) => {
      const run = detail(workflowId)
      const plain = (label: string, value: unknown) => ({
        ...payload(label, JSON.stringify(value)),
        encoding: 'json/plain',
        keyId: null,
      })
      return {
        status: payload(
          'get_status',
          JSON.stringify({ current_step: 'awaiting_prod_approval', workflow_id: workflowId, quality_metrics: run.metrics }),
        ),
        statusProblem: null,
        input: [payload('input', JSON.stringify({ file_path: `/data/raw/${run.fileName}`, submitted_by: run.submittedBy }))],
        memo: [],
        searchAttributes: [plain('searchAttributes.GatehouseStage', run.stage)],
        headers: [],
      }
    },
    'runs.diff': ({ left, right, reveal }) => {
      const [a, b] = [detail(left), detail(right)]
      const metrics = (['mae', 'rmse', 'r2', 'accuracy'] as const).flatMap((name): DiffEntry[] => {
        const [before, after] = [a.metrics?.[name], b.metrics?.[name]]
        if (before === undefined || after === undefined) return []
        const by = after - before
        return [
          {
            ...{ path: name, kind: by === 0 ? 'same' : 'changed', covered: false },
            ...{ left: String(before), right: String(after) },
            change: by === 0 ? null : { by: by.toPrecision(4), share: by / before, better: by > 0 === higherIsBetter[name] },
          },
        ]
      })
      const entry = (path: string, before: unknown, after: unknown, covered = false): DiffEntry => ({
        ...{ path, covered, kind: before === after ? 'same' : 'changed', change: null },
        left: covered && !reveal ? null : JSON.stringify(before),
        right: covered && !reveal ? null : JSON.stringify(after),
      })
      const section = (
        name: string,
        title: string,
        entries: DiffEntry[],
        problems: DiffSection['problems'] = [],
      ): DiffSection => ({
        ...{ name, title, problems, note: null },
        entries: [...entries.filter(({ kind }) => kind !== 'same'), ...entries.filter(({ kind }) => kind === 'same')],
        differing: entries.filter(({ kind }) => kind !== 'same').length,
        same: entries.filter(({ kind }) => kind === 'same').length,
      })
      return {
        ...{ left, right },
        sections: [
          section('outcome', 'Outcome', [
            entry('stage', a.stage, b.stage),
            entry('file.name', a.fileName, b.fileName),
            entry('file.sizeBytes', a.sizeBytes, b.sizeBytes),
            entry('modelId', a.modelId, b.modelId),
          ]),
          section('metrics', 'Metrics', metrics),
          section('results', 'Results', [
            entry('train_model.proprietary_config.secret_learning_rate_multiplier', 1.337, 1.41, true),
            entry('train_model.trainer', 'demo', 'demo'),
          ]),
          section(
            'profile',
            'Data profile',
            [],
            [{ side: 'right', text: 'Its key k-c0ffee01 is not in this key ring. Import the key to read it.', expected: false }],
          ),
          section('settings', 'Settings and pipeline', [entry('approval_timeout_seconds', 86400, 86400)]),
        ],
      }
    },
    'runs.diffAttempts': ({ workflowId, step, left, right }) => {
      const attempts = detail(workflowId).steps.find((each) => each.step === step)?.attempts ?? []
      const [a, b] = [left, right].map((number) => attempts.find(({ attempt }) => attempt === number))
      if (!a || !b) throw notFound(`Attempt ${a ? right : left} of ${step} is not known here.`)
      const text = (attempt: typeof a) => (attempt.failure ? JSON.stringify(attempt.failure.message) : null)
      const [before, after] = [text(a), text(b)]
      return {
        ...{ left: `Attempt ${left}`, right: `Attempt ${right}` },
        sections: [
          {
            ...{ name: 'failure', title: 'Failure', problems: [], note: null },
            ...{ same: before === after ? 1 : 0, differing: before === after ? 0 : 1 },
            entries: [
              {
                ...{ path: 'message', left: before, right: after, covered: false, change: null },
                kind: before === null ? 'added' : after === null ? 'removed' : before === after ? 'same' : 'changed',
              },
            ],
          },
          {
            ...{ name: 'heartbeat', title: 'Last heartbeat', entries: [], note: null, same: 0, differing: 0 },
            problems: [{ side: 'left', text: 'Temporal keeps the heartbeat of the latest attempt alone.', expected: true }],
          },
        ],
      }
    },
    'history.payload': () => {
      throw notFound('This value is no more where it was. Read the run again.')
    },
    'history.search': () => ({ hits: [], total: 0, covered: 0, events: 0, unreadable: 0, left: 0, done: true }),
    'history.openFile': ({ fileName, last }) =>
      last ? { id: crypto.randomUUID(), fileName, events: 0, workflowId: null, runId: null, workflowType: null } : null,
    'history.filePayload': () => {
      throw notFound('This file is no more open here. Open it again.')
    },
    'history.filePage': () => ({ events: [], older: null, unreadable: 0 }),
    'history.export': () => ({ text: '{"events":[]}', events: 0, unreadable: 0, next: null }),
    'history.page': ({ workflowId, older, limit }) => {
      const run = detail(workflowId)
      const all = run.steps
        .filter(({ scheduledAt, kind }) => scheduledAt !== null && kind === 'activity')
        .flatMap(({ step, scheduledAt, attempts }, index): HistoryEvent[] => {
          const failure = attempts.find((attempt) => attempt.failure)?.failure
          const facts = [
            { name: 'taskQueue.name', value: 'mlops-task-queue' },
            { name: 'startToCloseTimeout', value: '2 h' },
            { name: 'retryPolicy.maximumAttempts', value: '3' },
          ]
          const event = { at: scheduledAt, subject: step, answers: null, failures: [], facts }
          const scheduled = String(index * 3 + 5)
          return [
            {
              ...event,
              ...{ id: scheduled, type: 'ActivityTaskScheduled' },
              payloads: [payload('input', JSON.stringify({ file_path: `/data/raw/${run.fileName}`, size_bytes: run.sizeBytes }))],
            },
            {
              ...event,
              ...{ id: String(index * 3 + 6), type: 'ActivityTaskStarted', answers: scheduled, payloads: [] },
              failures: failure ? [{ path: 'lastFailure', ...failure }] : [],
            },
            {
              ...event,
              ...{ id: String(index * 3 + 7), type: 'ActivityTaskCompleted', answers: scheduled },
              payloads: [
                step === 'log_experiment'
                  ? { ...payload('result', ''), json: null, unreadable: 'Its key k-c0ffee01 is not in this key ring.' }
                  : payload('result', '{"status":"done"}'),
              ],
            },
          ]
        })
        .reverse()
      const from = older === null ? 0 : Number(atob(older))
      const events = all.slice(from, from + limit)
      return {
        events,
        older: from + limit < all.length ? btoa(String(from + limit)) : null,
        unreadable: events.flatMap(({ payloads }) => payloads).filter(({ unreadable }) => unreadable !== null).length,
      }
    },
    'runs.experiment': () => ({ rows: 0, experiment: null }),
    'runs.profile': ({ workflowId }) => {
      const run = detail(workflowId)
      const read = run.steps.find(({ step }) => step === 'preprocess_data')?.state === 'completed'
      return read ? profileOf(run.fileName) : null
    },
    'runs.report': ({ workflowId }) => {
      const { modelId } = detail(workflowId)
      return modelId === null ? null : registry['models.get']({ modelId }).report
    },
    'runs.decide': ({ workflowId, decisionId, decision, reason, operator = settings.operator }) => {
      const seen = decisions.get(decisionId)
      if (seen) return { state: seen }
      const run = detail(workflowId)
      const p = plans.get(workflowId) as Plan
      if (run.stage !== 'AwaitingApproval' || p.decision) throw conflict('This run no longer waits for a decision.')
      decisions.set(decisionId, health.temporal.state === 'up' ? 'delivered' : 'pending')
      if (health.temporal.state === 'up')
        p.decision = {
          decisionId,
          decision,
          reason,
          operator,
          host: 'workbench',
          via: 'update',
          at: iso(clock()),
        }
      else p.decisionPending = true
      tick()
      return { state: decisions.get(decisionId) as 'delivered' | 'pending' }
    },
    'runs.again': ({ workflowId }) => {
      const run = detail(workflowId)
      return { workflowId: add(run.fileName, run.sizeBytes, 'again', '-again').workflowId }
    },
    'runs.cancel': ({ workflowId, reason }) => {
      const p = plans.get(workflowId)
      if (!p) throw notFound(`There is no run ${workflowId}.`)
      p.cancelledAt = clock()
      p.cancelReason = reason
      tick()
      return {}
    },
    'runs.terminate': ({ workflowId, reason }) => {
      const p = plans.get(workflowId)
      if (!p) throw notFound(`There is no run ${workflowId}.`)
      p.cancelledAt = clock()
      p.cancelReason = reason
      tick()
      return {}
    },
    'runs.actOnStep': ({ workflowId }) => {
      if (!plans.has(workflowId)) throw notFound(`There is no run ${workflowId}.`)
      return {}
    },
    'approvals.list': ({ workflowIds }) => {
      const prod = registry['deployments.list']({}).environments.find(({ environment }) => environment === 'prod')?.served
      const model = prod ? registry['models.get']({ modelId: prod.modelId }) : null
      return {
        candidates: workflowIds.map(detail).map(({ workflowId, modelId, gateChecks, fileName }) => {
          const report = modelId === null ? null : registry['models.get']({ modelId }).report
          const profile = profileOf(fileName)
          return {
            ...{ workflowId, modelId, checks: gateChecks, task: report?.task ?? null, target: report?.target ?? null },
            data: profile && {
              rows: profile.rows,
              columns: profile.columns.length,
              quarantined: profile.quarantined.count,
              missing: 0.004,
              duplicates: profile.duplicates,
              leaks: profile.columns.filter(({ role }) => role === 'leak').map(({ name }) => name),
            },
          }
        }),
        production: model && prod ? { ...model, since: prod.at } : null,
        problem: health.postgres.state === 'up' ? null : 'Postgres cannot be reached, so what production serves is not known.',
      }
    },
    ...createSimulatedAudit(() => [...plans.values()], clock, scenario === 'empty' ? 0 : 3000),
    'intake.list': ({ limit }) => ({ entries: [...entries].sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, limit) }),
    'intake.submit': ({ paths }) => ({ entries: paths.flatMap((path) => receive(path.split('/').at(-1) ?? path, 1000)) }),
    ...createSimulatedKeys(
      scenario === 'troubled' ? 'file' : scenario === 'locked' ? 'locked' : 'usual',
      clock,
      () => ({ operator: settings.operator, host: 'workbench' }),
      (state) => emit('keys.changed', { state }),
    ),
    ...createSimulatedGuide(clock, (state) => emit('guide.changed', { state })),
    ...registry,
    'stack.health': () => health,
    'stack.retry': () => ({}),
    'workers.list': () => ({
      stopped: workerStopped,
      process: workerProcess,
      workers: [
        ...(workerStopped ? [] : [simulatedWorker({ identity: 'ada@workbench', here: true })]),
        ...(workerProcess?.state === 'polling'
          ? [simulatedWorker({ identity: processIdentity, beside: true, processId: 5150, slots: { used: 0, total: 200 } })]
          : []),
        simulatedWorker({
          identity: 'ci@build-7 (worker 8123)',
          host: 'build-7',
          processId: 8123,
          slots: { used: 3, total: 100 },
        }),
      ],
      waiting: workerStopped ? { steps: 2, runs: 1, oldestSeconds: 41 } : { steps: 0, runs: 0, oldestSeconds: 0 },
      problem: null,
    }),
    'workers.tell': () => ({}),
    'workers.switch': ({ on, reason }) => {
      workerStopped = on ? null : { by: settings.operator, at: iso(clock()), reason }
      return {}
    },
    'workers.switchProcess': ({ on, reason }) => {
      switchProcess(on, reason)
      return {}
    },
    ...createSimulatedData(emit, clock),
    'settings.get': () => settings,
    'settings.set': ({ settings: next }) => {
      settingsBefore = sameSettings(next, settingsBefore) ? null : settings
      settings = next
      emit('settings.changed', { settings })
      emit('metrics.changed', { state: metricsState() })
      return settings
    },
    'settings.about': () => ({
      defaults: firstSettings,
      before: settingsBefore,
    }),
    ...createSimulatedProfiles((state) => emit('profiles.changed', { state })),
    'metrics.get': metricsState,
    'notices.test': () => {
      const body = 'Notices of this Gatehouse arrive here.'
      emit('notice', { kind: 'test', title: 'A test', body, subject: null, workflowId: null })
      return {}
    },
    'drills.list': () => drills,
    'drills.set': ({ name, to }) => {
      const one = drills.drills.find((d) => d.name === name) as Drill
      const at = iso(clock())
      const by = { operator: settings.operator, host: 'workbench' }
      const on: Drill['on'] =
        to === null
          ? null
          : {
              ...by,
              scope: to.scope ?? { kind: one.options.scope ? 'next' : 'all' },
              run: null,
              uses: 0,
              count: to.count ?? null,
              until: to.minutes ? iso(clock() + to.minutes * 60_000) : null,
              probability: to.probability ?? one.options.probability,
              seconds: to.seconds ?? one.options.seconds,
              profile: to.profile ?? null,
              startsWorker: to.startsWorker ?? false,
              since: at,
            }
      if (on?.startsWorker && workerProcess?.state !== 'polling') switchProcess(true, 'for the drill "Worker crash"', true)
      if (on === null && workerProcess?.forDrill) switchProcess(false, 'the drill "Worker crash" has ended')
      drills = {
        ...drills,
        drills: drills.drills.map((d) => (d.name === name ? { ...d, on } : d)),
        audit: [
          {
            ...by,
            id: drills.audit.length + 1,
            at,
            event: on ? 'on' : 'off',
            drill: name,
            workflowId: null,
            step: null,
            attempt: null,
            detail: '',
          },
          ...drills.audit,
        ],
        revision: drills.revision + 1,
      }
      emit('drills.changed', { state: drills })
      return drills
    },
    'drills.meet': () => ({ fault: null }),
    'host.focus': () => ({ url: null }),
    'host.stop': () => ({}),
    'host.restart': () => ({}),
  }
  tick()
  return {
    handlers,
    onEvent(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    tick,
    receive,
  }
}

/** Whatever the order of their names: reading puts them into the contract's. */
const sameSettings = (one: Settings, other: Settings | null) => {
  const [a, b] = [settingsSchema.parse(one), other && settingsSchema.parse(other)]
  return JSON.stringify(a) === JSON.stringify(b)
}

import { randomUUID } from 'node:crypto'
import { isEndStage } from '../../../../contract/model.ts'
import { instead, NotSeen, type Phase, type Step, seen, soon } from '../look.ts'
import { drillIs, inStage, loggedOnce, type Place, stepCompleted, stepOf, switchDrillOff, switchDrillOn } from '../place.ts'

/** Phase 3: training that fails, a database that is away, a database that refuses. */
export function failures(place: Place): Phase {
  return {
    number: 3,
    title: 'Failures',
    about:
      'What is temporary is tried again, with growing waits, for as long as its policy says; what no retry can mend fails at once and says what to correct.',
    files: ['failing', 'outage', 'password'],
    steps: [...trainingFails(place), ...postgresAway(place), ...postgresRefuses(place)],
  }
}

const gpu = 'GPU temporarily unavailable'
const attemptsSeen = 3

function trainingFails(place: Place): Step[] {
  const failing = place.subject('failing')
  const policy = place.settings.retries.train_model
  const waits = Array.from({ length: attemptsSeen }, (_, i) =>
    Math.min(policy.maximumIntervalSeconds, policy.initialIntervalSeconds * policy.backoffCoefficient ** i),
  )
  const within = waits.reduce((sum, wait) => sum + wait, soon)
  const about = { within, subject: failing }
  return [
    {
      id: 'policy',
      words: 'Training retries are set to three attempts with growing waits',
      within: 0,
      look: async () => {
        const { maximumAttempts, initialIntervalSeconds, backoffCoefficient, maximumIntervalSeconds } = policy
        const grows = backoffCoefficient > 1 && maximumIntervalSeconds > initialIntervalSeconds
        const words = `${maximumAttempts} attempts, first wait ${initialIntervalSeconds} s, factor ${backoffCoefficient}`
        if (maximumAttempts !== attemptsSeen || !grows) throw new NotSeen(`${words}; the settings say otherwise`)
        return seen(words)
      },
    },
    {
      id: 'training-fails',
      words: 'The drill "Training fails" is on',
      does: {
        words: 'Switch it on for that file',
        act: () => switchDrillOn(place, 'training-fails', { scope: { kind: 'files', pattern: '*failing_training*.csv' } }),
      },
      within: soon,
      look: () => drillIs(place, 'training-fails', 'on'),
    },
    {
      id: 'failing-file',
      words: 'A CSV is accepted',
      does: { words: `Drop ${failing.fileName}`, act: failing.submit },
      ...about,
      look: failing.look,
    },
    ...Array.from({ length: attemptsSeen }, (_, index) => ({
      id: `attempt-${index + 1}`,
      words: `Attempt ${index + 1} of training failed: ${gpu}`,
      ...about,
      look: async () => {
        const run = await failing.detail()
        const attempt = stepOf(run, 'train_model').attempts[index]
        if (attempt?.outcome === 'failed') {
          const message = attempt.failure?.message ?? ''
          if (!message.includes(gpu)) throw new NotSeen(`it failed otherwise: ${message}`)
          return seen(attempt.startedAt)
        }
        if (isEndStage(run.stage)) throw new NotSeen(`the run ended: ${run.problem ?? run.stage}`)
        return instead(attempt ? `it is ${attempt.outcome}` : 'it has not begun')
      },
    })),
    {
      id: 'waits-grow',
      words: 'The wait before the third attempt was longer than the one before the second',
      ...about,
      look: async () => {
        const { attempts } = stepOf(await failing.detail(), 'train_model')
        const gaps = attempts.slice(1).map((attempt, i) => Date.parse(attempt.startedAt) - Date.parse(attempts[i]?.endedAt ?? ''))
        const [second = 0, third = 0] = gaps
        const words = `${(second / 1000).toFixed(1)} s, then ${(third / 1000).toFixed(1)} s`
        if (!(third > second)) throw new NotSeen(words)
        return seen(words)
      },
    },
    {
      id: 'failed',
      words: 'The run failed after three attempts, and says why',
      ...about,
      look: async () => {
        const sight = await inStage(failing, 'Failed')
        if ('instead' in sight) return sight
        const run = await failing.detail()
        const { attempts } = stepOf(run, 'train_model')
        if (attempts.length !== attemptsSeen || !run.problem?.includes(gpu)) {
          throw new NotSeen(`${attempts.length} attempts; ${run.problem}`)
        }
        return sight
      },
    },
    {
      id: 'training-heals',
      words: 'The drill is off again',
      does: { words: 'Switch it off', act: () => switchDrillOff(place, 'training-fails') },
      within: soon,
      look: () => drillIs(place, 'training-fails', 'off'),
    },
    {
      id: 'uses',
      words: 'The audit names each attempt that the drill hit',
      ...about,
      look: async () => {
        const { audit } = await place.host.call('drills.list', {})
        const uses = audit.filter((entry) => entry.event === 'used' && entry.workflowId === failing.workflowId())
        return uses.length === attemptsSeen
          ? seen(`${uses.length} uses by ${uses[0]?.operator}`)
          : instead(`it names ${uses.length}`)
      },
    },
  ]
}

function postgresAway(place: Place): Step[] {
  const { host } = place
  const outage = place.subject('outage')
  const about = { within: place.trainingSeconds, subject: outage }
  const postgresIs = async (wanted: 'up' | 'down') => {
    const { postgres } = await host.call('stack.health', {})
    return postgres.state === wanted ? seen(postgres.detail || postgres.summary) : instead(`it is ${postgres.state}`)
  }
  return [
    {
      id: 'postgres-down',
      words: 'Postgres is stopped by the drill',
      does: { words: 'Stop Postgres', act: () => switchDrillOn(place, 'postgres-down', {}) },
      within: soon,
      look: async () => {
        const on = await drillIs(place, 'postgres-down', 'on')
        return 'seen' in on ? postgresIs('down') : on
      },
    },
    {
      id: 'outage-file',
      words: 'A CSV is accepted while Postgres is down',
      does: { words: `Drop ${outage.fileName}`, act: outage.submit },
      ...about,
      look: outage.look,
    },
    {
      id: 'trains-without',
      words: 'The run goes on through training without Postgres',
      ...about,
      look: () => stepCompleted(outage, 'train_model'),
    },
    {
      id: 'pending',
      words: 'log_experiment stays pending and tries again',
      ...about,
      look: async () => {
        const run = await outage.detail()
        const { state, attempts } = stepOf(run, 'log_experiment')
        const failed = attempts.filter((attempt) => attempt.outcome === 'failed')
        if (failed.length >= 2) return seen(`${failed.length} failed attempts: ${failed.at(-1)?.failure?.message ?? run.problem}`)
        if (isEndStage(run.stage)) throw new NotSeen(`the run ended: ${run.problem}`)
        if (state === 'completed') throw new NotSeen(`Postgres was back before it had failed twice`)
        return instead(failed.length === 1 ? '1 failed attempt' : `${failed.length} failed attempts`)
      },
    },
    {
      id: 'postgres-up',
      words: 'Postgres is back',
      does: { words: 'Start Postgres', act: () => switchDrillOff(place, 'postgres-down') },
      within: soon,
      look: () => postgresIs('up'),
    },
    {
      id: 'logged-at-once',
      words: 'log_experiment succeeded as soon as Postgres was back',
      ...about,
      look: () => stepCompleted(outage, 'log_experiment'),
    },
    {
      id: 'once',
      words: 'Nothing was lost or doubled: Postgres holds its experiment, once',
      ...about,
      look: () => loggedOnce(place, outage),
    },
    { id: 'outage-waits', words: 'The run went on to the approval gate', ...about, look: () => atTheGate(place, 'outage') },
  ]
}

function postgresRefuses(place: Place): Step[] {
  const { host } = place
  const refused = place.subject('password')
  const about = { within: place.trainingSeconds, subject: refused }
  return [
    {
      id: 'postgres-password',
      words: 'Gatehouse logs in to Postgres with a wrong password',
      does: { words: 'Use a wrong password', act: () => switchDrillOn(place, 'postgres-password', {}) },
      within: soon,
      look: () => drillIs(place, 'postgres-password', 'on'),
    },
    {
      id: 'password-file',
      words: 'A CSV is accepted',
      does: { words: `Drop ${refused.fileName}`, act: refused.submit },
      ...about,
      look: refused.look,
    },
    {
      id: 'fails-at-once',
      words: 'log_experiment failed at once, because no retry can mend it, and the run says what to correct',
      ...about,
      look: async () => {
        const run = await refused.detail()
        const { attempts } = stepOf(run, 'log_experiment')
        const last = attempts.find((attempt) => attempt.outcome === 'failed')
        if (!last) return instead(run.problem ?? `the run is in stage ${run.stage}`)
        if (run.resets.length === 0 && (attempts.length !== 1 || last.failure?.nonRetryable !== true))
          throw new NotSeen(`${attempts.length} attempts`)
        return seen(last.failure?.message ?? '')
      },
    },
    {
      id: 'password-right',
      words: 'The password is right again',
      does: { words: 'Use the right password', act: () => switchDrillOff(place, 'postgres-password') },
      within: soon,
      look: () => drillIs(place, 'postgres-password', 'off'),
    },
    {
      id: 'same-run',
      words: 'The same run was sent back to log_experiment and went on',
      does: {
        words: 'Retry from this step',
        act: async () => {
          const { workflowId } = await refused.detail()
          const reason = 'The guided demonstration corrected the password.'
          await host.call('runs.actOnStep', {
            workflowId,
            step: 'log_experiment',
            action: 'restart',
            reason,
            requestId: randomUUID(),
          })
        },
      },
      ...about,
      look: async () => {
        const run = await refused.detail()
        const { state } = stepOf(run, 'log_experiment')
        if (run.resets.length > 0 && state === 'completed') return seen(`sent back ${run.resets.length} time`)
        return instead(`log_experiment is ${state}; the run is in stage ${run.stage}`)
      },
    },
    {
      id: 'password-once',
      words: 'Postgres holds its experiment, once',
      ...about,
      look: () => loggedOnce(place, refused),
    },
    { id: 'password-waits', words: 'The run went on to the approval gate', ...about, look: () => atTheGate(place, 'password') },
  ]
}

/** A run that somebody decided meanwhile was at the gate too. */
async function atTheGate(place: Place, name: 'outage' | 'password') {
  const run = await place.subject(name).detail()
  return run.decision
    ? seen(`decided by ${run.decision.operator ?? 'an unnamed client'}`)
    : inStage(place.subject(name), 'AwaitingApproval')
}

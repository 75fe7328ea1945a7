/** The guided demonstration as a list of things to see; each is seen in Temporal, Postgres, an endpoint or the host. */
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DrillName, DrillOrder } from '../../../contract/drills.ts'
import { CallFailed } from '../../../contract/errors.ts'
import { isEndStage, type RunDetail, type Settings, type Stage, type Step, type StepName } from '../../../contract/model.ts'
import { metricsInWords } from '../../../contract/training.ts'
import type { Connection } from '../../../contract/wire.ts'
import { demoCsv } from './demoCsv.ts'
import { encryption } from './encryption.ts'
import { instead, type Look, NotSeen, seen, until } from './watch.ts'

export interface Observation {
  /** What is to be seen, as a sentence without its full stop. */
  words: string
  /** Comes back with details once it was seen. @throws when it is not */
  see(): Promise<string>
}
export interface Phase {
  number: number
  title: string
  observations: Observation[]
}

export type Switched = DrillName | 'encryption'

export interface DemoPlace {
  host: Connection
  settings: Settings
  /** For the files that are handed in. */
  folder: string
  /** Part of each file's name and the seed of its content. */
  suffix: string
  signal: AbortSignal
  /** Drills that the demonstration has switched on, and encryption that it has switched off: put back at its end whatever happens. */
  switched: Set<Switched>
}

/** For what takes no time of its own, on a machine that is busy with other things. */
const soon = 60

export function demoPhases(place: DemoPlace): Phase[] {
  const { host, settings } = place
  const good = createSubject(place, `demo_good_${place.suffix}.csv`)
  const failing = createSubject(place, `demo_failing_training_${place.suffix}.csv`)
  const outage = createSubject(place, `demo_good_db_failure_${place.suffix}.csv`)
  const plain = createSubject(place, `demo_good_in_clear_${place.suffix}.csv`)
  const sealed = createSubject(place, `demo_good_encrypted_${place.suffix}.csv`)
  return [
    { number: 1, title: 'Set-up', observations: setUp(place) },
    { number: 2, title: 'Basic run', observations: basicRun(place, good) },
    { number: 3, title: 'Failures', observations: [...trainingFails(place, failing), ...postgresDown(place, outage)] },
    { number: 4, title: 'Approval', observations: [...approval(host, settings, good), ...rejection(host, outage, good)] },
    { number: 5, title: 'Encryption', observations: encryption(place, plain, sealed) },
  ]
}

/** A file of the demonstration and the run that it becomes. */
function createSubject({ host, settings, folder, suffix, signal }: DemoPlace, fileName: string) {
  let workflowId: string | null = null
  const id = () => {
    if (workflowId === null) throw new NotSeen(`${fileName} has not become a run`)
    return workflowId
  }
  const detail = () => host.call('runs.get', { workflowId: id() })
  return {
    fileName,
    id,
    detail,
    watch: <T>(seconds: number, look: (run: RunDetail) => ReturnType<Look<T>>) =>
      until(host, seconds, signal, async () => look(await detail())),
    async submit(): Promise<string> {
      const path = join(folder, fileName)
      await writeFile(path, demoCsv(suffix))
      const { entries } = await host.call('intake.submit', { paths: [path], origin: 'cli' })
      const [entry] = entries
      if (entry?.outcome !== 'accepted' || entry.workflowId === null) throw new NotSeen(entry?.message ?? 'the host said nothing')
      workflowId = entry.workflowId
      return workflowId
    },
    /** Resolves when the run is in that stage; an end that is another one is not waited out. */
    async reaches(stage: Stage, seconds: number): Promise<RunDetail> {
      return this.watch(seconds, async (run) => {
        if (run.stage === stage) return seen(run)
        const why = `the run is in stage ${run.stage}${run.problem ? `: ${run.problem}` : ''}`
        if (isEndStage(run.stage)) throw new NotSeen(why)
        return instead(why)
      })
    },
    trainingSeconds: settings.demoTrainer.maxSeconds + soon,
  }
}
export type Subject = ReturnType<typeof createSubject>

const parts = [
  ['temporal', 'Temporal is up'],
  ['postgres', 'Postgres is up'],
  ['worker', 'The worker runs'],
  ['inbox', 'The inbox is watched'],
  ['dev', 'The dev environment answers'],
  ['prod', 'The production environment answers'],
  ['secrets', 'Secrets can be kept'],
] as const

function setUp({ host, signal }: DemoPlace): Observation[] {
  return [
    ...parts.map(([name, words]) => ({
      words,
      see: () =>
        until(host, soon, signal, async () => {
          const part = (await host.call('stack.health', {}))[name]
          return part.state === 'up'
            ? seen(part.address ?? part.summary)
            : instead(`${part.state}. ${part.detail} ${part.remedy}`)
        }),
    })),
    {
      words: 'No drill is on that would disturb what follows',
      async see() {
        const { drills, failureFile } = await host.call('drills.list', {})
        const on = drills.filter((drill) => drill.on !== null).map((drill) => drill.name)
        if (on.length > 0) throw new NotSeen(`${on.join(', ')} is on; switch it off with "gatehouse drills off --all"`)
        if (failureFile.state === 'on') throw new NotSeen(`${failureFile.path} makes ${failureFile.activity} fail; remove it`)
        return ''
      },
    },
  ]
}

const automaticSteps = [
  ['preprocess_data', 'Temporal completed preprocess_data'],
  ['train_model', 'Temporal completed train_model, with the metrics of a model'],
  ['log_experiment', 'Temporal completed log_experiment'],
  ['assess_model_quality', 'Temporal completed assess_model_quality, and every check of the gate passed'],
  ['deploy_dev', 'Temporal completed deploy_to_environment for dev'],
] as const

function basicRun({ host }: DemoPlace, good: Subject): Observation[] {
  const submit = { words: `A good CSV is accepted: ${good.fileName}`, see: () => good.submit() }
  const steps = automaticSteps.map(([name, words]) => ({
    words,
    see: () =>
      good.watch(good.trainingSeconds, async (run) => {
        const step = stepOf(run, name)
        if (isEndStage(run.stage) && step.state !== 'completed') throw new NotSeen(`the run ended: ${run.problem ?? run.stage}`)
        if (step.state !== 'completed') return instead(`${name} is ${step.state}${run.problem ? `: ${run.problem}` : ''}`)
        if (name === 'train_model' && run.metrics === null) return instead('there are no metrics')
        if (name === 'assess_model_quality' && (run.gateChecks.length === 0 || run.gateChecks.some((check) => !check.passed))) {
          return instead('not every check passed')
        }
        const { attempts } = step
        const metrics = name === 'train_model' && run.metrics ? `, ${metricsInWords(run.metrics)}` : ''
        return seen(`${attempts.length} attempt${attempts.length === 1 ? '' : 's'}${metrics}`)
      }),
  }))
  return [
    submit,
    ...steps,
    { words: 'Postgres holds its experiment, once', see: () => loggedOnce(host, good) },
    {
      words: 'The dev environment serves its model',
      see: async () => {
        const run = await good.detail()
        return servedBy(run, 'dev', run.modelId)
      },
    },
    {
      words: 'The run waits for a human',
      async see() {
        const run = await good.reaches('AwaitingApproval', soon)
        return run.approvalDeadline ? `until ${run.approvalDeadline}` : ''
      },
    },
  ]
}

const gpu = 'GPU temporarily unavailable'
const attemptsSeen = 3

function trainingFails(place: DemoPlace, failing: Subject): Observation[] {
  const { host, settings } = place
  const policy = settings.retries.train_model
  /** The waits before the attempts to be seen, in seconds, with room for each attempt itself. */
  const waits = Array.from({ length: attemptsSeen }, (_, i) =>
    Math.min(policy.maximumIntervalSeconds, policy.initialIntervalSeconds * policy.backoffCoefficient ** i),
  )
  const withinSeconds = waits.reduce((sum, wait) => sum + wait, soon)
  return [
    {
      words: 'Training retries are set to three attempts with growing waits',
      async see() {
        const { maximumAttempts, initialIntervalSeconds, backoffCoefficient, maximumIntervalSeconds } = policy
        const grows = backoffCoefficient > 1 && maximumIntervalSeconds > initialIntervalSeconds
        const words = `${maximumAttempts} attempts, first wait ${initialIntervalSeconds} s, factor ${backoffCoefficient}`
        if (maximumAttempts !== attemptsSeen || !grows) throw new NotSeen(`${words}; the settings say otherwise`)
        return words
      },
    },
    {
      words: 'The drill "Training fails" is on for one file',
      see: () => switchOn(place, 'training-fails', { scope: { kind: 'files', pattern: failing.fileName } }),
    },
    { words: `A CSV is accepted: ${failing.fileName}`, see: () => failing.submit() },
    ...Array.from({ length: attemptsSeen }, (_, index) => ({
      words: `Attempt ${index + 1} of training failed: ${gpu}`,
      see: () =>
        failing.watch(withinSeconds, async (run) => {
          const attempt = stepOf(run, 'train_model').attempts[index]
          if (attempt?.outcome !== 'failed') return instead(attempt ? `it is ${attempt.outcome}` : 'it has not begun')
          const message = attempt.failure?.message ?? ''
          if (!message.includes(gpu)) throw new NotSeen(`it failed otherwise: ${message}`)
          return seen(attempt.startedAt)
        }),
    })),
    {
      words: 'The wait before the third attempt was longer than the one before the second',
      async see() {
        const { attempts } = stepOf(await failing.detail(), 'train_model')
        const gaps = attempts.slice(1).map((attempt, i) => Date.parse(attempt.startedAt) - Date.parse(attempts[i]?.endedAt ?? ''))
        const [second, third] = gaps as [number, number]
        const words = `${(second / 1000).toFixed(1)} s, then ${(third / 1000).toFixed(1)} s`
        if (!(third > second)) throw new NotSeen(words)
        return words
      },
    },
    {
      words: 'The run failed after three attempts, and says why',
      async see() {
        const run = await failing.reaches('Failed', soon)
        const { attempts } = stepOf(run, 'train_model')
        if (attempts.length !== attemptsSeen || !run.problem?.includes(gpu)) {
          throw new NotSeen(`${attempts.length} attempts; ${run.problem}`)
        }
        return run.problem
      },
    },
    {
      words: 'The audit names each attempt that the drill hit, and the drill is off',
      async see() {
        await switchOff(place, 'training-fails')
        const { audit } = await host.call('drills.list', {})
        const uses = audit.filter((entry) => entry.event === 'used' && entry.workflowId === failing.id())
        if (uses.length !== attemptsSeen) throw new NotSeen(`it names ${uses.length}`)
        return `${uses.length} uses by ${uses[0]?.operator}`
      },
    },
  ]
}

function postgresDown(place: DemoPlace, outage: Subject): Observation[] {
  const { host, signal } = place
  let backAt = 0
  const postgresIs = (state: 'up' | 'down') =>
    until(host, soon, signal, async () => {
      const { postgres } = await host.call('stack.health', {})
      return postgres.state === state ? seen(postgres.detail || postgres.summary) : instead(`it is ${postgres.state}`)
    })
  return [
    {
      words: 'Postgres is stopped by the drill',
      async see() {
        await switchOn(place, 'postgres-down', {})
        return postgresIs('down')
      },
    },
    { words: `A CSV is accepted while Postgres is down: ${outage.fileName}`, see: () => outage.submit() },
    {
      words: 'The run goes on through training without Postgres',
      see: () =>
        outage.watch(outage.trainingSeconds, async (run) => {
          const { state } = stepOf(run, 'train_model')
          return state === 'completed' ? seen('') : instead(`train_model is ${state}${run.problem ? `: ${run.problem}` : ''}`)
        }),
    },
    {
      words: 'log_experiment stays pending and tries again',
      see: () =>
        outage.watch(soon, async (run) => {
          const step = stepOf(run, 'log_experiment')
          const failed = step.attempts.filter((attempt) => attempt.outcome === 'failed')
          if (isEndStage(run.stage)) throw new NotSeen(`the run ended: ${run.problem}`)
          if (failed.length < 2) return instead(`${failed.length} failed attempts`)
          return seen(`${failed.length} failed attempts; ${failed.at(-1)?.failure?.message ?? run.problem}`)
        }),
    },
    {
      words: 'Postgres is back',
      async see() {
        await switchOff(place, 'postgres-down')
        const words = await postgresIs('up')
        backAt = Date.now()
        return words
      },
    },
    {
      words: 'log_experiment succeeded as soon as Postgres was back',
      see: () =>
        outage.watch(soon, async (run) => {
          const step = stepOf(run, 'log_experiment')
          if (step.state !== 'completed' || step.endedAt === null) return instead(`it is ${step.state}`)
          const after = Math.max(0, Date.parse(step.endedAt) - backAt) / 1000
          return seen(`${after.toFixed(1)} s after Postgres was seen up`)
        }),
    },
    { words: 'Nothing was lost or doubled: Postgres holds its experiment, once', see: () => loggedOnce(host, outage) },
    {
      words: 'The run went on to the approval gate',
      async see() {
        await outage.reaches('AwaitingApproval', soon)
        return ''
      },
    },
  ]
}

function approval(host: Connection, { operator }: Settings, good: Subject): Observation[] {
  const decisionId = randomUUID()
  const reason = 'The guided demonstration approves it.'
  return [
    {
      words: 'An approval is taken as an update, with its operator and reason',
      async see() {
        await host.call('runs.decide', { workflowId: good.id(), decisionId, decision: 'approve', reason })
        const { decision } = await good.watch(soon, async (run) =>
          run.decision ? seen(run) : instead(`the run is in stage ${run.stage} without a decision`),
        )
        const fits = decision?.decisionId === decisionId && decision.via === 'update' && decision.reason === reason
        if (!fits || decision.operator !== operator)
          throw new NotSeen(`the run holds another decision: ${JSON.stringify(decision)}`)
        return `${decision.operator}: ${decision.reason}`
      },
    },
    {
      words: 'Temporal completed deploy_to_environment for production, and the run',
      async see() {
        const run = await good.reaches('Completed', soon)
        const { state } = stepOf(run, 'deploy_prod')
        if (state !== 'completed') throw new NotSeen(`deploy_prod is ${state}`)
        return ''
      },
    },
    {
      words: 'The production environment serves the approved model',
      see: async () => {
        const run = await good.detail()
        return servedBy(run, 'prod', run.modelId)
      },
    },
  ]
}

function rejection(host: Connection, outage: Subject, good: Subject): Observation[] {
  return [
    {
      words: 'A rejection ends the other run, with its reason',
      async see() {
        const reason = 'The guided demonstration rejects it.'
        await host.call('runs.decide', { workflowId: outage.id(), decisionId: randomUUID(), decision: 'reject', reason })
        const run = await outage.reaches('Rejected', soon)
        if (run.decision?.reason !== reason) throw new NotSeen(`the run holds another decision: ${JSON.stringify(run.decision)}`)
        return `${run.decision.operator}: ${reason}`
      },
    },
    {
      words: 'The rejected model was not deployed to production, which serves the approved one',
      async see() {
        const { state } = stepOf(await outage.detail(), 'deploy_prod')
        if (state !== 'skipped') throw new NotSeen(`deploy_prod is ${state}`)
        const run = await good.detail()
        return servedBy(run, 'prod', run.modelId)
      },
    },
  ]
}

/** What the demonstration switched is switched back; the last thing it does, whatever happened before. */
export function cleanUp({ host, switched }: Pick<DemoPlace, 'host' | 'switched'>): Observation {
  return {
    words: 'Every drill of the demonstration is off again, and encryption is on',
    async see() {
      const mine = [...switched]
      if (switched.has('encryption')) {
        await host.call('keys.setEncrypting', { on: true })
        switched.delete('encryption')
      }
      for (const name of mine) if (name !== 'encryption') await switchOff({ host, switched }, name)
      const { drills } = await host.call('drills.list', {})
      const on = drills.filter((drill) => drill.on !== null && mine.includes(drill.name)).map((drill) => drill.name)
      if (on.length > 0) throw new NotSeen(`${on.join(', ')} is on`)
      return mine.length === 0 ? 'there was nothing to put back' : `put back: ${mine.join(', ')}`
    },
  }
}

async function switchOn({ host, switched }: DemoPlace, name: DrillName, to: DrillOrder): Promise<string> {
  const { drills } = await host.call('drills.list', {})
  if (!drills.some((drill) => drill.name === name)) {
    throw new NotSeen('this profile does not own that server, so Gatehouse cannot stop it')
  }
  switched.add(name)
  const state = await host.call('drills.set', { name, to })
  if (!state.drills.find((drill) => drill.name === name)?.on) throw new NotSeen('it is off')
  return ''
}

async function switchOff({ host, switched }: Pick<DemoPlace, 'host' | 'switched'>, name: DrillName): Promise<void> {
  await host.call('drills.set', { name, to: null })
  switched.delete(name)
}

async function loggedOnce(host: Connection, subject: Subject): Promise<string> {
  const { rows, experiment } = await host.call('runs.experiment', { workflowId: subject.id() })
  const { modelId } = await subject.detail()
  if (rows !== 1 || experiment?.modelId !== modelId || experiment?.fileName !== subject.fileName) {
    throw new NotSeen(`${rows} rows: ${JSON.stringify(experiment)}`)
  }
  return `row ${experiment.id}, model ${experiment.modelId}`
}

/** Asks the environment itself. */
async function servedBy(run: RunDetail, environment: 'dev' | 'prod', modelId: string | null): Promise<string> {
  const deployed = run.deployments.find((one) => one.environment === environment)
  if (!deployed || modelId === null) throw new NotSeen(`the run names no deployment to ${environment}`)
  const address = new URL('/health', deployed.url)
  const response = await fetch(address, { signal: AbortSignal.timeout(10_000) })
  const body = (await response.json()) as { status?: string; model_id?: string }
  const words = `${address} says ${body.status}, model ${body.model_id ?? 'none'}`
  if (!response.ok || body.status !== 'ok' || body.model_id !== modelId) throw new NotSeen(words)
  return words
}

function stepOf(run: RunDetail, name: StepName): Step {
  if (run.incomplete) throw new NotSeen(run.incomplete)
  const step = run.steps.find((one) => one.step === name)
  if (!step) throw new NotSeen(`the run has no step ${name}`)
  return step
}

/** What kept an observation from being made, in a sentence. */
export const whyNot = (error: unknown): string =>
  error instanceof CallFailed || error instanceof Error ? error.message : String(error)

/** What the phases stand on: the host, the files of this demonstration, and what it has to put back. */
import { randomUUID } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DrillName, DrillOrder } from '../../../contract/drills.ts'
import type { CodeFile } from '../../../contract/guide.ts'
import {
  isEndStage,
  type RunDetail,
  type Step as RunStep,
  type Settings,
  type Stage,
  type StepName,
} from '../../../contract/model.ts'
import { demoCsv } from './demoCsv.ts'
import type { GuideRecord, SubjectName } from './guideFile.ts'
import { type Host, instead, NotSeen, type Sight, type Subject, seen, soon } from './look.ts'

export interface Place {
  host: Host
  settings: Settings
  subject(name: SubjectName): Subject
  record: GuideRecord
  /** Writes the record down: what is switched must be known after a crash too. */
  keep(): void
  /** How long a training may take, in seconds. */
  trainingSeconds: number
  /** Has Temporal's history of a run go through the workflow's code as it is now; throws where they differ. */
  replay(workflowId: string): Promise<{ events: number }>
  /** Which files of the pipeline's code were opened since the host began. */
  wasOpened(file: CodeFile): boolean
  openCode(file: CodeFile): Promise<string>
}

/** The files' names, and which names of the operator's own say the same. */
const files: Record<SubjectName, { stem: string; fits: RegExp }> = {
  good: { stem: 'demo_good', fits: /^(?!.*(in_clear|encrypted|db_failure|candidate|password)).*good/i },
  failing: { stem: 'demo_failing_training', fits: /failing_training/i },
  outage: { stem: 'demo_good_db_failure', fits: /db_failure/i },
  password: { stem: 'demo_good_wrong_password', fits: /wrong_password/i },
  first: { stem: 'demo_good_candidate_a', fits: /candidate/i },
  second: { stem: 'demo_good_candidate_b', fits: /candidate/i },
  plain: { stem: 'demo_good_in_clear', fits: /in_clear/i },
  sealed: { stem: 'demo_good_encrypted', fits: /encrypted/i },
}

interface Options extends Omit<Place, 'subject' | 'trainingSeconds'> {
  /** For the files that are handed in, until they are in the inbox. */
  folder: string
}

export function createPlace({ folder, ...place }: Options): Place {
  const { host, record, keep } = place
  const subjects = Object.fromEntries((Object.keys(files) as SubjectName[]).map((name) => [name, createSubject(name)])) as Record<
    SubjectName,
    Subject
  >

  function createSubject(name: SubjectName): Subject {
    const { stem, fits } = files[name]
    const fileName = () => `${stem}_${record.suffix}${'b'.repeat(record.again[name] ?? 0)}.csv`
    const workflowId = () => record.runs[name] ?? null
    const became = (id: string) => {
      record.runs[name] = id
      keep()
    }
    return {
      get fileName() {
        return fileName()
      },
      workflowId,
      async detail() {
        const id = workflowId()
        if (id === null) throw new NotSeen(`${fileName()} has not become a run`)
        return host.call('runs.get', { workflowId: id })
      },
      async submit() {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        const path = join(folder, fileName())
        await writeFile(path, demoCsv(record.suffix))
        try {
          const { entries } = await host.call('intake.submit', { paths: [path], origin: 'window' })
          const [entry] = entries
          if (!entry || entry.workflowId === null) throw new NotSeen(entry?.message ?? 'the host did not say what became of it')
          became(entry.workflowId)
        } finally {
          await rm(path, { force: true })
        }
      },
      async look() {
        const id = workflowId()
        if (id !== null) return seen()
        const taken = new Set(Object.values(record.runs))
        const { runs } = await host.call('runs.list', { acceptedFrom: record.begunAt, limit: 100 })
        // The oldest that fits: whoever drops two such files means the first one here and the second one later.
        const own = runs.findLast((run) => fits.test(run.fileName) && !taken.has(run.workflowId))
        if (!own) return instead('No such file has been accepted since the demonstration began.')
        became(own.workflowId)
        return seen(`${own.fileName} is taken for it`)
      },
    }
  }
  return { ...place, subject: (name) => subjects[name], trainingSeconds: place.settings.demoTrainer.maxSeconds + soon }
}

/** A run, by whichever file it came. */
export type Run = Pick<Subject, 'detail'>

/** Whether the run is in that stage. @throws NotSeen when it ended in another one */
export async function inStage(subject: Run, stage: Stage): Promise<Sight> {
  const run = await subject.detail()
  if (run.stage === stage) return seen(run.problem ?? '')
  const why = `the run is in stage ${run.stage}${run.problem ? `: ${run.problem}` : ''}`
  if (isEndStage(run.stage)) throw new NotSeen(why)
  return instead(why)
}

/** @throws with the host's reason, where it could not read the whole run now */
export function stepOf(run: RunDetail, name: StepName): RunStep {
  if (run.incomplete) throw new Error(run.incomplete)
  const step = run.steps.find((one) => one.step === name)
  if (!step) throw new NotSeen(`the run has no step ${name}`)
  return step
}

/** Whether Temporal completed the step. @throws NotSeen when the run ended without */
export async function stepCompleted(subject: Run, name: StepName): Promise<Sight> {
  const run = await subject.detail()
  const { state, attempts } = stepOf(run, name)
  if (state === 'completed') return seen(`${attempts.length} attempt${attempts.length === 1 ? '' : 's'}`)
  if (isEndStage(run.stage)) throw new NotSeen(`the run ended: ${run.problem ?? run.stage}`)
  return instead(`${name} is ${state}${run.problem ? `: ${run.problem}` : ''}`)
}

/** Whether Postgres holds the run's experiment, once. @throws NotSeen when it holds it more than once */
export async function loggedOnce({ host }: Place, subject: Run): Promise<Sight> {
  const { workflowId, modelId, fileName } = await subject.detail()
  const { rows, experiment } = await host.call('runs.experiment', { workflowId })
  if (rows > 1) throw new NotSeen(`${rows} rows`)
  if (rows === 0 || experiment?.modelId !== modelId || experiment?.fileName !== fileName) {
    return instead(experiment ? `row ${experiment.id} is of model ${experiment.modelId}` : 'there is no row')
  }
  return seen(`row ${experiment.id}, model ${experiment.modelId}`)
}

/** Whether the environment serves the run's model: it is asked itself. */
export async function servedBy(subject: Run, environment: 'dev' | 'prod'): Promise<Sight> {
  const { deployments, modelId } = await subject.detail()
  const deployed = deployments.find((one) => one.environment === environment)
  if (!deployed || modelId === null) return instead(`the run names no deployment to ${environment}`)
  const address = new URL('/health', deployed.url)
  const answer = await fetch(address, { signal: AbortSignal.timeout(10_000) }).catch((error: Error) => error)
  if (answer instanceof Error) return instead(`${address} does not answer: ${answer.message}`)
  const body = (await answer.json().catch(() => ({}))) as { status?: string; model_id?: string }
  const words = `${address} says ${body.status}, model ${body.model_id ?? 'none'}`
  return answer.ok && body.status === 'ok' && body.model_id === modelId ? seen(words) : instead(words)
}

/** @throws NotSeen when this profile has no such drill; CallFailed when it is refused */
export async function switchDrillOn({ host, record, keep }: Place, name: DrillName, to: DrillOrder): Promise<void> {
  const { drills } = await host.call('drills.list', {})
  if (!drills.some((drill) => drill.name === name)) {
    throw new NotSeen('this profile does not own that server, so Gatehouse cannot stop it')
  }
  if (!record.switched.includes(name)) record.switched.push(name)
  keep()
  await host.call('drills.set', { name, to, requestId: randomUUID() })
}

export async function switchDrillOff({ host, record, keep }: Pick<Place, 'host' | 'record' | 'keep'>, name: DrillName) {
  await host.call('drills.set', { name, to: null, requestId: randomUUID() })
  record.switched = record.switched.filter((one) => one !== name)
  keep()
}

export async function drillIs({ host }: Place, name: DrillName, wanted: 'on' | 'off'): Promise<Sight> {
  const { drills } = await host.call('drills.list', {})
  const drill = drills.find((one) => one.name === name)
  const is = drill?.on ? 'on' : 'off'
  return is === wanted ? seen(drill?.on ? `by ${drill.on.operator}` : '') : instead(`it is ${is}`)
}

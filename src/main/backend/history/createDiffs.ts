import type { Diff, DiffSection, DiffSide } from '../../../contract/diff.ts'
import { CallFailed, invalid, notFound } from '../../../contract/errors.ts'
import { indexJson, type JsonIndex } from '../../../contract/exactJson.ts'
import type { StepPayloads } from '../../../contract/history.ts'
import type { Attempt, PayloadView, RunDetail, StepName } from '../../../contract/model.ts'
import { type DataProfile, higherIsBetter, type MetricName, type TrainingReport } from '../../../contract/training.ts'
import { diffJson } from './diffJson.ts'
import type { RunPayloads } from './readRunPayloads.ts'

interface Sources {
  detail(workflowId: string): Promise<RunDetail>
  /** Input and results of a run, decoded. @throws CallFailed */
  runPayloads(workflowId: string): Promise<RunPayloads>
  stepPayloads(workflowId: string, step: StepName): Promise<StepPayloads>
  profile(workflowId: string): Promise<DataProfile | null>
  report(workflowId: string): Promise<TrainingReport | null>
}

/** What one side has for one section: JSON text, or none; and why it is not all there. */
interface Part {
  json: string | null
  problem: string | null
  /** What is not there is kept nowhere: no fault. */
  expected?: boolean
}
type Side = Record<SectionName, Part>

const sectionTitles = {
  outcome: 'Outcome',
  metrics: 'Metrics',
  gate: 'Gate checks',
  input: 'Input',
  settings: 'Settings and pipeline',
  profile: 'Data profile',
  training: 'Training',
  timings: 'Step timings',
  results: 'Results',
} as const
type SectionName = keyof typeof sectionTitles
const sectionNames = Object.keys(sectionTitles) as SectionName[]

/** Compares what this host knows and Temporal holds of runs and attempts; decoded values stay in memory for the call. */
export function createDiffs(sources: Sources) {
  return {
    /** @throws CallFailed `notFound`, or `invalid` for a run beside itself. */
    async runs({ left, right, reveal }: { left: string; right: string; reveal: boolean }): Promise<Diff> {
      if (left === right) throw invalid('A run is compared with another one.', 'right')
      const [ofLeft, ofRight] = await Promise.all([sideOfRun(sources, left), sideOfRun(sources, right)])
      const sections = sectionNames.map((name) =>
        sectionOf(name, sectionTitles[name], { left: ofLeft[name], right: ofRight[name] }, { reveal }),
      )
      return { left, right, sections: inOrder(sections) }
    },

    /** @throws CallFailed `notFound`, or `invalid` for an attempt beside itself. */
    async attempts(asked: { workflowId: string; step: StepName; left: number; right: number; reveal: boolean }): Promise<Diff> {
      const { workflowId, step, left, right, reveal } = asked
      if (left === right) throw invalid('An attempt is compared with another one.', 'right')
      const { steps } = await sources.detail(workflowId)
      const attempts = steps.find((each) => each.step === step)?.attempts ?? []
      const attemptOf = (number: number) => {
        const found = attempts.find(({ attempt }) => attempt === number)
        if (!found) throw notFound(`Attempt ${number} of ${step} is not known here.`)
        return found
      }
      const [a, b] = [attemptOf(left), attemptOf(right)]
      const values = await sources.stepPayloads(workflowId, step).catch((error: unknown) => problemOf(error))
      const latest = Math.max(...attempts.map(({ attempt }) => attempt))
      const heartbeat = ({ attempt }: Attempt): Part => {
        if (typeof values === 'string') return { json: null, problem: values }
        if (attempt !== latest) {
          return { json: null, problem: 'Temporal keeps the heartbeat of the latest attempt alone.', expected: true }
        }
        return partOf(values.heartbeat)
      }
      const input: Part = typeof values === 'string' ? { json: null, problem: values } : partOf(values.inputs)
      const sections = [
        sectionOf('failure', 'Failure', { left: partOfValue(a.failure), right: partOfValue(b.failure) }, { reveal }),
        sectionOf('attempt', 'How it went', { left: partOfValue(factsOf(a)), right: partOfValue(factsOf(b)) }, { reveal }),
        sectionOf(
          'input',
          'Input',
          { left: input, right: input },
          { reveal, note: 'Temporal keeps one input for all attempts of a step: it gives each the same.' },
        ),
        sectionOf('heartbeat', 'Last heartbeat', { left: heartbeat(a), right: heartbeat(b) }, { reveal }),
      ]
      return { left: `Attempt ${left}`, right: `Attempt ${right}`, sections: inOrder(sections) }
    },
  }
}

const inOrder = (sections: readonly DiffSection[]) => [
  ...sections.filter(({ differing }) => differing > 0),
  ...sections.filter(({ differing }) => differing === 0),
]

function sectionOf(
  name: string,
  title: string,
  sides: Record<DiffSide, Part>,
  { reveal, note = null }: { reveal: boolean; note?: string | null },
): DiffSection {
  const problems: DiffSection['problems'] = []
  for (const side of ['left', 'right'] as const) {
    const { problem, expected = false } = sides[side]
    if (problem !== null) problems.push({ side, text: problem, expected })
  }
  const nothing = { name, title, note, problems, entries: [], differing: 0, same: 0 }
  const { left, right } = sides
  // What could not be read would look like something that is not there.
  if ((left.json === null && left.problem !== null) || (right.json === null && right.problem !== null)) return nothing
  const noJson = (['left', 'right'] as const).filter((side) => !isJson(sides[side].json))
  if (noJson.length > 0) {
    const text = 'A value calls itself JSON and is none.'
    return { ...nothing, problems: [...problems, ...noJson.map((side) => ({ side, text, expected: false }))] }
  }
  const inMetrics = name === 'metrics' || name === 'training'
  return {
    ...nothing,
    ...diffJson(left.json, right.json, { reveal, higherIsBetter: (path) => (inMetrics ? betterOf(path) : null) }),
  }
}

function isJson(text: string | null): boolean {
  try {
    if (text !== null) indexJson(text)
    return true
  } catch {
    return false
  }
}

function betterOf(path: string): boolean | null {
  const name = path.split('.').at(-1) as MetricName
  return higherIsBetter[name] ?? null
}

const partOfValue = (value: unknown): Part => ({ json: value === null ? null : JSON.stringify(value), problem: null })

const problemOf = (error: unknown) => {
  if (error instanceof CallFailed && error.error.kind !== 'notFound') return error.error.message
  throw error
}

/** Several values as one list, exact; what cannot be read is left out and said. */
function partOf(views: readonly PayloadView[]): Part {
  const unread = views.filter((view) => view.json === null && view.plain === null)
  const [first] = unread
  // A value for which its answer had no room has been decoded, and is not here.
  const isLarge = first?.unreadable === null && (first.textApart || first.holds?.encoding.startsWith('json/'))
  const why = first?.unreadable ?? (isLarge ? 'it is too large to be compared.' : 'it is no text that could be compared.')
  const problem = first ? `${first.label}: ${why}` : null
  const texts = views.flatMap(({ json, plain }) => json ?? (plain === null ? [] : JSON.stringify(plain)))
  if (texts.length === 0) return { json: null, problem }
  return { json: texts.length === 1 ? (texts[0] ?? null) : `[${texts.join()}]`, problem }
}

const factsOf = ({ startedAt, endedAt, outcome, worker }: Attempt) => ({
  ...{ outcome, worker, startedAt },
  seconds: endedAt === null ? null : secondsBetween(startedAt, endedAt),
})

const secondsBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 1000

async function sideOfRun(sources: Sources, workflowId: string): Promise<Side> {
  const detail = await sources.detail(workflowId)
  const told = (read: Promise<unknown>) =>
    read.then(partOfValue, (error: unknown): Part => ({ json: null, problem: (error as Error).message }))
  const [payloads, profile, training] = await Promise.all([
    sources.runPayloads(workflowId).catch((error: unknown) => problemOf(error)),
    told(sources.profile(workflowId).then((found) => found && profileFacts(found))),
    told(sources.report(workflowId).then((found) => found && reportFacts(found))),
  ])
  const unread: Part = { json: null, problem: typeof payloads === 'string' ? payloads : null }
  const input = typeof payloads === 'string' ? unread : partOf(payloads.input)
  const { given, settings } = splitInput(input)
  return {
    outcome: partOfValue(outcomeOf(detail)),
    metrics: partOfValue(detail.metrics),
    gate: partOfValue(detail.gateChecks.length > 0 ? detail.gateChecks : null),
    input: given,
    settings,
    profile,
    training,
    timings: partOfValue(timingsOf(detail)),
    results: typeof payloads === 'string' ? unread : resultsPart(payloads),
  }
}

const outcomeOf = ({ stage, fileName, sizeBytes, sha256, modelId, decision, deployments, problem }: RunDetail) => ({
  ...{ stage, problem },
  file: { name: fileName, sizeBytes, sha256 },
  modelId,
  decision: decision && { decision: decision.decision, operator: decision.operator, reason: decision.reason },
  deployments: deployments.map(({ environment, url }) => ({ environment, url })),
})

const timingsOf = ({ steps, startedAt, endedAt }: RunDetail) => ({
  whole: startedAt && endedAt ? { seconds: secondsBetween(startedAt, endedAt) } : null,
  ...Object.fromEntries(
    steps.map(({ step, state, attempts, scheduledAt, endedAt: end }) => [
      step,
      { state, attempts: attempts.length, seconds: scheduledAt && end ? secondsBetween(scheduledAt, end) : null },
    ]),
  ),
})

/** What a reader compares; histograms and frequent values are drawn elsewhere. */
const profileFacts = ({ columns, quarantined, notes, ...rest }: DataProfile) => ({
  ...rest,
  quarantined: { count: quarantined.count, share: quarantined.share },
  columns: columns.map(({ histogram: _bins, top: _frequent, ...column }) => column),
  notes,
})

const reportFacts = ({
  trainer,
  task,
  target,
  settings,
  rows,
  bestRound,
  metrics,
  baseline,
  importance,
  slices,
}: TrainingReport) => ({
  ...{ trainer, task, target, settings, rows, bestRound, metrics, baseline, importance },
  slices: slices.map(({ column, value, rows: count, metrics: figures }) => ({
    ...{ name: `${column}=${value}`, rows: count, metrics: figures },
  })),
})

/** The settings travel in the input; apart from it they are read more easily. */
function splitInput(input: Part): { given: Part; settings: Part } {
  if (input.json === null) return { given: input, settings: input }
  let index: JsonIndex
  try {
    index = indexJson(input.json)
  } catch {
    return { given: input, settings: { json: null, problem: null } }
  }
  if (index.kind(0) !== 'object') return { given: input, settings: { json: null, problem: null } }
  const given: string[] = []
  let settings: string | null = null
  for (let node = 1; node < index.count; node = index.after(node)) {
    if (index.key(node) === 'settings') settings = index.raw(node)
    else given.push(`${JSON.stringify(index.key(node))}:${index.raw(node)}`)
  }
  return {
    given: { json: `{${given.join()}}`, problem: input.problem },
    settings: { json: settings, problem: input.problem },
  }
}

function resultsPart({ results, incomplete }: RunPayloads): Part {
  const problems = incomplete === null ? [] : [incomplete]
  const texts: string[] = []
  for (const { name, payloads } of results) {
    const { json, problem } = partOf(payloads)
    if (problem !== null) problems.push(problem)
    if (json !== null) texts.push(`${JSON.stringify(name)}:${json}`)
  }
  return { json: texts.length === 0 ? null : `{${texts.join()}}`, problem: problems.length === 0 ? null : problems.join(' ') }
}

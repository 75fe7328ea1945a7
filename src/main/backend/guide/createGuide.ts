/** The guided demonstration as the host carries it on: each thing is looked for until it is there, whoever brings it about. */
import { randomBytes } from 'node:crypto'
import { CallFailed, conflict, notFound, refused } from '../../../contract/errors.ts'
import type { Emit, EventName } from '../../../contract/events.ts'
import type { CodeFile, GuideState, GuideStep } from '../../../contract/guide.ts'
import type { Settings, UnusableFile } from '../../../contract/model.ts'
import type { EventListener } from '../backend.ts'
import type { Log } from '../log.ts'
import { cleanUp, toPutBack } from './cleanUp.ts'
import { createGuideFile, type GuideRecord } from './guideFile.ts'
import { type Host, NotSeen, type Phase, type Sight, type Step } from './look.ts'
import { phasesOf } from './phases.ts'
import { createPlace, type Place } from './place.ts'

export interface Guide {
  /** Goes on with one that was under way when the host ended. */
  start(): void
  state(): GuideState
  /** Its file, while that could not be used. */
  unusable(): UnusableFile[]
  /** Begins a demonstration, or leaves the one that is under way as it is. @throws refused where none can be */
  begin(): GuideState
  /** Does what the step asks for, and looks for it. @throws notFound; conflict when something before it is missing */
  act(phase: number, step: string): GuideState
  /** Goes on by itself, through one phase or all that are left; one that began is begun anew first, when `fresh`. */
  play(phase: number | 'all', fresh: boolean): Promise<GuideState>
  /** What is under way is left where it is. */
  stop(): GuideState
  /** Forgets what a phase saw, and has it begin anew with other files. */
  again(phase: number): Promise<GuideState>
  /** Ends the demonstration. @returns what was put back, in words @throws what stood in the way; it can be tried again */
  end(): Promise<string[]>
  code(file: CodeFile): Promise<string>
  close(): void
}

interface Options {
  file: string
  /** For the files that are handed in. */
  folder: string
  host: Host
  settings(): Settings
  /** The profile's name while it is marked as production; null otherwise. */
  production(): string | null
  replay(workflowId: string): Promise<{ events: number }>
  readCode(file: CodeFile): Promise<string>
  onEvent(listener: EventListener): () => void
  emit: Emit
  log: Log
}

const tells = new Set<EventName>([
  'runs.changed',
  'stack.changed',
  'drills.changed',
  'intake.changed',
  'keys.changed',
  'deployments.changed',
])
/** Temporal tells nobody what goes on inside of an attempt, so it is asked again this often. */
const lookEveryMs = 1_000
/** For what only an operator can bring about. */
const lookSeldomMs = 5_000
/** A burst of events is one look. */
const settleMs = 150

/** How one phase stands: its steps are seen in order. */
interface Watch {
  phase: Phase
  /** Of the first step that has not been seen; the number of steps when all were. */
  at: number
  state: 'ready' | 'doing' | 'watching' | 'missing'
  detail: string | null
  /** When the step began to be looked for, or was brought about. */
  since: number
  acted: boolean
  timer: NodeJS.Timeout | null
  looking: boolean
  lookAgain: boolean
}

export function createGuide(options: Options): Guide {
  const { host, settings, emit, log } = options
  const file = createGuideFile(options.file)
  const opened = new Set<CodeFile>()
  let record = file.read()
  for (const { problem } of file.unusable()) log.warn(problem)
  let place: Place | null = null
  let watches: Watch[] = []
  let playing: GuideState['playing'] = null
  let revision = 0
  let closed = false

  const keep = () => {
    if (record) file.write(record)
  }
  const unavailable = () => {
    const name = options.production()
    return name === null
      ? null
      : `The profile ${name} is marked as production: the demonstration stops servers and deploys a model of its own, so it is not done there.`
  }

  function setUp(from: GuideRecord): void {
    record = from
    const { replay, readCode, folder } = options
    const openCode = async (name: CodeFile) => {
      const text = await readCode(name)
      opened.add(name)
      return text
    }
    place = createPlace({
      ...{ host, settings: settings(), record: from, keep, replay, folder, openCode },
      wasOpened: (name) => opened.has(name),
    })
    stopLooking()
    watches = phasesOf(place).map((phase) => fromRecord(phase, from))
    for (const watch of watches) lookSoon(watch, 0)
  }

  const fromRecord = (phase: Phase, from: GuideRecord): Watch => {
    const at = phase.steps.findIndex((step) => !from.seen[keyOf(phase, step)])
    return { phase, ...unwatched, at: at === -1 ? phase.steps.length : at, since: performance.now() }
  }

  function stopLooking(): void {
    for (const { timer } of watches) if (timer) clearTimeout(timer)
    watches = []
  }

  const changed = () => {
    revision++
    emit('guide.changed', { state: state() })
  }

  const isPlaying = ({ phase }: Watch) => {
    if (playing === null) return false
    if (playing !== 'all') return playing === phase.number
    return watches.find((watch) => !isOver(watch))?.phase === phase
  }
  const isOver = ({ phase, at, state }: Watch) => at >= phase.steps.length || state === 'missing'

  function lookSoon(watch: Watch, inMs: number): void {
    if (closed || watch.at >= watch.phase.steps.length) return
    if (watch.looking) {
      watch.lookAgain = true
      return
    }
    if (watch.timer) clearTimeout(watch.timer)
    watch.timer = setTimeout(() => void look(watch), inMs)
  }

  /** One look at the first step of a phase that has not been seen. */
  async function look(watch: Watch): Promise<void> {
    const step = watch.phase.steps[watch.at]
    if (!step || watch.looking || watch.state === 'doing') return
    watch.looking = true
    watch.lookAgain = false
    let sight: Sight | null = null
    let failure: unknown = null
    try {
      sight = await step.look()
    } catch (error) {
      failure = error
    }
    watch.looking = false
    // Somebody may have ended the demonstration, or begun the phase anew, meanwhile.
    if (closed || !watches.includes(watch)) return
    if (sight && 'seen' in sight) return saw(watch, step, sight.seen)
    const mayAct = step.does !== undefined && !watch.acted
    if (failure === null && mayAct && isPlaying(watch)) return void bring(watch, step)
    const before = `${watch.state} ${watch.detail}`
    if (failure instanceof NotSeen) {
      watch.state = 'missing'
      watch.detail = failure.message
    } else {
      watch.detail = sight ? sight.instead : whyNot(failure)
      const seconds = (performance.now() - watch.since) / 1000
      if (isPlaying(watch) && seconds > step.within) {
        watch.detail = step.within === 0 ? watch.detail : `not seen within ${Math.round(step.within)} s: ${watch.detail}`
        watch.state = 'missing'
      } else if (watch.state !== 'missing') {
        watch.state = mayAct ? 'ready' : 'watching'
      }
    }
    if (before !== `${watch.state} ${watch.detail}`) changed()
    if (watch.state === 'missing') return wakeAll()
    lookSoon(watch, watch.lookAgain ? settleMs : watch.state === 'ready' ? lookSeldomMs : lookEveryMs)
  }

  function saw(watch: Watch, step: Step, detail: string): void {
    if (!record) return
    const seconds = Math.round((performance.now() - watch.since) / 100) / 10
    record.seen[keyOf(watch.phase, step)] = { detail, at: new Date().toISOString(), seconds }
    keep()
    Object.assign(watch, unwatched, { at: watch.at + 1, since: performance.now() })
    if (watches.every(isOver)) playing = null
    changed()
    lookSoon(watch, 0)
    if (watch.at >= watch.phase.steps.length) wakeAll()
  }

  /** Does what brings the step about; what refuses it is said, and "Do it" can be pressed again. */
  async function bring(watch: Watch, step: Step): Promise<void> {
    const { at } = watch
    Object.assign(watch, { state: 'doing', detail: null, acted: true, since: performance.now() })
    changed()
    let failure: unknown = null
    try {
      await step.does?.act()
    } catch (error) {
      failure = error
      if (!(error instanceof CallFailed) && !(error instanceof NotSeen)) {
        log.error({ err: error, step: step.id }, 'a step of the demonstration failed')
      }
    }
    // A look that was under way may have seen it meanwhile: what the act says then is about a step that is over.
    if (closed || !watches.includes(watch) || watch.at !== at) return
    Object.assign(watch, failure === null ? { state: 'watching' } : { state: 'missing', detail: whyNot(failure) })
    changed()
    if (watch.state === 'missing') wakeAll()
    else lookSoon(watch, 0)
  }

  /** When one phase is over, playing goes on with the next one. */
  function wakeAll(): void {
    if (watches.every(isOver)) playing = null
    else if (playing === 'all' && watches[0]?.state === 'missing') {
      // Without its parts nothing else can be shown.
      playing = null
    } else if (typeof playing === 'number' && watches.some((watch) => watch.phase.number === playing && isOver(watch))) {
      playing = null
    }
    for (const watch of watches) {
      if (watch.state === 'missing') continue
      if (isPlaying(watch)) watch.since = performance.now()
      lookSoon(watch, 0)
    }
    changed()
  }

  function state(): GuideState {
    const shown = watches.length > 0 ? watches : outline()
    return {
      begunAt: record?.begunAt ?? null,
      playing,
      phases: shown.map(({ phase, ...watch }) => ({
        number: phase.number,
        title: phase.title,
        about: phase.about,
        steps: phase.steps.map((step, index) => stepState(phase, step, index, watch)),
      })),
      toPutBack: record ? toPutBack({ record }) : [],
      unavailable: unavailable(),
      revision,
    }
  }

  /** What there is to be seen, before anything is begun. */
  const outline = (): Watch[] => {
    const nothing = newRecord()
    const { replay, folder } = options
    const openCode = async () => ''
    const from = createPlace({
      ...{ host, settings: settings(), record: nothing, keep: () => {}, replay, folder, openCode },
      wasOpened: () => false,
    })
    return phasesOf(from).map((phase) => ({ phase, ...unwatched, at: -1, since: 0 }))
  }

  function stepState(phase: Phase, step: Step, index: number, { at, state, detail }: Omit<Watch, 'phase'>): GuideStep {
    const was = record?.seen[keyOf(phase, step)]
    const about = {
      id: step.id,
      words: step.words,
      does: step.does?.words ?? null,
      workflowId: step.subject?.workflowId() ?? null,
      code: step.code ?? null,
    }
    if (index < at && was) return { ...about, state: 'seen', detail: was.detail || null, seenAt: was.at, seconds: was.seconds }
    return index === at
      ? { ...about, state, detail, seenAt: null, seconds: null }
      : { ...about, state: 'ahead', detail: null, seenAt: null, seconds: null }
  }

  function begin(): GuideState {
    if (record) return state()
    const why = unavailable()
    if (why !== null) throw refused(why)
    setUp(newRecord())
    keep()
    changed()
    return state()
  }

  async function end(): Promise<string[]> {
    if (!place) return []
    playing = null
    const done = await cleanUp(place)
    forget()
    changed()
    return done
  }

  function forget(): void {
    stopLooking()
    record = null
    place = null
    opened.clear()
    file.remove()
  }

  const stopHearing = options.onEvent((name) => {
    if (!tells.has(name)) return
    for (const watch of watches) if (watch.state === 'ready' || watch.state === 'watching') lookSoon(watch, settleMs)
  })
  return {
    start() {
      if (record) setUp(record)
    },
    state,
    unusable: file.unusable,
    begin,
    act(number, id) {
      begin()
      const watch = watches.find(({ phase }) => phase.number === number)
      const index = watch?.phase.steps.findIndex((step) => step.id === id) ?? -1
      const step = watch?.phase.steps[index]
      if (!watch || !step) throw notFound(`The demonstration has no such step.`)
      if (index < watch.at) return state()
      if (index > watch.at) throw conflict('Something before this step has not been seen yet. Nothing was done.')
      if (watch.state === 'doing') return state()
      if (step.does) void bring(watch, step)
      else {
        // Looked for once more, after it was missing.
        Object.assign(watch, { state: 'watching', since: performance.now() })
        lookSoon(watch, 0)
        changed()
      }
      return state()
    },
    async play(phase, fresh) {
      if (fresh && record) {
        if (playing !== null)
          throw conflict(
            'The demonstration is under way already, by itself. Stop it first, in the console or where it was begun.',
          )
        await end()
      }
      begin()
      playing = phase
      for (const watch of watches) {
        if (watch.state === 'missing' && (phase === 'all' || watch.phase.number === phase)) Object.assign(watch, fromNow())
      }
      wakeAll()
      return state()
    },
    stop() {
      playing = null
      changed()
      return state()
    },
    async again(number) {
      const phase = watches.find((watch) => watch.phase.number === number)?.phase
      if (!phase || !record) throw notFound('No demonstration is under way.')
      for (const step of phase.steps) delete record.seen[keyOf(phase, step)]
      for (const name of phase.files) {
        const id = record.runs[name]
        if (id) record.left.push(id)
        delete record.runs[name]
        record.again[name] = (record.again[name] ?? 0) + 1
      }
      keep()
      setUp(record)
      changed()
      return state()
    },
    end,
    async code(name) {
      if (place) return place.openCode(name)
      return options.readCode(name)
    },
    close() {
      closed = true
      stopHearing()
      stopLooking()
    },
  }
}

const unwatched = { state: 'watching', detail: null, acted: false, timer: null, looking: false, lookAgain: false } as const
const fromNow = () => ({ ...unwatched, since: performance.now() })
const keyOf = (phase: Phase, step: Step) => `${phase.number}.${step.id}`

const newRecord = (): GuideRecord => ({
  version: 1,
  begunAt: new Date().toISOString(),
  suffix: randomBytes(4).toString('hex'),
  runs: {},
  again: {},
  left: [],
  approve: null,
  reject: null,
  seen: {},
  switched: [],
  productionBefore: null,
  replayed: null,
})

/** What kept something from being seen, in a sentence. */
const whyNot = (error: unknown): string => (error instanceof Error ? error.message : String(error))

import { setTimeout as sleep } from 'node:timers/promises'
import { assertNever } from '../../../contract/model.ts'
import type { WorkerProcess } from '../../../contract/workers.ts'
import { isWorkerProcessOn } from '../../../contract/workers.ts'
import type { Log } from '../log.ts'
import { SecretsUnavailable } from '../secrets/secretStore.ts'
import { fromWorker, type ToWorker } from './messages.ts'
import { type OwnProcess, type ProcessEnd, processEnvironment, type StartProcess, startNodeProcess } from './ownProcess.ts'

/** Who asks for it, and why. */
export interface Asked {
  by: string
  reason: string
  /** A drill asks for it, for as long as it is on. */
  forDrill?: boolean
}

export interface WorkerProcessControl {
  /** null where none was asked for since the host began. */
  state(): WorkerProcess | null
  /** true for a process that ended: Temporal lists it for a while longer. */
  hasEnded(identity: string): boolean
  /** Starts it. One that is on already is left as it is; what a drill brought along and somebody else asks for stays on. */
  start(asked: Asked): Promise<void>
  /** Has it give its work back and end; kills it where that takes too long. Comes back once it is gone. */
  stop(asked: Omit<Asked, 'forDrill'>): Promise<void>
  close(): Promise<void>
}

export interface Timing {
  /** The wait before it is started again; doubles with each death soon after a start. */
  againMs: number
  longestAgainMs: number
  /** A process that dies sooner after its start died soon. */
  soonMs: number
  /** After so many such deaths in a row it is left alone. */
  mostSoon: number
  /** So long may an end take before the process is killed. */
  endsWithinMs: number
}

const usualTiming: Timing = { againMs: 1_000, longestAgainMs: 30_000, soonMs: 10_000, mostSoon: 5, endsWithinMs: 5_000 }

export interface WorkerProcessOptions {
  /** The built `workerProcess`, see AppPaths. */
  script: string
  /** How it is started; default: as plain Node. */
  start?: StartProcess
  /** The data folder. */
  home: string
  /** The host's environment, with what it has taken out of it. */
  variables(): Record<string, string>
  /** @throws SecretsUnavailable when it cannot be told now */
  secret(name: string): Promise<string | null>
  onChange(state: WorkerProcess): void
  log: Log
  timing?: Partial<Timing>
  now?: () => number
}

/** A process that runs, and what is known of it. */
interface Live {
  process: OwnProcess
  startedAt: number
  /** It was told to end. */
  told: boolean
  /** A drill is about to kill it. */
  drilled: boolean
  /** What it said was wrong, before it ended. */
  problem: string | null
}

/**
 * The worker in a process of its own that this host starts beside itself, and starts again when it dies: the same worker as
 * `gatehouse worker`. Its end is the host's: the channel between the two closes, whatever the host dies of.
 */
export function createWorkerProcess(options: WorkerProcessOptions): WorkerProcessControl {
  const { log, onChange } = options
  const startProcess = options.start ?? startNodeProcess
  const now = options.now ?? Date.now
  const timing = { ...usualTiming, ...options.timing }
  const ended = new Set<string>()
  let state: WorkerProcess | null = null
  let live: Live | null = null
  let again: NodeJS.Timeout | null = null
  let diedSoon = 0
  let closed = false
  /** Switches wait for each other: a start never meets a process that is still ending. */
  let turn: Promise<void> = Promise.resolve()

  const show = (change: Partial<WorkerProcess>) => {
    if (!state) return
    const since = change.state === undefined || change.state === state.state ? state.since : new Date(now()).toISOString()
    const next = { ...state, ...change, since }
    if (JSON.stringify(next) === JSON.stringify(state)) return
    state = next
    onChange(state)
  }

  function launch(): void {
    again = null
    show({ state: 'starting', processId: null, identity: null, detail: '', againAt: null })
    let process: OwnProcess
    try {
      process = startProcess(options.script, { name: 'worker', env: processEnvironment() })
    } catch (error) {
      died(null, { code: null, signal: (error as Error).message })
      return
    }
    const mine: Live = { process, startedAt: now(), told: false, drilled: false, problem: null }
    live = mine
    process.onMessage((message) => hear(mine, message))
    process.onText((text) => log.warn({ text: text.trimEnd() }, 'the worker process says'))
    process.send({ kind: 'start', home: options.home, variables: options.variables() } satisfies ToWorker)
    show({ processId: process.pid() ?? null })
    log.info({ pid: process.pid() }, 'worker process started')
    void process.ended.then((end) => {
      live = null
      if (state?.identity) ended.add(state.identity)
      log.info({ ...end, told: mine.told, drilled: mine.drilled }, 'worker process ended')
      // Whoever told it to end says so.
      if (!mine.told) died(mine, end)
    })
  }

  function hear(mine: Live, message: unknown): void {
    const read = fromWorker.safeParse(message)
    if (!read.success) {
      log.warn({ err: read.error }, 'the worker process said what is not known here')
      return
    }
    const said = read.data
    const processId = mine.process.pid() ?? null
    switch (said.kind) {
      case 'polling':
        show({ state: mine.told ? 'ending' : 'polling', processId, identity: said.identity, detail: '' })
        break
      case 'resting':
        show({ state: mine.told ? 'ending' : 'starting', processId })
        break
      case 'says':
        show({ processId, detail: said.text })
        break
      case 'drilled':
        mine.drilled = true
        break
      case 'problem':
        mine.problem = said.message
        break
      case 'secret':
        void tellSecret(mine, said)
        break
      case 'loaded':
        break
      default:
        assertNever(said)
    }
  }

  async function tellSecret({ process }: Live, { id, name }: { id: number; name: string }): Promise<void> {
    let answer: ToWorker
    try {
      answer = { kind: 'secret', id, value: await options.secret(name) }
    } catch (error) {
      const { message, remedy } =
        error instanceof SecretsUnavailable ? error : { message: 'A secret cannot be read.', remedy: '' }
      if (!(error instanceof SecretsUnavailable)) log.error({ err: error }, 'a secret could not be handed over')
      answer = { kind: 'noSecret', id, message, remedy }
    }
    process.send(answer)
  }

  /** @param mine null where it could not be started at all */
  function died(mine: Live | null, end: ProcessEnd): void {
    if (!state || closed) return
    const soon = !mine?.drilled && (mine === null || now() - mine.startedAt < timing.soonMs)
    diedSoon = soon ? diedSoon + 1 : 0
    const why = mine?.drilled
      ? 'The drill "Worker crash" killed it in the middle of a step.'
      : `It died: ${mine?.problem ?? endWords(end)}`
    const gone = { processId: null, identity: null }
    if (diedSoon >= timing.mostSoon) {
      log.error({ why, deaths: diedSoon }, 'the worker process is not started again')
      const times = `It died ${diedSoon} times in a row soon after a start, so it is left alone.`
      show({
        ...gone,
        state: 'failed',
        detail: `${sentence(why)} ${times} The log says more; start it again when the cause is mended.`,
        againAt: null,
      })
      return
    }
    const wait = Math.min(timing.longestAgainMs, timing.againMs * 2 ** Math.max(0, diedSoon - 1))
    show({
      ...gone,
      state: 'again',
      detail: sentence(why),
      againAt: new Date(now() + wait).toISOString(),
      restarts: state.restarts + 1,
    })
    again = setTimeout(launch, wait)
  }

  async function endIt(): Promise<void> {
    if (again) clearTimeout(again)
    again = null
    if (!live) return
    const { process } = live
    live.told = true
    show({ state: 'ending', detail: '' })
    process.send({ kind: 'end' } satisfies ToWorker)
    const limit = new AbortController()
    const late = sleep(timing.endsWithinMs, 'late' as const, { signal: limit.signal }).catch(() => null)
    if ((await Promise.race([process.ended, late])) === 'late') {
      log.warn({ pid: process.pid() }, 'the worker process did not end by itself and is killed')
      process.kill()
    }
    limit.abort()
    await process.ended
  }

  const inTurn = (act: () => void | Promise<void>): Promise<void> => {
    const mine = turn.then(act)
    turn = mine.catch(() => {})
    return mine
  }

  return {
    state: () => state,
    hasEnded: (identity) => ended.has(identity),
    start: ({ by, reason, forDrill = false }) =>
      inTurn(() => {
        if (closed) return
        if (isWorkerProcessOn(state)) {
          if (!forDrill && state?.forDrill) show({ by, reason, forDrill })
          return
        }
        diedSoon = 0
        const since = new Date(now()).toISOString()
        const nothing = { processId: null, identity: null, detail: '', againAt: null, restarts: 0 }
        state = { state: 'starting', since, by, reason, forDrill, ...nothing }
        onChange(state)
        launch()
      }),
    stop: ({ by, reason }) =>
      inTurn(async () => {
        if (!isWorkerProcessOn(state)) return
        await endIt()
        const gone = { processId: null, identity: null, againAt: null, forDrill: false }
        show({ ...gone, state: 'ended', by, reason, detail: sentence(`It was stopped by ${by}: ${reason}`) })
      }),
    close() {
      closed = true
      return inTurn(endIt)
    },
  }
}

const endWords = ({ code, signal }: ProcessEnd) => (signal ? `it was ended by ${signal}` : `it ended with ${code}`)

const sentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`)

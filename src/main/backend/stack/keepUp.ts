import { setTimeout as sleep } from 'node:timers/promises'
import type { Part } from '../../../contract/model.ts'
import { isDiskFull } from '../../../temporal/diskFull.ts'
import type { Log } from '../log.ts'

/** A part of the stack that is up. */
export interface Live<T> {
  value: T
  /** One line for the status bar. */
  summary: string
  address: string
  /** Something that the operator should know although all is well; else empty. */
  note: string
  /** Cheap. @throws when the part does not answer as it should */
  check(signal: AbortSignal): Promise<void>
  /** Settles with a sentence when the part has gone by itself; never rejects. */
  gone: Promise<string>
  /** Lets go of it; a server of ours is stopped. */
  close(): Promise<void>
}

/** What went wrong and what the operator can do, both as sentences. */
export class PartProblem extends Error {
  readonly remedy: string
  /** The least wait in milliseconds before it is worth trying again, where trying is expensive. */
  readonly againAfter: number
  constructor(message: string, remedy: string, options: ErrorOptions & { againAfter?: number } = {}) {
    super(message, options)
    this.name = 'PartProblem'
    this.remedy = remedy
    this.againAfter = options.againAfter ?? 0
  }
}

export type Report = (progress: { detail: string; fraction?: number | null; address?: string }) => void

export interface KeepUpOptions<T> {
  name: string
  /** The status bar's line until it is up, e.g. `embedded`. */
  summary(): string
  /** Brings the part up, waiting until it can be used. @throws PartProblem */
  bring(report: Report, signal: AbortSignal): Promise<Live<T>>
  /** How long a part that is there but does not answer is left in peace before it is brought up anew. */
  patienceMilliseconds(): number
  log: Log
  checkEveryMilliseconds?: number
}

export interface Kept<T> {
  start(): void
  part(): Part
  /** null while it is not up. */
  value(): T | null
  /** Why it is not up, when something went wrong; null while it is up or comes up for the first time. */
  problem(): Error | null
  retry(): void
  /** Stops the part and leaves it down for the reason given, until `release`. Comes back once it has stopped. Idempotent. */
  hold(reason: PartProblem): Promise<void>
  /** Brings it up again at once. Idempotent. */
  release(): void
  onChange(listener: () => void): () => void
  close(): Promise<void>
}

const firstWait = 250
/** Short, because runs wait for a part that is away, and a look costs little. */
const longestWait = 4_000
/** One slow answer on a busy machine is no outage. */
const failuresUntilDown = 2

/** What a server says ends as it likes. */
const sentence = (text: string) => (/[.!?:]$/.test(text) ? text : `${text}.`)

/** What the system says of a full disk, or of a file that is closed to us, names neither the place nor what to do. */
function inWords(error: NodeJS.ErrnoException): Error {
  if (isDiskFull(error)) {
    return new PartProblem(
      'It cannot start: the disk of the data folder is full. Nothing that it had confirmed is lost.',
      'Free some space on that disk; it starts by itself then.',
      { cause: error },
    )
  }
  if (!['EROFS', 'EACCES', 'EPERM'].includes(error.code ?? '') || !error.path) return error
  return new PartProblem(
    `${error.path} cannot be written (${error.code}). Nothing was started, and nothing was changed.`,
    'Make it and its folder writable for this user; Gatehouse tries again by itself, and what waits goes on then.',
    { cause: error },
  )
}

/** Brings a part up, watches it, and brings it up again with a growing wait whenever it went away. */
export function keepUp<T>(options: KeepUpOptions<T>): Kept<T> {
  const { name, log } = options
  const checkEvery = options.checkEveryMilliseconds ?? 2_000
  const listeners = new Set<() => void>()
  const ending = new AbortController()
  let waking = new AbortController()
  /** Why it is to be left down; null while it is to be up. */
  let held: PartProblem | null = null
  let interrupt = new AbortController()
  let isLeftDown = false
  const waitingForHold = new Set<() => void>()
  let released = () => {}
  let live: Live<T> | null = null
  let up = false
  let problem: Error | null = null
  let loop: Promise<void> = Promise.resolve()
  let part: Part = { state: 'starting', summary: options.summary(), detail: '', remedy: '', progress: null, address: null }

  const show = (change: Partial<Part>) => {
    const next = { ...part, ...change }
    if (JSON.stringify(next) === JSON.stringify(part)) return
    part = next
    for (const listener of listeners) listener()
  }
  const showUp = (now: Live<T>) => {
    up = true
    problem = null
    show({ state: 'up', summary: now.summary, detail: now.note, remedy: '', progress: null, address: now.address })
  }
  const showDown = (error: Error, more: string) => {
    up = false
    problem = error
    show({
      state: 'down',
      summary: options.summary(),
      detail: `${sentence(error.message)} ${more}`.trim(),
      remedy: error instanceof PartProblem ? error.remedy : '',
      progress: null,
    })
  }
  /** Ends early when somebody asks for a retry, or when we close. */
  const pause = async (milliseconds: number, ...events: Promise<unknown>[]) => {
    const over = new AbortController()
    const signal = AbortSignal.any([over.signal, ending.signal, waking.signal, interrupt.signal])
    await Promise.race([sleep(milliseconds, undefined, { signal }).catch(() => {}), ...events])
    over.abort()
    if (waking.signal.aborted) waking = new AbortController()
  }

  /** Comes back when the part has to be brought up anew. */
  const watch = async (now: Live<T>, stop: AbortSignal): Promise<Error> => {
    let gone: string | null = null
    void now.gone.then((sentence) => {
      gone = sentence
    })
    let failures = 0
    let silentSince = 0
    for (;;) {
      await pause(checkEvery, now.gone)
      if (stop.aborted) return new Error('closed')
      if (gone !== null) return new PartProblem(gone, '')
      try {
        await now.check(stop)
        failures = 0
        showUp(now)
      } catch (error) {
        // What ended for good tells so itself, a moment after the failed check.
        await Promise.race([now.gone, sleep(50)])
        if (stop.aborted) return new Error('closed')
        if (gone !== null) return new PartProblem(gone, '')
        failures += 1
        if (failures === 1) silentSince = performance.now()
        if (failures < failuresUntilDown) continue
        log.warn({ part: name, err: error }, 'does not answer')
        if (performance.now() - silentSince >= options.patienceMilliseconds()) return error as Error
        showDown(error as Error, 'Gatehouse keeps looking.')
      }
    }
  }

  /** Says why it is down, and waits until it is to be up again. */
  const stayDown = async (reason: PartProblem) => {
    const release = new Promise<void>((resolve) => {
      released = resolve
    })
    isLeftDown = true
    log.info({ part: name, reason: reason.message }, 'held down')
    showDown(reason, '')
    for (const tell of waitingForHold) tell()
    waitingForHold.clear()
    const closing = new Promise<void>((resolve) => {
      if (ending.signal.aborted) resolve()
      else ending.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    if (held !== null) await Promise.race([release, closing])
    isLeftDown = false
    problem = null
  }

  const run = async () => {
    let wait = firstWait
    while (!ending.signal.aborted) {
      if (held !== null) {
        await stayDown(held)
        wait = firstWait
        continue
      }
      const stop = AbortSignal.any([ending.signal, interrupt.signal])
      let error: Error
      const begun = performance.now()
      try {
        live = await options.bring(({ detail, fraction, address }) => {
          // After a failure the reason stays on show; only a long preparation is worth replacing it.
          if (problem && fraction === undefined) return
          show({ state: 'starting', detail, remedy: '', progress: fraction ?? null, ...(address ? { address } : {}) })
        }, stop)
        log.info({ part: name, address: live.address, milliseconds: Math.round(performance.now() - begun) }, 'up')
        if (!stop.aborted) showUp(live)
        const upSince = performance.now()
        error = await watch(live, stop)
        if (performance.now() - upSince > 30_000) wait = firstWait
      } catch (thrown) {
        error = inWords(thrown as NodeJS.ErrnoException)
      }
      const old = live
      live = null
      up = false
      if (ending.signal.aborted) {
        await old?.close().catch((e: unknown) => log.warn({ part: name, err: e }, 'closing'))
        return
      }
      if (stop.aborted) {
        await old?.close().catch((e: unknown) => log.warn({ part: name, err: e }, 'closing'))
        continue
      }
      const pausing = Math.max(wait, error instanceof PartProblem ? error.againAfter : 0)
      log.warn({ part: name, err: error, againIn: pausing }, 'down')
      showDown(error, `Gatehouse tries again in ${pausing < 1000 ? 'a moment' : `${Math.round(pausing / 1000)} s`}.`)
      await old?.close().catch((e: unknown) => log.warn({ part: name, err: e }, 'closing'))
      await pause(pausing)
      wait = Math.min(longestWait, wait * 2)
    }
  }

  return {
    start() {
      loop = run()
    },
    part: () => part,
    value: () => (up && live ? live.value : null),
    problem: () => problem,
    retry: () => waking.abort(),
    hold(reason) {
      held = reason
      if (isLeftDown) return Promise.resolve()
      interrupt.abort()
      return new Promise((resolve) => waitingForHold.add(resolve))
    },
    release() {
      if (held === null) return
      held = null
      interrupt = new AbortController()
      for (const tell of waitingForHold) tell()
      waitingForHold.clear()
      released()
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      ending.abort()
      await loop
      for (const tell of waitingForHold) tell()
      show({ state: 'off', detail: '', remedy: '', progress: null })
    },
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { Part } from '../../../contract/model.ts'
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
  onChange(listener: () => void): () => void
  close(): Promise<void>
}

const firstWait = 250
/** Short, because runs wait for a part that is away, and a look costs little. */
const longestWait = 4_000
/** One slow answer on a busy machine is no outage. */
const failuresUntilDown = 2

/** Brings a part up, watches it, and brings it up again with a growing wait whenever it went away. */
export function keepUp<T>(options: KeepUpOptions<T>): Kept<T> {
  const { name, log } = options
  const checkEvery = options.checkEveryMilliseconds ?? 2_000
  const listeners = new Set<() => void>()
  const ending = new AbortController()
  let waking = new AbortController()
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
      detail: `${error.message} ${more}`.trim(),
      remedy: error instanceof PartProblem ? error.remedy : '',
      progress: null,
    })
  }
  /** Ends early when somebody asks for a retry, or when we close. */
  const pause = async (milliseconds: number, ...events: Promise<unknown>[]) => {
    const over = new AbortController()
    const signal = AbortSignal.any([over.signal, ending.signal, waking.signal])
    await Promise.race([sleep(milliseconds, undefined, { signal }).catch(() => {}), ...events])
    over.abort()
    if (waking.signal.aborted) waking = new AbortController()
  }

  /** Comes back when the part has to be brought up anew. */
  const watch = async (now: Live<T>): Promise<Error> => {
    let gone: string | null = null
    void now.gone.then((sentence) => {
      gone = sentence
    })
    let failures = 0
    let silentSince = 0
    for (;;) {
      await pause(checkEvery, now.gone)
      if (gone !== null) return new PartProblem(gone, '')
      if (ending.signal.aborted) return new Error('closed')
      try {
        await now.check(ending.signal)
        failures = 0
        showUp(now)
      } catch (error) {
        // What ended for good tells so itself, a moment after the failed check.
        await Promise.race([now.gone, sleep(50)])
        if (gone !== null) return new PartProblem(gone, '')
        if (ending.signal.aborted) return new Error('closed')
        failures += 1
        if (failures === 1) silentSince = Date.now()
        if (failures < failuresUntilDown) continue
        log.warn({ part: name, err: error }, 'does not answer')
        if (Date.now() - silentSince >= options.patienceMilliseconds()) return error as Error
        showDown(error as Error, 'Gatehouse keeps looking.')
      }
    }
  }

  const run = async () => {
    let wait = firstWait
    while (!ending.signal.aborted) {
      let error: Error
      const begun = Date.now()
      try {
        live = await options.bring(({ detail, fraction, address }) => {
          // After a failure the reason stays on show; only a long preparation is worth replacing it.
          if (problem && fraction === undefined) return
          show({ state: 'starting', detail, remedy: '', progress: fraction ?? null, ...(address ? { address } : {}) })
        }, ending.signal)
        log.info({ part: name, address: live.address, milliseconds: Date.now() - begun }, 'up')
        if (!ending.signal.aborted) showUp(live)
        const upSince = Date.now()
        error = await watch(live)
        if (Date.now() - upSince > 30_000) wait = firstWait
      } catch (thrown) {
        error = thrown as Error
      }
      const old = live
      live = null
      up = false
      if (ending.signal.aborted) {
        await old?.close().catch((e: unknown) => log.warn({ part: name, err: e }, 'closing'))
        return
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
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      ending.abort()
      await loop
      show({ state: 'off', detail: '', remedy: '', progress: null })
    },
  }
}

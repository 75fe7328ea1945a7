/** Starts the built main process in plain Node 24 on the stand-in for `electron`, and acts as the person in front of it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { CallInput, CallName, CallOutput } from '../../../src/contract/calls.ts'
import { calls } from '../../../src/contract/calls.ts'
import { CallFailed } from '../../../src/contract/errors.ts'
import { type EventName, type EventPayload, events } from '../../../src/contract/events.ts'
import type { Reply } from '../../../src/contract/wire.ts'
import type { Deed, FromStandIn, Seen, ToStandIn } from './messages.ts'

export interface StandInApp {
  process: ChildProcess
  /** Exit code and signal, once it has ended. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** What it wrote to standard output and standard error so far. */
  said(): string
  act(deed: Deed): Promise<unknown>
  /** The first moment, from now on, at which this is to be seen. */
  sees(what: string, test: (seen: Seen) => boolean): Promise<Seen>
  /** A call of the console's page. @throws CallFailed */
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>>
  /** The first event of this name, from now on, that the page hears and that fits. */
  hears<N extends EventName>(name: N, test: (payload: EventPayload<N>) => boolean): Promise<EventPayload<N>>
}

export function launchStandIn(appFolder: string, args: readonly string[], env: NodeJS.ProcessEnv): StandInApp {
  const child = spawn(
    process.execPath,
    ['--import', join(import.meta.dirname, 'register.ts'), join(appFolder, 'out', 'main', 'index.cjs'), ...args],
    { env: { ...env, GATEHOUSE_E2E_APP_FOLDER: appFolder }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  )
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000)
    })
  }
  const settles = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  const watchers = new Set<(message: FromStandIn) => void>()
  let seen: Seen | null = null
  let nextId = 0

  child.on('message', (message: FromStandIn) => {
    if (message.kind === 'seen') seen = message.seen
    if (message.kind === 'answer') settles.get(message.id)?.resolve(message.value)
    if (message.kind === 'problem') settles.get(message.id)?.reject(new Error(message.message))
    for (const watch of [...watchers]) watch(message)
  })
  const ended = new Promise<Awaited<StandInApp['ended']>>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  )
  void ended.then(({ code }) => {
    for (const { reject } of settles.values()) reject(new Error(`the app ended with ${code}\n${said}`))
  })

  /** Waits for a message that `pick` makes something of; rejects when the app ends before. */
  const next = <T>(what: string, pick: (message: FromStandIn) => T | null) => {
    const found = new Promise<T>((resolve, reject) => {
      const watch = (message: FromStandIn) => {
        const picked = pick(message)
        if (picked === null) return
        watchers.delete(watch)
        resolve(picked)
      }
      watchers.add(watch)
      void ended.then(({ code }) => reject(new Error(`the app ended with ${code} before: ${what}\n${said}`)))
    })
    // Whoever found it another way does not wait for it any more.
    found.catch(() => {})
    return found
  }

  const act = (deed: Deed) =>
    new Promise((resolve, reject) => {
      const id = nextId++
      settles.set(id, { resolve, reject })
      child.send({ id, deed } satisfies ToStandIn, (error) => error && reject(error))
    })

  return {
    process: child,
    ended,
    said: () => said,
    act,
    sees: (what, test) =>
      seen && test(seen)
        ? Promise.resolve(seen)
        : next(what, (message) => (message.kind === 'seen' && test(message.seen) ? message.seen : null)),
    async call(name, input) {
      const reply = (await act({ do: 'request', call: name, input })) as Reply
      if (!reply.ok) throw new CallFailed(reply.error)
      return calls[name].output.parse(reply.output) as never
    },
    hears: (name, test) =>
      next(`event ${name}`, (message) => {
        if (message.kind !== 'push' || message.event !== name) return null
        const payload = events[name].parse(message.payload) as EventPayload<typeof name>
        return test(payload) ? payload : null
      }),
  }
}

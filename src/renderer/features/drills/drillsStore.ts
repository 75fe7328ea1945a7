import { createStore } from 'zustand/vanilla'
import {
  type ActiveDrill,
  type Drill,
  type DrillName,
  type DrillOrder,
  type DrillsState,
  drillOrder,
  leftOfDrill,
} from '../../../contract/drills.ts'
import { CallFailed } from '../../../contract/errors.ts'
import { assertNever } from '../../../contract/model.ts'
import { momentWords, type SentenceOptions } from '../../../contract/sentence.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'

/** What is typed beside a switch, as text; empty means "no such end". */
export interface DrillDraft {
  scope: 'next' | 'files' | 'all'
  pattern: string
  count: string
  minutes: string
  probability: string
  seconds: string
  latencyMs: string
  /** Bring a worker process along, where that is offered. */
  startsWorker: boolean
}
export type DraftErrors = Partial<Record<keyof DrillDraft, string>>

export interface DrillsView {
  load: 'loading' | 'ready' | 'failed'
  problem: string | null
  state: DrillsState | null
  drafts: Partial<Record<DrillName, DrillDraft>>
  errors: Partial<Record<DrillName, DraftErrors>>
  /** Switches whose answer is awaited. */
  busy: Partial<Record<DrillName, boolean>>
  /** Why the host did not switch, as it said it. */
  refusals: Partial<Record<DrillName, string>>
  /** The production profile's name, as far as it is typed. */
  profile: string
  typeProfile(text: string): void
  fetch(): Promise<void>
  edit(name: DrillName, change: Partial<DrillDraft>): void
  /** Switches on as its draft says, or off. `offersWorker`: its worker process was offered, and the draft decides about that. */
  toggle(name: DrillName, offersWorker?: boolean): Promise<void>
}

export const draftOf = ({ options }: Pick<Drill, 'options'>): DrillDraft => ({
  scope: 'next',
  pattern: '',
  count: '',
  minutes: '',
  probability: options.probability === null ? '' : String(options.probability),
  seconds: options.seconds === null || options.latency ? '' : String(options.seconds),
  latencyMs: options.seconds === null || !options.latency ? '' : String(options.seconds * 1000),
  startsWorker: options.startsWorker,
})

const number = (text: string) => (text.trim() === '' ? undefined : Number(text.trim().replace(',', '.')))

const limits: Record<'count' | 'minutes' | 'probability' | 'seconds' | 'latencyMs', string> = {
  count: 'A whole number from 1 to 100000.',
  minutes: 'A number above 0, at most 10080 (a week).',
  probability: 'A number above 0, at most 1.',
  seconds: 'A number above 0, at most 600.',
  latencyMs: 'A number above 0, at most 600000.',
}

/** Checks what was typed against the contract; only what the drill takes is asked for. */
export function orderOf(
  draft: DrillDraft,
  { options }: Pick<Drill, 'options'>,
): { ok: true; order: DrillOrder } | { ok: false; errors: DraftErrors } {
  const scope = draft.scope === 'files' ? { kind: draft.scope, pattern: draft.pattern } : { kind: draft.scope }
  const latency = number(draft.latencyMs)
  const seconds = options.latency ? latency && latency / 1000 : number(draft.seconds)
  const read = drillOrder.safeParse({
    ...(options.scope ? { scope } : {}),
    ...(options.count ? { count: number(draft.count) } : {}),
    minutes: number(draft.minutes),
    ...(options.probability === null ? {} : { probability: number(draft.probability) }),
    ...(options.seconds === null ? {} : { seconds }),
  })
  if (read.success) return { ok: true, order: read.data }
  const errors: DraftErrors = {}
  for (const { path } of read.error.issues) {
    const [field] = path
    if (field === 'scope') errors.pattern = 'A pattern is needed.'
    else if (field === 'seconds' && options.latency) errors.latencyMs = limits.latencyMs
    else if (typeof field === 'string' && field in limits)
      errors[field as keyof typeof limits] = limits[field as keyof typeof limits]
  }
  return { ok: false, errors }
}

/** Whom a drill that is on hits, in words. */
export function scopeWords({ scope, run }: Pick<ActiveDrill, 'scope' | 'run'>): string {
  switch (scope.kind) {
    case 'next':
      return run === null ? 'waits for the next run' : `for the run of ${run.fileName}`
    case 'files':
      return `for files like ${scope.pattern}`
    case 'all':
      return 'for all runs'
    default:
      return assertNever(scope)
  }
}

/** A title in the middle of a sentence; a product keeps its name. */
const inSentence = (title: string) => (title.startsWith('Postgres') ? title : title.charAt(0).toLowerCase() + title.slice(1))

/** What the status line says while any fault is on; null while none is. */
export function bannerText(state: DrillsState | null, now: Date, times: SentenceOptions = {}): string | null {
  if (!state) return null
  const said = state.drills.flatMap(({ title, on }) => {
    if (!on) return []
    const left = leftOfDrill(on, (time) => momentWords(time, now, { ...times, relative: false }))
    return [left === '' ? inSentence(title) : `${inSentence(title)} (${left})`]
  })
  const { failureFile } = state
  if (failureFile.state === 'on') said.push(`${failureFile.activity?.replaceAll('_', ' ')} fails (failure file)`)
  if (said.length === 0) return null
  return `${said.length === 1 ? 'drill' : `${said.length} drills`}: ${said.join(', ')}`
}

export const isAnyDrillOn = ({ state }: Pick<DrillsView, 'state'>): boolean =>
  state !== null && (state.failureFile.state === 'on' || state.drills.some((drill) => drill.on !== null))

export function createDrillsStore(connection: Connection) {
  /** What was asked of a switch and not answered, until the host tells how it is: sent again, it is the same request. */
  const unanswered = new Map<DrillName, { deed: string; requestId: string }>()
  const store = createStore<DrillsView>()((set, get) => ({
    load: 'loading',
    problem: null,
    state: null,
    drafts: {},
    errors: {},
    busy: {},
    refusals: {},
    profile: '',
    typeProfile: (profile) => set({ profile }),
    async fetch() {
      try {
        take(await connection.call('drills.list', {}), true)
      } catch (cause) {
        set(get().load === 'ready' ? { problem: problemText(cause) } : { load: 'failed', problem: problemText(cause) })
      }
    },
    edit(name, change) {
      const drill = get().state?.drills.find((one) => one.name === name)
      if (!drill) return
      const draft = { ...(get().drafts[name] ?? draftOf(drill)), ...change }
      const known = get().errors[name]
      // What was found wrong is looked at again as it is typed; what is being typed for the first time is left in peace.
      const checked = orderOf(draft, drill)
      const errors = known && !checked.ok ? checked.errors : undefined
      set({ drafts: { ...get().drafts, [name]: draft }, errors: { ...get().errors, [name]: errors } })
    },
    async toggle(name, offersWorker = false) {
      const drill = get().state?.drills.find((one) => one.name === name)
      if (!drill || get().busy[name]) return
      let to: DrillOrder | null = null
      if (drill.on === null) {
        const draft = get().drafts[name] ?? draftOf(drill)
        const checked = orderOf(draft, drill)
        if (!checked.ok) return set({ errors: { ...get().errors, [name]: checked.errors } })
        to = get().state?.production === null ? checked.order : { ...checked.order, profile: get().profile.trim() }
        if (offersWorker && draft.startsWorker) to = { ...to, startsWorker: true }
      }
      const mark = (busy: boolean, refusal: string | undefined) =>
        set({ busy: { ...get().busy, [name]: busy }, refusals: { ...get().refusals, [name]: refusal } })
      mark(true, undefined)
      const deed = JSON.stringify(to)
      const again = unanswered.get(name)
      const requestId = again?.deed === deed ? again.requestId : crypto.randomUUID()
      unanswered.set(name, { deed, requestId })
      try {
        take(await connection.call('drills.set', { name, to, requestId }))
        mark(false, undefined)
      } catch (cause) {
        // What was refused is over. Whether something without an answer was done, only the host knows.
        if (cause instanceof CallFailed && cause.error.kind !== 'unavailable') unanswered.delete(name)
        mark(false, problemText(cause))
      }
    },
  }))
  /** An older answer never overwrites a newer one; after a restart of the host its count begins anew, and it is asked afresh. */
  const take = (state: DrillsState, afresh = false) => {
    const known = store.getState().state
    if (!afresh && known && known.revision > state.revision) return
    unanswered.clear()
    store.setState({ state, load: 'ready', problem: null })
  }
  connection.subscribe('drills.changed', ({ state }) => take(state))
  return store
}
export type DrillsStore = ReturnType<typeof createDrillsStore>

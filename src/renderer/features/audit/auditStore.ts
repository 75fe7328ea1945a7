import { createStore } from 'zustand/vanilla'
import { type AuditFormat, exportAudit } from '../../../contract/auditExport.ts'
import type { AuditFilter, AuditKind, AuditRecord } from '../../../contract/operator.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'

const pageSize = 300
/** What one question may ask for at most; an export asks as often as it has to. */
const exportPageSize = 5000
/** A text that is being typed is sent when the typing rests this long, in milliseconds. */
const restMs = 250

const hour = 3_600_000
export const spans = {
  all: { words: 'Any time', ms: null },
  hour: { words: 'Last hour', ms: hour },
  day: { words: 'Last 24 h', ms: 24 * hour },
  week: { words: 'Last 7 days', ms: 7 * 24 * hour },
  month: { words: 'Last 30 days', ms: 30 * 24 * hour },
} as const
export type Span = keyof typeof spans

export interface AuditState {
  load: 'loading' | 'ready' | 'failed'
  problem: string | null
  /** Newest first. */
  entries: readonly AuditRecord[]
  /** How many fit the filter; more than `entries` holds when there are many. */
  total: number
  operators: readonly string[]
  loadingOlder: boolean
  /** New ones that are not on the screen yet, because rows must not move while somebody reads. */
  fresh: boolean
  text: string
  /** Empty: every kind. */
  kinds: readonly AuditKind[]
  operator: string | null
  span: Span
  workflowId: string | null
  exporting: boolean
  fetch(): Promise<void>
  loadOlder(): Promise<void>
  narrow(change: Partial<Pick<AuditState, 'text' | 'kinds' | 'operator' | 'span' | 'workflowId'>>): void
  clear(): void
  /** While held, new rows are offered and not put in: the list is scrolled. */
  setHeld(held: boolean): void
  /** Every record that fits the filter, whatever is on the screen; null with `problem` when they could not be had. */
  exported(format: AuditFormat): Promise<string | null>
}

export const unfiltered = { text: '', kinds: [], operator: null, span: 'all', workflowId: null } as const
export const isFiltered = ({ text, kinds, operator, span, workflowId }: AuditState) =>
  text.trim() !== '' || kinds.length > 0 || operator !== null || span !== 'all' || workflowId !== null

export function createAuditStore(connection: Connection, now: () => number = Date.now) {
  let asked = 0
  let held = false
  let resting: ReturnType<typeof setTimeout> | undefined

  const store = createStore<AuditState>()((set, get) => {
    const filter = (): AuditFilter => {
      const { text, kinds, operator, span, workflowId } = get()
      const { ms } = spans[span]
      return {
        ...(text.trim() ? { text: text.trim() } : {}),
        ...(kinds.length > 0 ? { kinds: [...kinds] } : {}),
        ...(operator === null ? {} : { operator }),
        ...(workflowId === null ? {} : { workflowId }),
        ...(ms === null ? {} : { from: new Date(now() - ms).toISOString() }),
      }
    }
    const failed = (cause: unknown) =>
      set(get().load === 'ready' ? { problem: problemText(cause) } : { load: 'failed', problem: problemText(cause) })

    return {
      load: 'loading',
      problem: null,
      entries: [],
      total: 0,
      operators: [],
      loadingOlder: false,
      fresh: false,
      ...unfiltered,
      exporting: false,
      async fetch() {
        const mine = ++asked
        try {
          const answer = await connection.call('audit.list', { ...filter(), limit: pageSize })
          // The filter may have changed meanwhile.
          if (mine === asked) set({ ...answer, load: 'ready', problem: null, fresh: false })
        } catch (cause) {
          if (mine === asked) failed(cause)
        }
      },
      async loadOlder() {
        const { entries, total, loadingOlder } = get()
        const last = entries.at(-1)
        if (loadingOlder || !last || entries.length >= total) return
        const mine = asked
        set({ loadingOlder: true })
        try {
          const answer = await connection.call('audit.list', { ...filter(), limit: pageSize, before: last.id })
          if (mine === asked) set({ entries: [...get().entries, ...answer.entries], total: answer.total })
        } catch (cause) {
          failed(cause)
        } finally {
          set({ loadingOlder: false })
        }
      },
      narrow(change) {
        set(change)
        clearTimeout(resting)
        resting = setTimeout(() => void get().fetch(), 'text' in change ? restMs : 0)
      },
      clear: () => get().narrow(unfiltered),
      setHeld(next) {
        held = next
        if (!held && get().fresh) void get().fetch()
      },
      async exported(format) {
        set({ exporting: true })
        try {
          const all: AuditRecord[] = []
          let before: number | undefined
          for (;;) {
            const { entries } = await connection.call('audit.list', { ...filter(), limit: exportPageSize, before })
            all.push(...entries)
            before = entries.at(-1)?.id
            if (entries.length < exportPageSize) return exportAudit(all, format)
          }
        } catch (cause) {
          set({ problem: problemText(cause) })
          return null
        } finally {
          set({ exporting: false })
        }
      },
    }
  })
  connection.subscribe('audit.changed', () => {
    // Read when the view is first looked at; then kept up to date.
    if (store.getState().load === 'loading') return
    if (held) store.setState({ fresh: true })
    else void store.getState().fetch()
  })
  return store
}
export type AuditStore = ReturnType<typeof createAuditStore>

import { createStore } from 'zustand/vanilla'
import type { AppInfo, Part, StackHealth, UnusableFile } from '../../../contract/model.ts'
import type { Connection, ConnectionStatus } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'

/** The parts of the stack, in the order in which the status line names them. */
export const partNames = ['temporal', 'postgres', 'worker', 'inbox', 'dev', 'prod', 'secrets', 'disk'] as const
export type PartName = (typeof partNames)[number]
export const partLabels: Record<PartName, string> = {
  temporal: 'Temporal',
  postgres: 'Postgres',
  worker: 'Worker',
  inbox: 'Inbox',
  dev: 'Dev',
  prod: 'Production',
  secrets: 'Secrets',
  disk: 'Disk',
}

/** The line has room for what is used all the time; the disk comes into it when somebody has to see to it. */
export const inLine = (name: PartName, { remedy }: Part): boolean => name !== 'disk' || remedy !== ''

export interface StackState {
  connection: ConnectionStatus
  /** Since when the host is away; null while it is there. */
  lostSince: number | null
  health: StackHealth | null
  info: AppInfo | null
  retrying: boolean
  problem: string | null
  /** What of the unusable files was told, as it was told: it is not told again in this window. */
  hidden: ReadonlySet<string>
  hide(problem: string): void
  fetch(): Promise<void>
  retry(): Promise<void>
}

export function createStackStore(connection: Connection) {
  const store = createStore<StackState>()((set, get) => ({
    connection: 'connecting',
    lostSince: null,
    health: null,
    info: null,
    retrying: false,
    problem: null,
    hidden: new Set(),
    hide: (problem) => set({ hidden: new Set([...get().hidden, problem]) }),
    async fetch() {
      try {
        const [health, info] = await Promise.all([connection.call('stack.health', {}), connection.call('app.info', {})])
        set({ health, info, problem: null })
      } catch (cause) {
        set({ problem: problemText(cause) })
      }
    },
    async retry() {
      set({ retrying: true, problem: null })
      try {
        await connection.call('stack.retry', {})
      } catch (cause) {
        set({ problem: problemText(cause) })
      } finally {
        set({ retrying: false })
      }
    },
  }))
  connection.subscribe('stack.changed', ({ health }) => store.setState({ health }))
  connection.onStatus((status) =>
    store.setState((state) => ({
      connection: status,
      lostSince: status === 'lost' ? (state.lostSince ?? Date.now()) : null,
    })),
  )
  return store
}
export type StackStore = ReturnType<typeof createStackStore>

/** Files that could not be used, of which the operator has not said that it is known. */
export const untold = ({ health, hidden }: Pick<StackState, 'health' | 'hidden'>): UnusableFile[] =>
  health?.unusable.filter(({ problem }) => !hidden.has(problem)) ?? []

/** The others, which are still so. */
export const hiddenFiles = ({ health, hidden }: Pick<StackState, 'health' | 'hidden'>): UnusableFile[] =>
  health?.unusable.filter(({ problem }) => hidden.has(problem)) ?? []

/** Why nothing can be sent to the host now; null when it can. */
export const whyActionsAreOff = (state: Pick<StackState, 'connection'>): string | null =>
  state.connection === 'open' ? null : 'Gatehouse cannot be reached right now.'

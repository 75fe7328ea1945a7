import { createStore } from 'zustand/vanilla'
import type { ProfileCheck, ProfilesState } from '../../../contract/profiles.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'

/** Of one profile: asked since when (ms), or what was found; `problem` when it could not even be asked. */
export type CheckOf = { asked: number } | { found: ProfileCheck } | { problem: string }

export interface ProfilesView {
  /** null until the host has told. */
  state: ProfilesState | null
  /** Why it could not be told. */
  problem: string | null
  checks: Record<string, CheckOf>
  fetch(): Promise<void>
  /** Asks the servers of every profile that can be chosen, and shows each answer as it comes. */
  check(): Promise<void>
  /** Has the next start use a profile. @returns why not; null when it does */
  use(name: string, reason?: string): Promise<string | null>
  /** Ends Gatehouse and starts it anew. @returns why not; null when it is about to */
  restart(): Promise<string | null>
}

export function createProfilesStore(connection: Connection) {
  const store = createStore<ProfilesView>()((set, get) => ({
    state: null,
    problem: null,
    checks: {},
    async fetch() {
      try {
        set({ state: await connection.call('profiles.list', {}), problem: null })
      } catch (cause) {
        set({ problem: problemText(cause) })
      }
    },
    async check() {
      const names = get().state?.profiles.flatMap(({ name, problem }) => (problem === null ? [name] : [])) ?? []
      const put = (name: string, check: CheckOf) => set({ checks: { ...get().checks, [name]: check } })
      set({ checks: Object.fromEntries(names.map((name) => [name, { asked: Date.now() }])) })
      await Promise.all(
        names.map((name) =>
          connection.call('profiles.check', { name }).then(
            (found) => put(name, { found }),
            (cause) => put(name, { problem: problemText(cause) }),
          ),
        ),
      )
    },
    async use(name, reason) {
      try {
        set({ state: await connection.call('profiles.use', { name, reason }) })
        return null
      } catch (cause) {
        return problemText(cause)
      }
    },
    async restart() {
      try {
        await connection.call('host.restart', {})
        return null
      } catch (cause) {
        return problemText(cause)
      }
    },
  }))
  connection.subscribe('profiles.changed', ({ state }) => store.setState({ state, problem: null }))
  return store
}
export type ProfilesStore = ReturnType<typeof createProfilesStore>

/** In words which profile is in use, and which one is from the next start on. */
export function profileWords({ inUse, next }: Pick<ProfilesState, 'inUse' | 'next'>): string {
  if (inUse === null) return next === null ? 'none: it cannot be told which one' : `none yet: ${next} cannot be used`
  return next === null || next === inUse ? inUse : `${inUse} now, ${next} from the next start`
}

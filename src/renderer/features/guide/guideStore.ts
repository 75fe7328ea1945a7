import { createStore } from 'zustand/vanilla'
import type { CodeFile, GuidePhase, GuideState } from '../../../contract/guide.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'

export interface GuideView {
  isOpen: boolean
  problem: string | null
  state: GuideState | null
  /** What the last clean-up put back; null before one. */
  putBack: string[] | null
  toggle(): void
  fetch(): Promise<void>
  begin(): Promise<void>
  act(phase: number, step: string): Promise<void>
  play(phase: 'all' | number): Promise<void>
  stop(): Promise<void>
  again(phase: number): Promise<void>
  /** Cleans up and ends it. @throws what stood in the way; it can be asked again */
  end(): Promise<void>
  code(file: CodeFile): Promise<string>
}

const rememberedAs = 'gatehouse.guide'

/** How many steps of a phase were seen, of how many. */
export const seenOf = ({ steps }: GuidePhase) => ({
  seen: steps.filter(({ state }) => state === 'seen').length,
  of: steps.length,
})

/** The phase that somebody who goes through them in order is at; null when all was seen. */
export const phaseAt = ({ phases }: GuideState): number | null =>
  phases.find((phase) => phase.steps.some(({ state }) => state !== 'seen'))?.number ?? null

export function createGuideStore(connection: Connection, storage: () => Pick<Storage, 'getItem' | 'setItem'>) {
  const take = (state: GuideState) => {
    const known = store.getState().state
    // A host that was started anew counts from the beginning.
    if (known && known.revision > state.revision && known.begunAt === state.begunAt) return
    store.setState({ state, problem: null })
  }
  const ask = async (call: () => Promise<GuideState>) => {
    try {
      take(await call())
    } catch (cause) {
      store.setState({ problem: problemText(cause) })
    }
  }
  const store = createStore<GuideView>()((set, get) => ({
    isOpen: wasOpen(storage),
    problem: null,
    state: null,
    putBack: null,
    toggle() {
      const isOpen = !get().isOpen
      set({ isOpen })
      try {
        storage().setItem(rememberedAs, isOpen ? 'open' : 'closed')
      } catch {
        // Without storage it is remembered for as long as the window lasts.
      }
      if (isOpen) void get().fetch()
    },
    fetch: () => ask(() => connection.call('guide.get', {})),
    begin: () => {
      set({ putBack: null })
      return ask(() => connection.call('guide.begin', {}))
    },
    act: (phase, step) => ask(() => connection.call('guide.act', { phase, step })),
    play: (phase) => {
      set({ putBack: null })
      return ask(() => connection.call('guide.play', { phase }))
    },
    stop: () => ask(() => connection.call('guide.stop', {})),
    again: (phase) => ask(() => connection.call('guide.again', { phase })),
    async end() {
      const { putBack } = await connection.call('guide.end', {})
      set({ putBack })
      await get().fetch()
    },
    code: async (file) => (await connection.call('guide.code', { file })).text,
  }))
  connection.subscribe('guide.changed', ({ state }) => take(state))
  return store
}

function wasOpen(storage: () => Pick<Storage, 'getItem'>): boolean {
  try {
    return storage().getItem(rememberedAs) === 'open'
  } catch {
    return false
  }
}

import { createStore } from 'zustand/vanilla'
import type { Connection } from '../../../contract/wire.ts'
import type { WorkersState } from '../../../contract/workers.ts'
import { coalesced } from '../../api/coalesced.ts'
import { problemText } from '../../ui/problem.ts'

export interface WorkersView {
  load: 'loading' | 'ready' | 'failed'
  problem: string | null
  state: WorkersState | null
  fetch(): Promise<void>
  /** Stops this host's own worker or starts it; once for a request id. @throws what the host refused it with; nothing was changed then */
  switch(on: boolean, reason: string, requestId: string): Promise<void>
  /** The same for the worker process that the host starts beside itself; off, it comes back once that is gone. */
  switchProcess(on: boolean, reason: string, requestId: string): Promise<void>
}

export function createWorkersStore(connection: Connection) {
  const store = createStore<WorkersView>()((set, get) => ({
    load: 'loading',
    problem: null,
    state: null,
    async fetch() {
      try {
        set({ state: await connection.call('workers.list', {}), load: 'ready', problem: null })
      } catch (cause) {
        set({ load: get().load === 'ready' ? 'ready' : 'failed', problem: problemText(cause) })
      }
    },
    async switch(on, reason, requestId) {
      await connection.call('workers.switch', { on, reason, requestId })
      await get().fetch()
    },
    async switchProcess(on, reason, requestId) {
      await connection.call('workers.switchProcess', { on, reason, requestId })
      await get().fetch()
    },
  }))
  // A switch, a lost server: whatever changes the status line may change this list.
  const look = coalesced(() => store.getState().fetch())
  connection.subscribe('stack.changed', () => {
    if (store.getState().load !== 'loading') look()
  })
  connection.subscribe('workers.changed', ({ process }) => {
    const { state } = store.getState()
    if (state === null) return
    store.setState({ state: { ...state, process } })
    look()
  })
  return store
}

import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { CallOutput } from '../../../contract/calls.ts'
import type { RunSummary, Stage } from '../../../contract/model.ts'
import { runFits } from '../../../contract/runFilter.ts'
import { newestFirst, sortRuns } from '../../../contract/runSort.ts'
import { runOf } from '../../../contract/testRun.ts'
import { createMemoryConnection } from '../../api/memory.ts'
import { awaitingRuns, createRunsStore } from './runsStore.ts'

const listOf = (runs: RunSummary[], total = runs.length): CallOutput<'runs.list'> => {
  const byStage: Partial<Record<Stage, number>> = {}
  for (const r of runs) byStage[r.stage] = (byStage[r.stage] ?? 0) + 1
  return { runs, total, byStage }
}
const storeOf = async (runs: RunSummary[]) => {
  const connection = createMemoryConnection({ 'runs.list': () => listOf(runs) })
  const store = createRunsStore(connection)
  await store.getState().fetch()
  return { connection, store }
}

describe('runsStore', () => {
  it('lists the newest first', async () => {
    const { store } = await storeOf([runOf('a', 1), runOf('c', 3), runOf('b', 2)])
    expect(store.getState().visible).toEqual(['c', 'b', 'a'])
    expect(store.getState().load).toBe('ready')
  })

  it('keeps the higher revision, whatever arrives last', async () => {
    const { connection, store } = await storeOf([runOf('a', 1, { revision: 5, stage: 'AwaitingApproval' })])
    connection.emit('runs.changed', { runs: [runOf('a', 1, { revision: 4, stage: 'Training' })] })
    expect(store.getState().byId.get('a')?.stage).toBe('AwaitingApproval')
    connection.emit('runs.changed', { runs: [runOf('a', 1, { revision: 6, stage: 'Completed' })] })
    expect(store.getState().byId.get('a')?.stage).toBe('Completed')
  })

  it('takes the newest of a batch that tells the same run twice', async () => {
    const { connection, store } = await storeOf([])
    connection.emit('runs.changed', {
      runs: [
        runOf('a', 1, { revision: 3, stage: 'Training' }),
        runOf('a', 1, { revision: 2, stage: 'Preprocessing' }),
        runOf('b', 2),
      ],
    })
    expect(store.getState().byId.get('a')?.revision).toBe(3)
    expect(store.getState().visible).toEqual(['b', 'a'])
    expect(store.getState().total).toBe(2)
  })

  it('an answer that was asked for before a push does not undo it', async () => {
    let answer: (output: CallOutput<'runs.list'>) => void = () => {}
    const connection = createMemoryConnection({
      'runs.list': () => new Promise<CallOutput<'runs.list'>>((resolve) => (answer = resolve)),
    })
    const store = createRunsStore(connection)
    const fetched = store.getState().fetch()
    await Promise.resolve()
    connection.emit('runs.changed', { runs: [runOf('a', 1, { revision: 9, stage: 'Completed' }), runOf('new', 5)] })
    answer(listOf([runOf('a', 1, { revision: 2 })]))
    await fetched
    expect(store.getState().byId.get('a')?.stage).toBe('Completed')
    expect(store.getState().visible).toEqual(['new', 'a'])
  })

  it('keeps the rows in their places while they are held, and offers the new ones', async () => {
    const { connection, store } = await storeOf([runOf('a', 1), runOf('b', 2)])
    store.getState().setHeld(true)
    connection.emit('runs.changed', { runs: [runOf('c', 3), runOf('d', 4), runOf('a', 1, { revision: 2, stage: 'Failed' })] })
    expect(store.getState().visible).toEqual(['b', 'a'])
    expect(store.getState().fresh).toBe(2)
    expect(store.getState().byId.get('a')?.stage).toBe('Failed')
    store.getState().reveal()
    expect(store.getState().visible).toEqual(['d', 'c', 'b', 'a'])
    expect(store.getState().fresh).toBe(0)
  })

  it('brings the new rows in when nothing holds them any more', async () => {
    const { connection, store } = await storeOf([runOf('a', 1)])
    store.getState().setHeld(true)
    connection.emit('runs.changed', { runs: [runOf('b', 2)] })
    store.getState().setHeld(false)
    expect(store.getState().visible).toEqual(['b', 'a'])
  })

  it('filters by stage and by words, and counts only new rows that fit', async () => {
    const { connection, store } = await storeOf([runOf('a', 1), runOf('b', 2, { stage: 'Failed' })])
    store.getState().setStages(['Failed'])
    expect(store.getState().visible).toEqual(['b'])
    store.getState().setHeld(true)
    connection.emit('runs.changed', { runs: [runOf('c', 3), runOf('d', 4, { stage: 'Failed' })] })
    expect(store.getState().fresh).toBe(1)
  })

  it('moves the cursor within the list and starts at the nearer end', async () => {
    const { store } = await storeOf([runOf('a', 1), runOf('b', 2), runOf('c', 3)])
    const cursors = [1, 1, 1, 1, -1].map((by) => {
      store.getState().moveCursor(by)
      return store.getState().cursor
    })
    expect(cursors).toEqual(['c', 'b', 'a', 'a', 'b'])
  })

  it('has the cursor on the first hit when the search is left for the list, wherever it was before', async () => {
    const { store } = await storeOf([runOf('hit-1', 1), runOf('other', 2), runOf('hit-2', 3)])
    store.getState().moveCursor(-1)
    store.getState().setText('hit')
    store.getState().enterList()
    expect(store.getState()).toMatchObject({ visible: ['hit-2', 'hit-1'], cursor: 'hit-2' })
    // Left once more without a letter typed, it stays where it went.
    store.getState().moveCursor(1)
    store.getState().enterList()
    expect(store.getState().cursor).toBe('hit-1')
  })

  it('has it on the first hit also when the host tells of that only later', async () => {
    const known = Array.from({ length: 3 }, (_, n) => runOf(`known-${n}`, n + 1))
    let tell = () => {}
    const found = new Promise<void>((resolve) => (tell = resolve))
    const connection = createMemoryConnection({
      'runs.list': async ({ text }) => {
        if (text === undefined) return { runs: known, total: 10, byStage: {} }
        await found
        return { runs: [runOf('old', 0)], total: 1, byStage: {} }
      },
    })
    const store = createRunsStore(connection)
    await store.getState().fetch()
    store.getState().setText('old')
    store.getState().enterList()
    expect(store.getState()).toMatchObject({ visible: [], cursor: null })
    tell()
    await vi.waitFor(() => expect(store.getState()).toMatchObject({ visible: ['old'], cursor: 'old' }))
  })

  it('asks for every run that is still alive when only the newest were told', async () => {
    const old = runOf('old', 0, { stage: 'AwaitingApproval' })
    const asked: unknown[] = []
    const connection = createMemoryConnection({
      'runs.list': (input) => {
        asked.push(input.stages?.includes('AwaitingApproval') ?? null)
        if (input.stages) return listOf([old])
        return { runs: [runOf('x', 9, { stage: 'Completed' })], total: 2, byStage: { AwaitingApproval: 1, Completed: 1 } }
      },
    })
    const store = createRunsStore(connection)
    await store.getState().fetch()
    expect(asked).toEqual([null, true])
    expect(awaitingRuns(store.getState()).map((r) => r.workflowId)).toEqual(['old'])
  })

  it('lets the host look through the runs that are not here', async () => {
    vi.useFakeTimers()
    try {
      const asked: (string | undefined)[] = []
      const connection = createMemoryConnection({
        'runs.list': (input) => {
          asked.push(input.text)
          return input.text
            ? listOf([runOf('ancient', 0, { stage: 'Completed' })])
            : listOf([runOf('new', 9, { stage: 'Completed' })], 7000)
        },
      })
      const store = createRunsStore(connection)
      await store.getState().fetch()
      store.getState().setText('a')
      store.getState().setText('anc')
      store.getState().setText('ancient')
      expect(store.getState().visible).toEqual([])
      expect(store.getState().beyond).toBe('asking')
      await vi.runAllTimersAsync()
      // One question at a time, and after it for what was typed last.
      expect(asked).toEqual([undefined, 'a', 'ancient'])
      expect(store.getState().visible).toEqual(['ancient'])
      expect(store.getState().beyond).toBe('here')
    } finally {
      vi.useRealTimers()
    }
  })

  it('finds what is retrying among runs that are not here, and shows the next one as it happens', async () => {
    vi.useFakeTimers()
    try {
      const connection = createMemoryConnection({
        'runs.list': (input) =>
          input.retrying
            ? listOf([runOf('ancient', 0, { attempt: 3 })])
            : listOf([runOf('new', 9), runOf('done', 8, { stage: 'Completed' })], 7000),
      })
      const store = createRunsStore(connection)
      await store.getState().fetch()
      store.getState().narrow({ retrying: true })
      await vi.runAllTimersAsync()
      expect(store.getState().visible).toEqual(['ancient'])
      connection.emit('runs.changed', { runs: [runOf('new', 9, { revision: 2, retryAt: '2025-11-23T10:30:00.000Z' })] })
      expect(store.getState().visible).toEqual(['new', 'ancient'])
    } finally {
      vi.useRealTimers()
    }
  })

  describe('reading ahead', () => {
    const accepted = (n: number) => ({ acceptedAt: new Date(n * 60_000).toISOString() })
    const runs = Array.from({ length: 2_600 }, (_, n) =>
      runOf(`r${n}`, 0, { ...accepted(n), fileName: `week_${n}.csv`, stage: 'Completed' }),
    )
    const newest = runOf('new', 0, accepted(2_600))
    const storeOfMany = async (fails = false) => {
      const asked: (string | undefined)[] = []
      const connection = createMemoryConnection({
        'runs.list': ({ offset, limit, sort = newestFirst, ...filter }) => {
          asked.push(filter.text)
          if (fails && offset > 0) throw new Error('away')
          const fit = sortRuns(runs.filter(runFits(filter, Date.now())), sort, Date.now())
          return listOf(fit.slice(offset, offset + limit), fit.length)
        },
      })
      const store = createRunsStore(connection)
      await store.getState().fetch()
      return { asked, connection, store }
    }

    it('brings every run here, and then a filter asks the host for nothing', async () => {
      const { asked, store } = await storeOfMany()
      expect(store.getState().visible).toHaveLength(2_000)
      await store.getState().readAhead()
      expect(store.getState().visible).toHaveLength(2_600)
      const before = asked.length
      store.getState().setText('week_17.csv')
      expect(store.getState()).toMatchObject({ visible: ['r17'], beyond: 'here', fitting: 1 })
      expect(asked).toHaveLength(before)
    })

    it('puts them below the rows that keep their places, and above none; what is new stays new', async () => {
      const { connection, store } = await storeOfMany()
      store.getState().setHeld(true)
      const reading = store.getState().readAhead()
      connection.emit('runs.changed', { runs: [newest] })
      await reading
      const { visible, fresh, moved } = store.getState()
      expect([visible[0], visible.at(-1), visible.length]).toEqual(['r2599', 'r0', 2_600])
      expect({ fresh, moved }).toEqual({ fresh: 1, moved: false })
    })

    it('leaves the list as it is when the host cannot be asked', async () => {
      const { store } = await storeOfMany(true)
      await store.getState().readAhead()
      expect(store.getState()).toMatchObject({ load: 'ready', problem: null, total: 2_600 })
      expect(store.getState().visible).toHaveLength(2_000)
    })
  })

  describe('in another order', () => {
    /** A host that knows all of them, and a console that was told of the newest only. */
    const manyOf = async (runs: RunSummary[], pages: number) => {
      const asked: number[] = []
      const connection = createMemoryConnection({
        'runs.list': ({ offset, sort = newestFirst, ...filter }) => {
          const fit = sortRuns(runs.filter(runFits(filter, Date.now())), sort, Date.now())
          if (sort !== newestFirst) asked.push(offset)
          return listOf(fit.slice(offset, offset + pages), fit.length)
        },
      })
      const store = createRunsStore(connection)
      await store.getState().fetch()
      return { asked, connection, store }
    }
    const runs = Array.from({ length: 12 }, (_, n) => runOf(`r${n}`, n, { stage: 'Completed', metrics: { mae: 12 - n } }))
    const worst = { by: 'error', descending: true } as const

    it('shows the runs that the host has at its top, and none below what it told', async () => {
      const { store } = await manyOf(runs, 3)
      expect(store.getState().visible).toEqual(['r11', 'r10', 'r9'])
      store.getState().setSort(worst)
      await vi.waitFor(() => expect(store.getState().beyond).toBe('here'), 20_000)
      expect(store.getState().visible).toEqual(['r0', 'r1', 'r2'])
      expect(store.getState().fitting).toBe(12)
    })

    it('goes on where the list ends, also after a row has left it', async () => {
      const { asked, connection, store } = await manyOf(runs, 3)
      store.getState().narrow({ stages: ['Completed'] })
      store.getState().setSort(worst)
      await vi.waitFor(() => expect(store.getState().visible).toEqual(['r0', 'r1', 'r2']), 20_000)
      const gone = runOf('r1', 1, { stage: 'Training', revision: 2 })
      runs[1] = gone
      connection.emit('runs.changed', { runs: [gone] })
      expect(store.getState().visible).toEqual(['r0', 'r2'])
      await store.getState().loadMore()
      expect(store.getState().visible).toEqual(['r0', 'r2', 'r3', 'r4', 'r5'])
      expect(asked.at(-1)).toBe(2)
      await store.getState().loadMore()
      expect(store.getState().visible).toEqual(['r0', 'r2', ...Array.from({ length: 9 }, (_, n) => `r${n + 3}`)])
      expect(store.getState().fitting).toBe(11)
    })

    it('says so when the host cannot be asked, and shows what is here', async () => {
      const { connection, store } = await manyOf(runs, 3)
      connection.setStatus('lost')
      store.getState().setSort(worst)
      await vi.waitFor(() => expect(store.getState().beyond).toBe('failed'), 20_000)
      expect(store.getState().visible).toEqual(['r9', 'r10', 'r11'])
    })

    it('keeps rows where they are while something holds them, and says that they would move', async () => {
      const { connection, store } = await storeOf([runOf('a', 1, { attempt: 2 }), runOf('b', 2)])
      store.getState().setSort({ by: 'attempts', descending: true })
      expect(store.getState().visible).toEqual(['a', 'b'])
      store.getState().setHeld(true)
      store.getState().setHeld(true, 'menu')
      connection.emit('runs.changed', { runs: [runOf('b', 2, { attempt: 3, revision: 2 })] })
      expect(store.getState()).toMatchObject({ visible: ['a', 'b'], moved: true, fresh: 0 })
      store.getState().setHeld(false)
      expect(store.getState().visible).toEqual(['a', 'b'])
      store.getState().setHeld(false, 'menu')
      expect(store.getState()).toMatchObject({ visible: ['b', 'a'], moved: false })
    })

    it('puts what changed in its place as sorting all would', () => {
      const change = fc.record({
        id: fc.integer({ min: 0, max: 12 }),
        attempt: fc.integer({ min: 0, max: 4 }),
        over: fc.boolean(),
      })
      return fc.assert(
        fc.asyncProperty(fc.array(change, { maxLength: 20 }), async (changes) => {
          const { connection, store } = await storeOf(Array.from({ length: 8 }, (_, n) => runOf(`r${n}`, n)))
          store.getState().narrow({ stages: ['Training'] })
          store.getState().setSort({ by: 'attempts', descending: false })
          for (const [at, { id, attempt, over }] of changes.entries()) {
            const stage = over ? 'Completed' : 'Training'
            connection.emit('runs.changed', { runs: [runOf(`r${id}`, id, { attempt, stage, revision: at + 2 })] })
          }
          const told = store.getState().visible
          store.getState().refresh()
          expect(told).toEqual(store.getState().visible)
        }),
        { numRuns: 40 },
      )
    })
  })

  it('shows a wait once it is long enough, though nothing happened to its run', async () => {
    vi.useFakeTimers({ now: Date.parse('2025-11-23T10:30:00.000Z') })
    try {
      const { store } = await storeOf([runOf('a', 0, { stage: 'AwaitingApproval' })])
      store.getState().narrow({ waitingOver: 60 })
      expect(store.getState().visible).toEqual([])
      vi.setSystemTime(Date.parse('2025-11-23T11:00:00.000Z'))
      store.getState().refresh()
      expect(store.getState().visible).toEqual(['a'])
    } finally {
      vi.useRealTimers()
    }
  })

  it('keeps what is known when the host is away', async () => {
    const { connection, store } = await storeOf([runOf('a', 1)])
    connection.setStatus('lost')
    await store.getState().fetch()
    expect(store.getState().load).toBe('ready')
    expect(store.getState().visible).toEqual(['a'])
    expect(store.getState().problem).toContain('cannot be reached')
  })
})

describe('awaitingRuns', () => {
  it('gives the oldest wait first and leaves out what was decided here', () => {
    const waiting = { stage: 'AwaitingApproval' } as const
    const byId = new Map(
      [
        runOf('young', 9, waiting),
        runOf('old', 1, waiting),
        runOf('sent', 0, { ...waiting, decisionPending: true }),
        runOf('busy', 2),
      ].map((r) => [r.workflowId, r]),
    )
    expect(awaitingRuns({ byId }).map((r) => r.workflowId)).toEqual(['old', 'young'])
  })
})

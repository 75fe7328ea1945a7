import { describe, expect, it } from 'vitest'
import type { RunSummary } from '../../../contract/model.ts'
import { runFits } from '../../../contract/runFilter.ts'
import { runOf } from '../../../contract/testRun.ts'
import { createMemoryConnection } from '../../api/memory.ts'
import { createRunsStore } from '../runs/runsStore.ts'
import { createSelectionStore } from './selectionStore.ts'

/** A host that gives its newest `page` runs at first, and any page of what fits when it is asked. */
const setUp = async (runs: RunSummary[], page = runs.length) => {
  let known = runs
  const connection = createMemoryConnection({
    'runs.list': ({ limit, offset, ...filter }) => {
      const fitting = known.filter(runFits(filter, Date.now()))
      const byStage = { Completed: known.length }
      return { runs: fitting.slice(offset, offset + Math.min(limit, page)), total: fitting.length, byStage }
    },
  })
  const list = createRunsStore(connection)
  await list.getState().fetch()
  const selection = createSelectionStore(list)
  const ids = () => [...selection.getState().ids].sort()
  const arrive = (run: RunSummary) => {
    known = [run, ...known]
    connection.emit('runs.changed', { runs: [run] })
  }
  return { connection, list, selection, ids, arrive }
}
const ended = (id: string, minute: number) => runOf(id, minute, { stage: 'Completed' })
const five = () => ['e', 'd', 'c', 'b', 'a'].map((id, i) => ended(id, 5 - i))

describe('selectionStore', () => {
  it('selects a range from the last choice, and a range that turns back gives up what it passed', async () => {
    const { selection, list, ids } = await setUp(five())
    selection.getState().toggle('a')
    selection.getState().toggle('e')
    selection.getState().extend(1)
    selection.getState().extend(1)
    expect(ids()).toEqual(['a', 'c', 'd', 'e'])
    selection.getState().extend(-1)
    expect(ids()).toEqual(['a', 'd', 'e'])
    expect(list.getState().cursor).toBe('d')
    // A click far away with Shift reaches from the same beginning.
    selection.getState().reachTo('b')
    expect(ids()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('reaches from the row that was clicked before when nothing is selected yet', async () => {
    const { selection, list, ids } = await setUp(five())
    list.getState().setCursor('d')
    selection.getState().reachTo('b')
    expect(ids()).toEqual(['b', 'c', 'd'])
    // With neither, it is that row alone.
    selection.getState().clear()
    list.getState().setCursor(null)
    selection.getState().reachTo('e')
    expect(ids()).toEqual(['e'])
  })

  it('begins a range at the cursor when that was moved meanwhile', async () => {
    const { selection, list, ids } = await setUp(five())
    selection.getState().toggle('e')
    list.getState().moveCursor(2)
    selection.getState().extend(1)
    expect(ids()).toEqual(['b', 'c', 'e'])
  })

  it('stays right while rows arrive and leave the filter', async () => {
    const { selection, list, ids, arrive, connection } = await setUp(five())
    selection.getState().toggle('d')
    arrive(ended('f', 9))
    selection.getState().extend(1)
    expect(ids()).toEqual(['c', 'd'])
    list.getState().setStages(['Completed'])
    connection.emit('runs.changed', { runs: [runOf('d', 4, { stage: 'Training', revision: 2 })] })
    expect(list.getState().visible).not.toContain('d')
    // What left the list stays selected; a range from it begins anew at the row that is reached.
    selection.getState().reachTo('b')
    expect(ids()).toEqual(['b', 'c', 'd'])
  })

  it('selects all that fit the filter, also what the list does not hold', async () => {
    const many = Array.from({ length: 30 }, (_, i) => ended(`good-${i}`, 59 - i))
    const { selection, list, ids } = await setUp([...many, ended('other', 1)], 10)
    expect(list.getState().byId.size).toBe(10)
    list.getState().setText('good')
    await selection.getState().selectAll()
    expect(ids()).toHaveLength(30)
    expect(ids().every((id) => id.startsWith('good'))).toBe(true)
  })

  it('says when not all could be asked for, and keeps what was selected', async () => {
    const { selection, list, ids, connection } = await setUp(five(), 3)
    selection.getState().toggle('e')
    connection.setStatus('lost')
    await selection.getState().selectAll()
    expect(ids()).toEqual(['e'])
    expect(selection.getState().problem).toContain('Nothing more was selected')
    expect(list.getState().visible).toHaveLength(3)
  })
})

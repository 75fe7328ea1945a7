import { describe, expect, it } from 'vitest'
import { runColumns } from '../../../contract/runSort.ts'
import { columnsThatFit, toggled, trackOf, usualColumns } from './columns.ts'

describe('the columns that fit', () => {
  // Windows of 1440, 1280 and 1024 px, and beside an open panel.
  it.each([
    [1240, 9, ['submittedBy']],
    [1080, 7, ['submittedBy', 'attempts', 'approver']],
    [948, 6, ['score']],
    [650, 3, ['accepted', 'error', 'gate']],
  ] as const)('%i px: some of them, the least needed dropped first', (width, least, dropped) => {
    const fit = columnsThatFit(usualColumns, width, 'accepted')
    expect(fit.length).toBeGreaterThanOrEqual(least)
    for (const column of dropped) if (column !== 'accepted') expect(fit).not.toContain(column)
    expect(fit.slice(0, 2)).toEqual(['file', 'state'])
  })

  it('keep the one that the list is sorted by for longer than the others', () => {
    expect(columnsThatFit(runColumns, 700, 'pipeline')).toContain('pipeline')
    expect(columnsThatFit(runColumns, 700, 'file')).not.toContain('pipeline')
  })

  it('are never none, however narrow the list is', () => {
    expect(columnsThatFit(['model'], 100, 'file')).toEqual(['model'])
    expect(columnsThatFit(usualColumns, 0, 'error')).toEqual(['file', 'state'])
  })

  it('stand in one order, whatever was chosen first', () => {
    expect(toggled(['file', 'accepted'], 'attempts')).toEqual(['file', 'attempts', 'accepted'])
    expect(toggled(['file', 'accepted'], 'file')).toEqual(['accepted'])
    expect(trackOf(['attempts'])).toBe('20px 64px')
  })
})

import { describe, expect, it } from 'vitest'
import type { RunSummary } from './model.ts'
import { type RunFilter, runFits } from './runFilter.ts'
import { runOf } from './testRun.ts'

const now = Date.parse('2026-01-02T12:00:00.000Z')
const run = (change: Partial<RunSummary> = {}) =>
  runOf('mlops-1-good_model', 0, {
    fileName: 'good_model.csv',
    acceptedAt: '2026-01-02T10:00:00.000Z',
    stageSince: '2026-01-02T11:00:00.000Z',
    ...change,
  })
const fits = (filter: RunFilter, change: Partial<RunSummary> = {}) => runFits(filter, now)(run(change))

describe('which runs a filter means', () => {
  it.each([
    ['', true],
    ['GOOD', true],
    ['good ada', true],
    ['good grace', false],
    ['ab12', true],
    ['100%_', false],
  ])('text %j: %s', (text, expected) => expect(fits({ text })).toBe(expected))

  it.each<[string, Partial<RunSummary>, boolean]>([
    ['a first try', {}, false],
    ['a wait before the next try', { retryAt: '2026-01-02T12:00:09.000Z' }, true],
    ['a second try under way', { attempt: 2 }, true],
    ['a run that failed for good after three', { attempt: 3, stage: 'Failed' }, false],
    ['a wait for a decision', { attempt: 2, stage: 'AwaitingApproval' }, false],
  ])('retrying: %s', (_, change, expected) => expect(fits({ retrying: true }, change)).toBe(expected))

  it('a paused step is paused, not retrying', () => {
    const change = { attempt: 2, retryAt: '2026-01-02T12:00:09.000Z' }
    const paused = { at: null, by: 'ada', reason: 'a look first' }
    expect(fits({ retrying: true }, { ...change, paused })).toBe(false)
    expect(fits({ paused: true }, { ...change, paused })).toBe(true)
    expect(fits({ paused: true }, change)).toBe(false)
  })

  it.each<[string, number, Partial<RunSummary>, boolean]>([
    ['exactly as long', 3600, { stage: 'AwaitingApproval' }, true],
    ['a second too short', 3601, { stage: 'AwaitingApproval' }, false],
    ['decided here', 60, { stage: 'AwaitingApproval', decisionPending: true }, false],
    ['trains since long', 60, {}, false],
  ])('waiting: %s', (_, waitingOver, change, expected) => expect(fits({ waitingOver }, change)).toBe(expected))

  it.each<[RunFilter, boolean]>([
    [{ acceptedFrom: '2026-01-02T10:00:00.000Z' }, true],
    [{ acceptedFrom: '2026-01-02T10:00:00.001Z' }, false],
    [{ acceptedBefore: '2026-01-02T10:00:00.000Z' }, false],
    [{ acceptedFrom: '2026-01-02T09:00:00.000Z', acceptedBefore: '2026-01-02T11:00:00.000Z' }, true],
  ])('%j: %s', (filter, expected) => expect(fits(filter)).toBe(expected))

  it('every part must fit', () => {
    const change = { attempt: 2 }
    expect(fits({ retrying: true, text: 'good', stages: ['Training'] }, change)).toBe(true)
    expect(fits({ retrying: true, text: 'good', stages: ['Queued'] }, change)).toBe(false)
  })
})

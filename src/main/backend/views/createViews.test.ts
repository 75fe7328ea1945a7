import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunView, ViewsState } from '../../../contract/runViews.ts'
import { silentLog } from '../log.ts'
import { createViews } from './createViews.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-views-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const told: ViewsState[] = []
const open = () => createViews({ file: join(folder, 'run-views.json'), onChange: (state) => told.push(state), log: silentLog })
const view = (n: number, name: string): RunView => ({
  id: `00000000-0000-4000-8000-00000000000${n}`,
  name,
  filter: {
    text: '',
    stages: ['Failed'],
    accepted: 'today',
    acceptedFrom: null,
    acceptedTo: null,
    ended: null,
    retrying: false,
    paused: false,
    waitingOver: null,
  },
  sort: { by: 'duration', descending: true },
  columns: ['file', 'state', 'duration'],
})
const names = ({ views }: ViewsState) => views.map(({ name }) => name)

describe('the saved views', () => {
  it('are there after a restart, by name, with the columns chosen last', () => {
    const views = open()
    views.save(view(1, 'Slow'))
    views.save(view(2, 'Bad'))
    views.keepColumns(['file', 'gate'])
    expect(told.at(-1)).toEqual(views.state())
    const again = open().state()
    expect(names(again)).toEqual(['Bad', 'Slow'])
    expect(again.views[1]).toEqual(view(1, 'Slow'))
    expect(again.columns).toEqual(['file', 'gate'])
    expect(again.problem).toBeNull()
  })

  it('are named anew under their id, and no two have one name', () => {
    const views = open()
    views.save(view(1, 'Slow'))
    views.save(view(2, 'Bad'))
    expect(names(views.save(view(1, 'Slowest')))).toEqual(['Bad', 'Slowest'])
    expect(() => views.save(view(1, 'bad'))).toThrow('There is a view "bad" already')
    expect(names(open().state())).toEqual(['Bad', 'Slowest'])
  })

  it('are removed once, and come back when they are saved again', () => {
    const views = open()
    views.save(view(1, 'Slow'))
    const { revision } = views.remove(view(1, '').id)
    expect(views.remove(view(1, '').id).revision).toBe(revision)
    expect(names(open().state())).toEqual([])
    expect(names(views.save(view(1, 'Slow')))).toEqual(['Slow'])
  })

  it('that are broken are named and left out; the file is kept beside', () => {
    const file = join(folder, 'run-views.json')
    const broken = { ...view(2, 'Odd'), sort: { by: 'colour', descending: true } }
    const text = JSON.stringify({ views: [view(1, 'Slow'), broken, 7, view(3, 'slow')], columns: ['file', 'file'] })
    writeFileSync(file, text)
    const views = open()
    expect(names(views.state())).toEqual(['Slow'])
    expect(views.state().columns).toBeNull()
    const { problem } = views.state()
    for (const part of ['"Odd" (sort.by', 'the view at place 3', '"slow" (it is there twice)', 'the columns chosen last'])
      expect(problem).toContain(part)
    const aside = readdirSync(folder).find((name) => name.includes('.broken-')) as string
    expect(readFileSync(join(folder, aside), 'utf8')).toBe(text)
    expect(views.unusable()).toEqual([{ file, problem }])
    expect(names(views.save(view(4, 'New')))).toEqual(['New', 'Slow'])
    expect(views.unusable()).toEqual([])
  })

  it('of a newer version are none, and their file is kept beside before it is written anew', () => {
    const text = JSON.stringify({ version: 2, views: [view(1, 'Slow')] })
    writeFileSync(join(folder, 'run-views.json'), text)
    const views = open()
    expect(views.state()).toMatchObject({ views: [], problem: expect.stringMatching(/version 2, which a newer Gatehouse wrote/) })
    views.save(view(4, 'New'))
    const aside = readdirSync(folder).find((name) => name.includes('.broken-')) as string
    expect(readFileSync(join(folder, aside), 'utf8')).toBe(text)
    expect(names(open().state())).toEqual(['New'])
  })

  it.each(['not json', '[]', '{"views":{}}', 'null'])('of a file that says %s are none, and it is kept beside', (text) => {
    writeFileSync(join(folder, 'run-views.json'), text)
    const { views, problem } = open().state()
    expect(views).toEqual([])
    expect(problem).toContain('could not be read')
    expect(readdirSync(folder).filter((name) => name.includes('.broken-'))).toHaveLength(1)
  })
})

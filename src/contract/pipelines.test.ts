import { describe, expect, test } from 'vitest'
import { defaultPipelines, type Pipeline, pipelineFor, pipelines, pipelinesFile } from './pipelines.ts'

const standard = defaultPipelines.at(-1) as Pipeline
const named = (name: string, match: Partial<Pipeline['match']>): Pipeline => ({
  ...standard,
  name,
  match: { folders: [], patterns: [], ...match },
})

describe('which pipeline takes a file', () => {
  test.each([
    ['/in/good_model.csv', 'demonstration'],
    ['/in/GOOD.CSV', 'demonstration'],
    ['/in/demo_good_1f.csv', 'demonstration'],
    ['/in/sensitive_data.csv', 'demonstration'],
    ['/in/abalone.csv', 'standard'],
    ['/in/very_good.csv', 'standard'],
    ['C:\\in\\bad.csv', 'demonstration'],
    ['bad', 'demonstration'],
  ])('%s: %s', (path, name) => {
    expect(pipelineFor(defaultPipelines, path)?.name).toBe(name)
  })

  test('the first of several that match', () => {
    const list = [named('a', { patterns: ['shells_?.csv'] }), named('b', { patterns: ['shells*'] }), standard]
    expect(pipelineFor(list, '/in/shells_1.csv')?.name).toBe('a')
    expect(pipelineFor(list, '/in/shells_12.csv')?.name).toBe('b')
    expect(pipelineFor(list, '/in/other.csv')?.name).toBe('standard')
  })

  test('folder and pattern both have to fit; a folder takes what lies below it, and nothing that only begins like it', () => {
    const list = [named('a', { folders: ['/in/ships/'], patterns: ['*.csv'] })]
    expect(pipelineFor(list, '/in/ships/2024/x.csv')?.name).toBe('a')
    expect(pipelineFor(list, '/in/ships_old/x.csv')).toBeNull()
    expect(pipelineFor(list, '/in/ships/x.txt')).toBeNull()
    expect(pipelineFor([named('w', { folders: ['D:\\in'] })], 'D:\\in\\x.csv')?.name).toBe('w')
  })

  test('signs of regular expressions stand for themselves', () => {
    expect(pipelineFor([named('a', { patterns: ['a.b(1)+[x].csv'] })], '/in/a.b(1)+[x].csv')?.name).toBe('a')
    expect(pipelineFor([named('a', { patterns: ['a.b*'] })], '/in/axb.csv')).toBeNull()
  })
})

test('the defaults are valid, and leave no file without a pipeline', () => {
  expect(pipelinesFile.parse({ version: 1, pipelines: defaultPipelines }).pipelines).toEqual(defaultPipelines)
})

test.each([
  ['no pipeline at all', []],
  ['two of one name', [standard, standard]],
  ['none that takes every file', [named('a', { patterns: ['a*'] })]],
  ['a setting that the trees do not have', [{ ...standard, trainer: { kind: 'boosting', settings: { trees: 3 } } }]],
  ['a setting out of range', [{ ...standard, trainer: { kind: 'boosting', settings: { depth: 0 } } }]],
  ['a check that is none', [{ ...standard, gate: [{ kind: 'limit', metric: 'error', limit: 1 }] }]],
])('%s is refused', (_, list) => {
  expect(pipelines.safeParse(list).success).toBe(false)
})

test('settings of the trees that are left out stay out, for the version that trains to fill in', () => {
  expect(pipelines.parse([{ ...standard, trainer: { kind: 'boosting', settings: { depth: 3 } } }])[0]?.trainer).toEqual({
    kind: 'boosting',
    settings: { depth: 3 },
  })
})

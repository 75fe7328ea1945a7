import { describe, expect, it } from 'vitest'
import { defaultPipelines, type Pipeline, pipelineFor } from '../../../contract/pipelines.ts'
import {
  checkPipelines,
  draftsOfPipelines,
  freeName,
  moved,
  newPipeline,
  type PipelineDraft,
  takerOf,
  takesWords,
} from './pipelineDraft.ts'

const full: Pipeline = {
  ...newPipeline,
  name: 'by command',
  match: { folders: ['/data/raw/reef', 'C:\\data\\reef'], patterns: ['reef_*.csv'] },
  columns: ['a b', 'c,d', 'target'],
  target: 'target',
  task: 'multiclass',
  ignore: ['a b'],
  trainer: {
    kind: 'command',
    command: ['python3', 'train.py', '--fast'],
    timeLimitMinutes: 30,
    settings: { trees: 100, quiet: true, tag: null },
  },
  gate: [
    { kind: 'limit', metric: 'accuracy', limit: 0.07 },
    { kind: 'slice', metric: 'error', margin: 0.07, minimumRows: 40 },
  ],
  askForProduction: { metric: 'accuracy', beyond: 0.85 },
  approval: { hours: 48, approvals: 2, approvers: ['ada', 'grace'], notSubmitter: true },
  retries: { train_model: { maximumAttempts: 5, initialIntervalSeconds: 2, backoffCoefficient: 2, maximumIntervalSeconds: 60 } },
  quarantineLimit: 0.07,
  tolerance: 1.5,
}

describe('checkPipelines', () => {
  it('gives back what it was made of', () => {
    expect(checkPipelines(draftsOfPipelines(defaultPipelines))).toEqual({ ok: true, pipelines: defaultPipelines })
    const list = [full, ...defaultPipelines]
    expect(checkPipelines(draftsOfPipelines(list))).toEqual({ ok: true, pipelines: list })
  })

  const errorsOf = (change: Partial<PipelineDraft>, base: Pipeline = full) => {
    const checked = checkPipelines(
      draftsOfPipelines([base, ...defaultPipelines]).map((draft, i) => (i === 0 ? { ...draft, ...change } : draft)),
    )
    return checked.ok ? {} : checked.errors
  }
  const draft = draftsOfPipelines([full])[0] as PipelineDraft
  it.each<[Partial<PipelineDraft>, Record<string, string>]>([
    [{ name: ' ' }, { 'pipelines.p0.name': 'This must not be empty.' }],
    [
      { name: 'standard' },
      { 'pipelines.p2.name': 'Another pipeline has this name.', pipelines: 'Every pipeline needs a name of its own.' },
    ],
    [{ columns: 'only' }, { 'pipelines.p0.columns': 'Name two columns at least, or none.' }],
    [{ columns: '' }, {}],
    [{ command: '' }, { 'pipelines.p0.command': 'Name the program.' }],
    [
      { commandSettings: '{"a": [1]}' },
      { 'pipelines.p0.commandSettings': 'A JSON object of numbers, texts, yes or no, e.g. {"trees": 100}.' },
    ],
    [
      { commandSettings: 'depth = 4' },
      { 'pipelines.p0.commandSettings': 'A JSON object of numbers, texts, yes or no, e.g. {"trees": 100}.' },
    ],
    [{ timeLimitMinutes: '0' }, { 'pipelines.p0.timeLimitMinutes': 'Must be more than 0.' }],
    [{ quarantinePercent: '101' }, { 'pipelines.p0.quarantinePercent': 'Must be at most 100 %.' }],
    [{ quarantinePercent: '2,5' }, {}],
    [{ approvalHours: 'soon' }, { 'pipelines.p0.approvalHours': 'Enter a number.' }],
    [{ approvals: '0' }, { 'pipelines.p0.approvals': 'Must be at least 1.' }],
    [
      { approvers: 'ada' },
      {
        'pipelines.p0.approvers': 'There are fewer approvers than approvals are asked for, so nobody could ever approve.',
      },
    ],
    [{ askBeyond: '' }, { 'pipelines.p0.askBeyond': 'Enter a number.' }],
    [{ asksAlways: true, askBeyond: '' }, {}],
    [
      { gate: [{ kind: 'baseline', metric: 'error', value: '', minimumRows: '' }] },
      { 'pipelines.p0.gate.0.value': 'Enter a number.' },
    ],
    [
      { gate: [{ kind: 'limit', metric: 'error', value: '1', minimumRows: '' }] },
      { 'pipelines.p0.gate.0.metric': 'Choose a metric.' },
    ],
    [
      { retries: { ...draft.retries, deploy_dev: { ...draft.retries.deploy_dev, maximumAttempts: '2' } } },
      expect.objectContaining({ 'pipelines.p0.retries.deploy_dev.backoffCoefficient': 'Enter a number.' }) as never,
    ],
  ])('%j', (change, errors) => expect(errorsOf(change)).toEqual(errors))

  it('leaves out settings of the trees that are empty, and names one that is wrong', () => {
    const trees: Pipeline = { ...newPipeline, name: 'trees' }
    const boosting = { ...(draftsOfPipelines([trees])[0] as PipelineDraft).boosting, depth: '99', learningRate: '0,1' }
    expect(errorsOf({ boosting }, trees)).toEqual({ 'pipelines.p0.boosting.depth': 'Must be at most 14.' })
  })
  it('wants one that takes every file', () => {
    const checked = checkPipelines(draftsOfPipelines([full]))
    expect(checked).toMatchObject({ ok: false, errors: { pipelines: expect.stringContaining('must take every file') } })
  })
})

describe('which pipeline a file gets', () => {
  const drafts = draftsOfPipelines([full, ...defaultPipelines])
  it.each([
    ['/data/raw/reef/reef_1.csv', 'by command'],
    ['C:\\data\\reef\\deep\\REEF_1.CSV', 'by command'],
    ['/elsewhere/reef_1.csv', 'standard'],
    ['/data/raw/good_model.csv', 'demonstration'],
  ])('%s: %s', (path, name) => expect(takerOf(drafts, path, pipelineFor)?.name).toBe(name))
  it('is none while nothing takes the rest', () => expect(takerOf(drafts.slice(0, 1), '/x.csv', pipelineFor)).toBeNull())
})

it('names, order and words', () => {
  expect(freeName('standard', ['standard', 'standard 2'])).toBe('standard 3')
  expect(freeName('standard 3', ['standard', 'standard 3'])).toBe('standard 2')
  expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a'])
  expect(moved(['a', 'b', 'c'], 2, -5)).toEqual(['c', 'a', 'b'])
  expect(takesWords({ patterns: '', folders: '' })).toBe('every file that the others leave')
  expect(takesWords({ patterns: 'a*\nb*\nc*\nd*', folders: '/x' })).toBe('a*, b*, c* and 1 more in /x')
})

import { describe, expect, it } from 'vitest'
import { resolveRun } from './resolveRun.ts'

const run = (workflowId: string, fileName: string) => ({ workflowId, fileName })
const good = run('mlops-100-good', 'good.csv')
const goodModel = run('mlops-101-good_model', 'good_model.csv')
const goodModelAgain = run('mlops-202-good_model', 'good_model.csv')
const bad = run('mlops-203-bad', 'bad.csv')
const named = run('mlops-300-x', 'mlops-203-bad')
const all = [good, goodModel, goodModelAgain, bad]

describe('resolveRun', () => {
  it.each([
    ['a workflow id', 'mlops-100-good', all, [good]],
    [
      'a workflow id that begins another one',
      'mlops-1',
      [run('mlops-1', 'a.csv'), run('mlops-10', 'b.csv')],
      [run('mlops-1', 'a.csv')],
    ],
    ['a file name', 'bad.csv', all, [bad]],
    ['a file name that several runs have', 'good_model.csv', all, [goodModel, goodModelAgain]],
    ['a whole file name before the beginning of another', 'good.csv', [good, run('mlops-9-x', 'good.csv.csv')], [good]],
    ['the beginning of one file name', 'ba', all, [bad]],
    ['the beginning of one workflow id', 'mlops-203', all, [bad]],
    ['the beginning of several', 'good', all, [good, goodModel, goodModelAgain]],
    ['a workflow id that is also a file name', 'mlops-203-bad', [bad, named], [bad]],
    ['nothing', 'worse', all, []],
    ['other letters', 'GOOD.csv', all, []],
    ['the middle of a name', 'model', all, []],
    ['no runs at all', 'good.csv', [], []],
  ])('%s', (_, wanted, runs, expected) => {
    const resolved = resolveRun(wanted, runs)
    if (expected.length === 0) expect(resolved).toEqual({ kind: 'none' })
    else if (expected.length === 1) expect(resolved).toEqual({ kind: 'one', run: expected[0] })
    else expect(resolved).toEqual({ kind: 'several', runs: expected })
  })
})

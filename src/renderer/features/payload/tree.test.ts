import { describe, expect, it } from 'vitest'
import { pathOf } from '../../../contract/exactJson.ts'
import { atOnce, findingNodes, isCovered, openAtFirst, openTo, readingTree, rowOf, rowsOf, shownText } from './tree.ts'

const treeOf = (text: string) => atOnce(readingTree(text))
const text = JSON.stringify({
  model: { metrics: { MAE: 1.51, note: 'Übung "mae"' }, rows: [1, 2, 3] },
  proprietary_config: { alpha_secret: 'mae of the trade' },
  api_token: 'mae',
})
const paths = (tree: ReturnType<typeof treeOf>, nodes: Iterable<number>) => [...nodes].map((node) => pathOf(tree.index, node))

describe('the tree of a payload', () => {
  it('is open on its outer levels, and covers what a name says is secret', () => {
    const tree = treeOf(text)
    expect(paths(tree, rowsOf(tree, openAtFirst(tree), new Set()))).toEqual([
      '',
      'model',
      'model.metrics',
      'model.rows',
      'proprietary_config',
      'api_token',
    ])
    const [config] = atOnce(findingNodes(tree, 'config', new Set()))
    const uncovered = new Set([config as number])
    expect(paths(tree, rowsOf(tree, openAtFirst(tree), uncovered))).toContain('proprietary_config.alpha_secret')
    expect(isCovered(tree, (config as number) + 1, uncovered)).toBe(false)
    expect(isCovered(tree, (config as number) + 1, new Set())).toBe(true)
  })

  it('finds names and values whatever their case, and looks into no cover', () => {
    const tree = treeOf(text)
    const find = (wanted: string, uncovered: ReadonlySet<number> = new Set()) =>
      paths(tree, atOnce(findingNodes(tree, wanted, uncovered)))
    expect(find('mae')).toEqual(['model.metrics.MAE', 'model.metrics.note'])
    expect(find('übung "')).toEqual(['model.metrics.note'])
    expect(find('config')).toEqual(['proprietary_config'])
    expect(find('mae', new Set([0]))).toEqual([
      'model.metrics.MAE',
      'model.metrics.note',
      'proprietary_config.alpha_secret',
      'api_token',
    ])
  })

  it('opens what is around a node, so that it has a row', () => {
    const tree = treeOf(text)
    const [note] = atOnce(findingNodes(tree, 'übung', new Set()))
    const rows = rowsOf(tree, openTo(tree, openAtFirst(tree), note as number), new Set())
    expect(pathOf(tree.index, rows[rowOf(rows, note as number)] as number)).toBe('model.metrics.note')
    expect(rowOf(rowsOf(tree, openAtFirst(tree), new Set()), note as number)).toBe(-1)
  })

  it('has a row for each of 10,000 levels when all are open', () => {
    const tree = treeOf(`${'['.repeat(10_000)}1${']'.repeat(10_000)}`)
    expect(rowsOf(tree, new Uint8Array(tree.index.count).fill(1), new Set())).toHaveLength(10_001)
  })

  it('gives the text that is on the screen: covered values stay covered, the rest is exact to the letter', () => {
    const written =
      '{ "id": 9007199254740993,\n  "auth": {"api_token": "t-1", "user":"ada"},\n\t"passwords": [ "p-1", {"a":1} ], "rows":[{"secret":null},1.50] }'
    const tree = treeOf(written)
    const copy = (path: string, uncovered: string[] = []) => {
      const node = (wanted: string) =>
        Array.from({ length: tree.index.count }, (_, i) => i).find((i) => pathOf(tree.index, i) === wanted)
      return atOnce(shownText(tree, node(path) as number, new Set(uncovered.map((each) => node(each) as number))))
    }
    expect(copy('')).toEqual({
      text: '{ "id": 9007199254740993,\n  "auth": {"api_token": "[covered]", "user":"ada"},\n\t"passwords": "[covered]", "rows":[{"secret":"[covered]"},1.50] }',
      covered: 3,
    })
    expect(JSON.parse(copy('').text).rows).toEqual([{ secret: '[covered]' }, 1.5])
    expect(copy('auth')).toEqual({ text: '{"api_token": "[covered]", "user":"ada"}', covered: 1 })
    // Uncovered by itself, and with what is around it.
    expect(copy('auth', ['auth.api_token'])).toEqual({ text: '{"api_token": "t-1", "user":"ada"}', covered: 0 })
    expect(copy('passwords[1]', ['passwords'])).toEqual({ text: '{"a":1}', covered: 0 })
    expect(copy('', [''])).toEqual({ text: written, covered: 0 })
    expect(copy('rows[1]')).toEqual({ text: '1.50', covered: 0 })
  })
})

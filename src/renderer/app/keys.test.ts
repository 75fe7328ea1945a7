import { describe, expect, it } from 'vitest'
import { wholeList } from '../features/runs/listFilter.ts'
import { type Command, commandOf, type KeyPress, keyTable } from './keys.ts'
import { formatRoute, parseRoute } from './route.ts'

const press = (key: string, change: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  typing: false,
  covered: false,
  onControl: false,
  onList: false,
  afterPrefix: false,
  ...change,
})

describe('commandOf', () => {
  const cases: [string, Partial<KeyPress>, Command | null][] = [
    ['j', {}, { kind: 'move', by: 1 }],
    ['k', {}, { kind: 'move', by: -1 }],
    ['ArrowDown', {}, { kind: 'move', by: 1 }],
    ['ArrowDown', { onControl: true }, null],
    ['Enter', {}, { kind: 'open' }],
    ['Enter', { onControl: true }, null],
    ['a', {}, { kind: 'approve' }],
    ['r', {}, { kind: 'reject' }],
    ['J', { shiftKey: true }, { kind: 'reach', by: 1 }],
    ['ArrowUp', { shiftKey: true }, { kind: 'reach', by: -1 }],
    ['X', { shiftKey: true }, { kind: 'all' }],
    // Space presses what has the focus, and scrolls where a panel has it.
    [' ', { onList: true }, { kind: 'mark' }],
    [' ', {}, null],
    ['/', {}, { kind: 'search' }],
    ['?', {}, { kind: 'help' }],
    ['d', { afterPrefix: true }, { kind: 'go', place: 'drills' }],
    ['Escape', {}, { kind: 'back' }],
    ['Escape', { typing: true }, { kind: 'back' }],
    // A letter that is typed is a letter.
    ['a', { typing: true }, null],
    ['/', { typing: true }, null],
    // Copying with Ctrl+A or Cmd+R is the browser's.
    ['a', { ctrlKey: true }, null],
    ['r', { metaKey: true }, null],
    // A dialog has its own keys.
    ['Escape', { covered: true }, null],
    ['a', { covered: true }, null],
    ['g', {}, { kind: 'prefix' }],
    ['r', { afterPrefix: true }, { kind: 'go', place: 'runs' }],
    ['i', { afterPrefix: true }, { kind: 'go', place: 'inbox' }],
    ['j', { afterPrefix: true }, { kind: 'move', by: 1 }],
    ['x', {}, { kind: 'mark' }],
    ['t', {}, { kind: 'relative' }],
    ['z', {}, { kind: 'zone' }],
    ['z', { ctrlKey: true }, null],
    ['y', {}, null],
  ]
  it.each(cases)('%s %o', (key, change, command) => expect(commandOf(press(key, change))).toEqual(command))

  it('does what the list of keys says: each key of it has a command', () => {
    const eventKey: Record<string, string> = { '↓': 'ArrowDown', '↑': 'ArrowUp', Esc: 'Escape' }
    for (const { keys } of keyTable) {
      const afterPrefix = keys[0] === 'g'
      for (const key of afterPrefix ? keys.slice(1) : keys)
        expect(commandOf(press(eventKey[key] ?? key, { afterPrefix })), key).not.toBeNull()
    }
  })
})

const layout = { sort: null, columns: null }
describe('route', () => {
  it.each([
    ['', { place: 'runs' }],
    ['#/inbox', { place: 'inbox' }],
    ['#/runs/mlops-1-a%2Fb', { place: 'runs', run: 'mlops-1-a/b' }],
    ['#/runs/x/page', { place: 'runs', run: 'x', full: true }],
    ['#/runs/x/with/y%2F1', { place: 'runs', run: 'x', full: true, compare: { kind: 'run', other: 'y/1' } }],
    [
      '#/runs/x/attempts/train_model/2/3',
      { place: 'runs', run: 'x', full: true, compare: { kind: 'attempts', step: 'train_model', left: 2, right: 3 } },
    ],
    ['#/runs/x/attempts/other_step/2/3', { place: 'runs', run: 'x' }],
    ['#/runs/x/attempts/train_model/0/3', { place: 'runs', run: 'x' }],
    ['#/runs/x/with/', { place: 'runs', run: 'x' }],
    ['#/runs/x/approve', { place: 'runs', run: 'x', decide: 'approve' }],
    ['#/inbox/x/reject', { place: 'inbox', run: 'x', decide: 'reject' }],
    ['#/runs/x/cancel', { place: 'runs', run: 'x' }],
    ['#/models/m-1', { place: 'models', model: 'm-1' }],
    ['#/models/m%2F1/beside/m-2', { place: 'models', model: 'm/1', beside: 'm-2' }],
    ['#/models/m-1/page', { place: 'models', model: 'm-1' }],
    ['#/deployments/m-1', { place: 'deployments' }],
    ['#/settings/x', { place: 'settings' }],
    ['#/nowhere', { place: 'runs' }],
    ['#/runs?stages=Failed,TimedOut,Nonsense', { place: 'runs', filter: { ...wholeList, stages: ['TimedOut', 'Failed'] } }],
    [
      '#/runs/a?retrying=now&waiting=90&accepted=soon',
      { place: 'runs', run: 'a', filter: { ...wholeList, retrying: true, waitingOver: 90 } },
    ],
    ['#/inbox?retrying=now', { place: 'inbox' }],
    ['#/runs?stages=Nonsense', { place: 'runs' }],
    ['#/runs/%E0%A4%A', { place: 'runs' }],
  ] as const)('%s', (hash, route) =>
    expect(parseRoute(hash)).toEqual({
      ...{ run: null, full: false, compare: null, decide: null, filter: null, layout, model: null, beside: null },
      ...route,
    }),
  )

  it('reads what it wrote', () => {
    const run = {
      place: 'runs',
      run: 'mlops-1-"ü" /#?',
      full: true,
      compare: { kind: 'run', other: 'mlops-2/#?' },
      decide: null,
      filter: null,
      layout,
      model: null,
      beside: null,
    } as const
    expect(parseRoute(formatRoute(run))).toEqual(run)
    const attempts = { ...run, compare: { kind: 'attempts', step: 'deploy_dev', left: 1, right: 4 } } as const
    expect(parseRoute(formatRoute(attempts))).toEqual(attempts)
    const models = {
      place: 'models',
      run: null,
      full: false,
      compare: null,
      decide: null,
      filter: null,
      layout,
      model: 'a/"ü"',
      beside: 'b#?',
    } as const
    expect(parseRoute(formatRoute(models))).toEqual(models)
  })
})

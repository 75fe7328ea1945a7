/** What a key means, as a pure function: the same table feeds the handler and the page that lists the keys. */
import type { Place } from './route.ts'

export type Command =
  | { kind: 'move'; by: number }
  | { kind: 'open' }
  | { kind: 'back' }
  | { kind: 'approve' }
  | { kind: 'reject' }
  | { kind: 'search' }
  | { kind: 'filter' }
  | { kind: 'views' }
  | { kind: 'columns' }
  | { kind: 'sort'; turn: boolean }
  | { kind: 'choose' }
  | { kind: 'mark' }
  | { kind: 'reach'; by: number }
  | { kind: 'all' }
  | { kind: 'batch'; action: 'cancel' | 'retryNow' | 'again' }
  | { kind: 'relative' }
  | { kind: 'zone' }
  | { kind: 'help' }
  | { kind: 'guide' }
  | { kind: 'go'; place: Place }
  | { kind: 'prefix' }

export interface KeyPress {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  shiftKey: boolean
  /** The press goes into a text field. */
  typing: boolean
  /** A dialog or a menu is open and has the keys. */
  covered: boolean
  /** The focus is on something that acts on Enter by itself. */
  onControl: boolean
  /** The focus is on a list, or on nothing. */
  onList: boolean
  /** `g` was pressed just before. */
  afterPrefix: boolean
}

export const keyTable: { keys: string[]; does: string }[] = [
  { keys: ['j', '↓'], does: 'Next run or model' },
  { keys: ['k', '↑'], does: 'Previous run or model' },
  { keys: ['Enter'], does: 'Open the run beside the list; once more: as a page. Open the model' },
  { keys: ['Esc'], does: 'Back: page, selection, panel, search, all filters of the list' },
  { keys: ['a'], does: 'Approve…, the selected runs where some are' },
  { keys: ['r'], does: 'Reject…, the selected runs where some are' },
  { keys: ['x'], does: 'Select the run, or the model to compare it; so does Space' },
  { keys: ['J', 'K'], does: 'With Shift: select from run to run; so do the arrows' },
  { keys: ['X'], does: 'With Shift: select every run that fits the filter' },
  { keys: ['c'], does: 'Cancel the selected runs…' },
  { keys: ['n'], does: 'Try the waiting attempts of the selected runs now…' },
  { keys: ['o'], does: 'Run the selected runs once more…' },
  { keys: ['/'], does: 'Search runs, or models; Enter goes on to the first hit' },
  { keys: ['f'], does: 'Filter runs' },
  { keys: ['v'], does: 'Views of the run list' },
  { keys: ['l'], does: 'Choose the columns of the run list' },
  { keys: ['s'], does: 'Sort runs by the next column' },
  { keys: ['S'], does: 'With Shift: sort the other way round' },
  { keys: ['u'], does: 'Choose files to submit…' },
  { keys: ['t'], does: 'Times by the clock, or from now' },
  { keys: ['z'], does: 'Times in the next zone: local, UTC, the chosen one' },
  { keys: ['g', 'i'], does: 'Go to Inbox' },
  { keys: ['g', 'r'], does: 'Go to Runs' },
  { keys: ['g', 'm'], does: 'Go to Models' },
  { keys: ['g', 'e'], does: 'Go to Deployments' },
  { keys: ['g', 'f'], does: 'Go to Files' },
  { keys: ['g', 'w'], does: 'Go to Workers' },
  { keys: ['g', 'd'], does: 'Go to Drills' },
  { keys: ['g', 'k'], does: 'Go to Encryption' },
  { keys: ['g', 'a'], does: 'Go to Audit' },
  { keys: ['g', 's'], does: 'Go to Settings' },
  { keys: ['g', 'p'], does: 'Show or hide the guided demonstration' },
  { keys: ['?'], does: 'This list' },
]

const placeOfKey: Record<string, Place> = {
  i: 'inbox',
  r: 'runs',
  m: 'models',
  e: 'deployments',
  f: 'files',
  w: 'workers',
  d: 'drills',
  s: 'settings',
  k: 'encryption',
  a: 'audit',
}

/** The command of a key press, or null where the press belongs to somebody else. */
export function commandOf(press: KeyPress): Command | null {
  if (press.covered || press.ctrlKey || press.metaKey || press.altKey) return null
  if (press.typing) return press.key === 'Escape' ? { kind: 'back' } : null
  if (press.afterPrefix) {
    const place = placeOfKey[press.key]
    if (place) return { kind: 'go', place }
    if (press.key === 'p') return { kind: 'guide' }
  }
  switch (press.key) {
    case 'J':
      return { kind: 'reach', by: 1 }
    case 'K':
      return { kind: 'reach', by: -1 }
    case 'X':
      return { kind: 'all' }
    case ' ':
      return press.onList ? { kind: 'mark' } : null
    case 'j':
      return { kind: 'move', by: 1 }
    case 'k':
      return { kind: 'move', by: -1 }
    case 'ArrowDown':
      return press.onControl ? null : { kind: press.shiftKey ? 'reach' : 'move', by: 1 }
    case 'ArrowUp':
      return press.onControl ? null : { kind: press.shiftKey ? 'reach' : 'move', by: -1 }
    case 'Enter':
      return press.onControl ? null : { kind: 'open' }
    case 'Escape':
      return { kind: 'back' }
    case 'a':
      return { kind: 'approve' }
    case 'r':
      return { kind: 'reject' }
    case 'c':
      return { kind: 'batch', action: 'cancel' }
    case 'n':
      return { kind: 'batch', action: 'retryNow' }
    case 'o':
      return { kind: 'batch', action: 'again' }
    case '/':
      return { kind: 'search' }
    case 'f':
      return { kind: 'filter' }
    case 'v':
      return { kind: 'views' }
    case 'l':
      return { kind: 'columns' }
    case 's':
      return { kind: 'sort', turn: false }
    case 'S':
      return { kind: 'sort', turn: true }
    case 'x':
      return { kind: 'mark' }
    case 't':
      return { kind: 'relative' }
    case 'z':
      return { kind: 'zone' }
    case 'u':
      return { kind: 'choose' }
    case '?':
      return { kind: 'help' }
    case 'g':
      return { kind: 'prefix' }
    default:
      return null
  }
}

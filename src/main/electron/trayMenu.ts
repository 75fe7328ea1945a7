import type { MenuItemConstructorOptions } from 'electron'
import type { DecisionKind } from '../../contract/model.ts'
import { type Pending, pendingWords } from './pendingApprovals.ts'

export interface TrayActions {
  openRun(workflowId: string): void
  /** Opens the console's dialog: a decision needs a reason, so nothing is decided from a menu. */
  decide(workflowId: string, kind: DecisionKind): void
  show(): void
  quit(): void
}

/** A tray's menu is no list view. */
const most = 10
const longestLabel = 60

/** The tray's menu: what awaits a decision, each to be decided or shown, and the way in and out. */
export function trayMenu({ count, runs }: Pending, { openRun, decide, show, quit }: TrayActions): MenuItemConstructorOptions[] {
  const listed = runs.slice(0, most)
  const more = count - listed.length
  return [
    { label: pendingWords(count), enabled: false },
    ...listed.map(({ workflowId, fileName }) => ({
      label: menuLabel(fileName),
      submenu: [
        { label: 'Approve…', click: () => decide(workflowId, 'approve') },
        { label: 'Reject…', click: () => decide(workflowId, 'reject') },
        { label: 'Show', click: () => openRun(workflowId) },
      ],
    })),
    ...(more > 0 && listed.length > 0 ? [{ label: `and ${more} more…`, click: () => show() }] : []),
    { type: 'separator' },
    { label: 'Show Gatehouse', click: () => show() },
    { label: 'Quit Gatehouse', click: () => quit() },
  ]
}

/** A file's name as a label: whoever named the file decides neither where a line ends, what is underlined, nor which way it reads. */
export function menuLabel(text: string): string {
  const characters = [...text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}')]
  const label = characters.length > longestLabel ? `${characters.slice(0, longestLabel - 1).join('')}…` : characters.join('')
  return label.replaceAll('&', '&&')
}

import { app, type BrowserWindow, Menu, type NativeImage, nativeImage, Tray } from 'electron'
import { dot, withDot } from './dot.ts'
import type { ShellLog } from './log.ts'
import { type Pending, pendingWords } from './pendingApprovals.ts'
import { type TrayActions, trayMenu } from './trayMenu.ts'

export interface TrayOptions extends TrayActions {
  icon: string
  log: ShellLog
}

export interface TrayIcon {
  show(pending: Pending): void
  close(): void
}

/** Side of the icon in pixels, as the platforms draw it. */
const sides: Partial<Record<NodeJS.Platform, number>> = { darwin: 18, win32: 16 }
const usualSide = 24
const overlaySide = 16

/**
 * Shows in the tray what awaits a decision. A desktop without a tray shows nothing, and nothing else changes: all that
 * the tray offers is in the window too.
 */
export function createTray({ icon, log, ...actions }: TrayOptions): TrayIcon {
  const side = sides[process.platform] ?? usualSide
  const plain = nativeImage.createFromPath(icon).resize({ width: side, height: side })
  let tray: Tray
  try {
    tray = new Tray(plain)
  } catch (error) {
    log.warn({ err: error }, 'this desktop has no tray')
    return { show() {}, close() {} }
  }
  const marked = markedImage(plain)
  tray.on('click', () => actions.show())
  const show = (pending: Pending) => {
    tray.setImage(pending.count > 0 ? marked : plain)
    tray.setToolTip(`Gatehouse: ${pendingWords(pending.count)}`)
    if (process.platform === 'darwin') tray.setTitle(pending.count > 0 ? String(pending.count) : '')
    // Linux shows a changed menu only when it is set anew.
    tray.setContextMenu(Menu.buildFromTemplate(trayMenu(pending, actions)))
  }
  show({ count: 0, runs: [] })
  return { show, close: () => tray.destroy() }
}

function markedImage(image: NativeImage): NativeImage {
  const { width, height } = image.getSize()
  return nativeImage.createFromBitmap(withDot(image.toBitmap(), width, height), { width, height })
}

/** The count on the app's own icon, where the platform has that: dock (macOS), launcher (some Linux desktops), taskbar (Windows). */
export function showBadge(count: number, window: BrowserWindow | null): void {
  app.setBadgeCount(count)
  if (process.platform !== 'win32' || !window || window.isDestroyed()) return
  const size = { width: overlaySide, height: overlaySide }
  const mark = count > 0 ? nativeImage.createFromBitmap(dot(overlaySide), size) : null
  window.setOverlayIcon(mark, count > 0 ? pendingWords(count) : '')
}

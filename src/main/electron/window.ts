import { BrowserWindow, nativeTheme, screen } from 'electron'
import type { DecisionKind } from '../../contract/model.ts'
import type { NoticeTarget } from '../../contract/noticeGroups.ts'
import { appOrigin, attachedArgument } from '../../preload/channels.ts'
import { firstWindow, fitToDisplays, type Rectangle, readWindowState, smallestWindow, writeWindowState } from './windowState.ts'

export interface ConsoleWindowOptions {
  preload: string
  icon: string
  /** Where size and position are kept. */
  stateFile: string
  /** The host runs in another process. */
  attached: boolean
}

/** What stands behind the page until it has painted: the console's own backgrounds. */
const background = { light: '#ffffff', dark: '#16181d' }

/** Makes the console's window and loads the console into it; shown once there is something to see. */
export function createConsoleWindow({ preload, icon, stateFile, attached }: ConsoleWindowOptions): BrowserWindow {
  const kept = readWindowState(stateFile)
  const window = new BrowserWindow({
    ...(kept ? fitToDisplays(kept.bounds, workAreas()) : firstWindow),
    minWidth: smallestWindow.width,
    minHeight: smallestWindow.height,
    show: false,
    title: 'Gatehouse',
    icon,
    backgroundColor: nativeTheme.shouldUseDarkColors ? background.dark : background.light,
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
      additionalArguments: attached ? [attachedArgument] : [],
    },
  })
  if (kept?.maximized) window.maximize()
  window.once('ready-to-show', () => window.show())
  window.on('close', () => {
    writeWindowState(stateFile, { bounds: window.getNormalBounds(), maximized: window.isMaximized() })
  })
  load(window, '')
  return window
}

/** Loads the console, at a place in it. A load that the next one replaces is no fault: a link may come before the page is there. */
function load(window: BrowserWindow, fragment: string): void {
  window.loadURL(`${appOrigin}/index.html${fragment}`).catch((error: { code?: string }) => {
    if (error.code !== 'ERR_ABORTED') throw error
  })
}

/** The main display first: that is where a window goes whose own display is gone. */
function workAreas(): Rectangle[] {
  const main = screen.getPrimaryDisplay().id
  const displays = [...screen.getAllDisplays()].sort((a, b) => Number(b.id === main) - Number(a.id === main))
  return displays.map(({ workArea }) => workArea)
}

/** Fetches the window when the display that it is on goes away or becomes smaller. Gives the function that ends it. */
export function keepOnDisplays(window: BrowserWindow): () => void {
  const look = () => {
    const areas = workAreas()
    const [main] = areas
    const fitted = fitToDisplays(window.getNormalBounds(), areas)
    if (window.isDestroyed() || !main || fitted.x !== undefined) return
    const { width, height } = fitted
    window.setBounds({
      x: main.x + Math.round((main.width - width) / 2),
      y: main.y + Math.round((main.height - height) / 2),
      width,
      height,
    })
  }
  screen.on('display-removed', look)
  screen.on('display-metrics-changed', look)
  return () => {
    screen.off('display-removed', look)
    screen.off('display-metrics-changed', look)
  }
}

/**
 * Puts the cursor into the console's own search, as its key `/` does. Chromium's search would find only the rows that
 * are drawn at the moment (decision 091).
 */
export function searchRuns(window: BrowserWindow): void {
  focusWindow(window)
  window.webContents.sendInputEvent({ type: 'keyDown', keyCode: '/' })
  window.webContents.sendInputEvent({ type: 'keyUp', keyCode: '/' })
}

/** Whether the operator works in the page: its window is in sight and has the focus, and so has the page in it. */
export const isLookedAt = (window: BrowserWindow): boolean =>
  !window.isDestroyed() &&
  window.isVisible() &&
  !window.isMinimized() &&
  window.isFocused() &&
  // With the developer tools in front the page takes itself for one that nobody looks at, and shows nothing.
  window.webContents.isFocused()

export function focusWindow(window: BrowserWindow): void {
  if (window.isDestroyed()) return
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}

/** Shows a place of the console; `runs` narrowed to the stages that a notice told of. */
export function showPlace(window: BrowserWindow, target: Extract<NoticeTarget, { place: 'inbox' | 'runs' }>): void {
  focusWindow(window)
  load(window, target.place === 'inbox' ? '#/inbox' : `#/runs?stages=${target.stages.join(',')}`)
}

/** Shows a run, and the dialog that decides it: a change of the fragment alone, so the page stays and its router follows. */
export function showRun(window: BrowserWindow, workflowId: string, decide?: DecisionKind): void {
  focusWindow(window)
  load(window, `${runFragment(workflowId)}${decide ? `/${decide}` : ''}`)
}

export const runFragment = (workflowId: string) => `#/runs/${encodeURIComponent(workflowId)}`

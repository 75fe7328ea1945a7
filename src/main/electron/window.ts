import { BrowserWindow, nativeTheme, screen } from 'electron'
import { appOrigin, attachedArgument } from '../../preload/channels.ts'
import { firstWindow, fitToDisplays, readWindowState, smallestWindow, writeWindowState } from './windowState.ts'

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
    ...(kept
      ? fitToDisplays(
          kept.bounds,
          screen.getAllDisplays().map((d) => d.workArea),
        )
      : firstWindow),
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
  void window.loadURL(`${appOrigin}/index.html`)
  return window
}

export function focusWindow(window: BrowserWindow): void {
  if (window.isDestroyed()) return
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}

/** Shows a run: a change of the fragment alone, so the page stays and its router follows. */
export function showRun(window: BrowserWindow, workflowId: string): void {
  focusWindow(window)
  void window.loadURL(`${appOrigin}/index.html${runFragment(workflowId)}`)
}

export const runFragment = (workflowId: string) => `#/runs/${encodeURIComponent(workflowId)}`

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { app, type BrowserWindow, dialog, Menu, nativeTheme, shell } from 'electron'
import { type CallInput, type CallName, calls } from '../contract/calls.ts'
import { events } from '../contract/events.ts'
import { homeAt, homePath } from './backend/home.ts'
import { attachCredentials } from './electron/attachCredentials.ts'
import { connectWindow } from './electron/ipcTransport.ts'
import { endInOrder } from './electron/lifecycle.ts'
import { stderrLog } from './electron/log.ts'
import { menuTemplate } from './electron/menu.ts'
import { showNotices } from './electron/notifications.ts'
import { declareAppScheme, serveAppScheme } from './electron/protocol.ts'
import { hardenEveryPage, openExternal } from './electron/security.ts'
import { attachSession, hostSession, type ShellSession } from './electron/session.ts'
import { parseShellArguments, type ShellArguments, ShellUsageError } from './electron/shellArguments.ts'
import { createConsoleWindow, focusWindow, showRun } from './electron/window.ts'
import { appPaths } from './paths.ts'

/** Composition root of the Electron shell: arguments, what must precede `ready`, host or attach, window, end. */
async function main(): Promise<void> {
  // 1. What was asked for, and where it lives.
  const asked = readArguments()
  if (!asked) return
  const paths = appPaths()
  const home = homeAt(homePath())
  const icon = join(paths.resources, 'icons', 'gatehouse.png')
  // Beside each other, because two Chromiums on one profile folder spoil it.
  const profile = join(home.root, 'shell', asked.attach ? 'attached' : 'window')
  mkdirSync(profile, { recursive: true, mode: 0o700 })
  app.setName('Gatehouse')
  app.setPath('userData', profile)

  // 2. What must be said before the app is ready.
  declareAppScheme()
  hardenEveryPage(stderrLog)
  const files = [...asked.files]
  let takeFile = (path: string) => void files.push(path)
  app.on('open-file', (event, path) => {
    event.preventDefault()
    takeFile(path)
  })
  await app.whenReady()
  serveAppScheme(paths.renderer)

  // 3. A host in this process, or the window of one that runs elsewhere.
  let window: BrowserWindow | null = null
  const toFront = () => (window ? focusWindow(window) : openWindow())
  const session = asked.attach
    ? attachSession(asked.attach.origin, attachCredentials(asked.attach.origin, asked.attach.token, home), stderrLog)
    : await hostOrHandOver()
  if (!session) return app.exit(0)
  const { source, log } = session

  async function hostOrHandOver(): Promise<ShellSession | null> {
    const found = await hostSession({ home, paths, focusWindow: () => toFront(), onStop: () => app.quit() })
    if (!('first' in found)) return found
    const { first } = found
    const submitted = files.length > 0 ? first.call('intake.submit', { paths: files, origin: 'window' }) : null
    if (first.host.shell === 'web') {
      // The host has no window of its own: this becomes one.
      await submitted
      files.length = 0
      first.close()
      return attachSession(first.host.url, attachCredentials(first.host.url, null, home), stderrLog)
    }
    await first.call('host.focus', {})
    await submitted
    first.close()
    return null
  }

  // 4. The window, and what is native about it.
  const call = <N extends CallName>(name: N, input: CallInput<N>) => source.send({ id: 0, call: name, input })
  const openRun = (workflowId: string) => {
    toFront()
    if (window) showRun(window, workflowId)
  }
  function openWindow(): void {
    const opened = createConsoleWindow({
      preload: paths.preload,
      icon,
      stateFile: join(profile, 'window.json'),
      attached: session?.attached ?? false,
    })
    const disconnect = connectWindow(opened, source, log)
    opened.on('closed', () => {
      disconnect()
      window = null
    })
    window = opened
  }
  const follow = (appearance: 'system' | 'light' | 'dark') => {
    nativeTheme.themeSource = appearance
  }
  if (!session.attached) {
    const reply = await call('settings.get', {})
    if (reply.ok) follow(calls['settings.get'].output.parse(reply.output).appearance)
  }
  source.onPush((push) => {
    if (push.event === 'settings.changed') follow(events['settings.changed'].parse(push.payload).settings.appearance)
  })
  Menu.setApplicationMenu(
    Menu.buildFromTemplate(
      menuTemplate(process.platform, {
        openLogs: () => void shell.openPath(home.logs),
        openTemporal: async () => {
          const reply = await call('stack.health', {})
          const url = reply.ok ? calls['stack.health'].output.parse(reply.output).temporalUiUrl : null
          if (url) openExternal(url, log)
        },
      }),
    ),
  )
  const silence = showNotices(source, { icon, onClick: (workflowId) => (workflowId ? openRun(workflowId) : toFront()) })
  openWindow()
  app.on('activate', toFront)

  // 5. Files that came with the start, and those that come later.
  const submit = (list: string[]) => void call('intake.submit', { paths: list, origin: 'window' })
  if (files.length > 0) submit(files.splice(0))
  takeFile = (path) => submit([path])

  // 6. The end.
  endInOrder(async () => {
    window?.hide()
    silence()
    await session.close()
  }, log)
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
}

function readArguments(): ShellArguments | null {
  try {
    return parseShellArguments(process.argv.slice(1), app.getAppPath(), process.cwd())
  } catch (error) {
    if (!(error instanceof ShellUsageError)) throw error
    process.stderr.write(`${error.message}\n`)
    app.exit(2)
    return null
  }
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`Gatehouse could not start: ${message}\n`)
  if (app.isReady()) dialog.showErrorBox('Gatehouse could not start', message)
  app.exit(1)
})

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { app, type BrowserWindow, dialog, Menu, type MessageBoxOptions, nativeTheme, powerMonitor, shell } from 'electron'
import { type CallInput, type CallName, calls } from '../contract/calls.ts'
import { events } from '../contract/events.ts'
import type { DecisionKind } from '../contract/model.ts'
import { homeAt, homePath } from './backend/home.ts'
import { aboutBox, selfTestBox, selfTestButton } from './electron/about.ts'
import { attachCredentials } from './electron/attachCredentials.ts'
import { linkScheme, runOfDeepLink } from './electron/deepLink.ts'
import { connectWindow } from './electron/ipcTransport.ts'
import { endInOrder } from './electron/lifecycle.ts'
import { stderrLog } from './electron/log.ts'
import { loginItem } from './electron/loginItem.ts'
import { menuTemplate } from './electron/menu.ts'
import { isForPage, showNotices } from './electron/notifications.ts'
import { followPending } from './electron/pendingApprovals.ts'
import { declareAppScheme, serveAppScheme } from './electron/protocol.ts'
import { quitButtons, quitQuestion, runsInStep } from './electron/quitQuestion.ts'
import { hardenEveryPage, openExternal } from './electron/security.ts'
import { attachSession, hostSession, type ShellSession } from './electron/session.ts'
import { parseShellArguments, type ShellArguments, ShellUsageError } from './electron/shellArguments.ts'
import { createTray, showBadge } from './electron/tray.ts'
import { createUpdates, hasUpdateFeed } from './electron/updates.ts'
import {
  createConsoleWindow,
  focusWindow,
  isLookedAt,
  keepOnDisplays,
  searchRuns,
  showPlace,
  showRun,
} from './electron/window.ts'
import { appPaths } from './paths.ts'

/** Composition root of the Electron shell: arguments, what must precede `ready`, host or attach, window, end. */
async function main(): Promise<void> {
  // 1. What was asked for, and where it lives.
  const asked = readArguments()
  if (!asked) return
  const paths = appPaths()
  if (asked.selfTest) {
    const { selfTestAndExit } = await import('./electron/selfTest.ts')
    return selfTestAndExit(paths, asked.json)
  }
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
  const links = [...asked.links]
  let takeLink = (link: string) => void links.push(link)
  app.on('open-url', (event, link) => {
    event.preventDefault()
    takeLink(link)
  })
  // Unpackaged, the system would be told to start a bare Electron.
  if (app.isPackaged) app.setAsDefaultProtocolClient(linkScheme)
  await app.whenReady()
  serveAppScheme(paths.renderer)

  // Others can reach a host before its window is there.
  let wantedRun: string | undefined
  let comeToFront = (workflowId?: string) => {
    wantedRun = workflowId
  }
  let stopAsked = false
  let stopHost = () => {
    stopAsked = true
  }
  let restart = () => {}

  // 3. A host in this process, or the window of one that runs elsewhere.
  let window: BrowserWindow | null = null
  const toFront = () => (window ? focusWindow(window) : openWindow())
  const session = asked.attach
    ? attachSession(asked.attach.origin, attachCredentials(asked.attach.origin, asked.attach.token, home), stderrLog)
    : await hostOrHandOver()
  if (!session) return app.exit(0)
  const { source, log } = session

  async function hostOrHandOver(): Promise<ShellSession | null> {
    const found = await hostSession({
      home,
      paths,
      focusWindow: (workflowId) => comeToFront(workflowId),
      onStop: () => stopHost(),
      restart: () => restart(),
    })
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
    // Here and not there: the first one is not to be disturbed by a link that is none.
    const workflowId = links.map((link) => runOfDeepLink(link) ?? refuseLink(link)).find((id) => id !== null)
    await first.call('host.focus', workflowId ? { workflowId } : {})
    await submitted
    first.close()
    return null
  }

  // 4. The window, and what is native about it.
  const call = <N extends CallName>(name: N, input: CallInput<N>) => source.send({ id: 0, call: name, input })
  const openRun = (workflowId: string, decide?: DecisionKind) => {
    toFront()
    if (window) showRun(window, workflowId, decide)
  }
  function openWindow(): void {
    const opened = createConsoleWindow({
      preload: paths.preload,
      icon,
      stateFile: join(profile, 'window.json'),
      attached: session?.attached ?? false,
    })
    const disconnect = connectWindow(opened, { source, isForPage: (push) => isForPage(push, isLookedAt(opened)), log })
    const letGo = keepOnDisplays(opened)
    opened.on('close', (event) => {
      // Elsewhere than on a Mac the last window's end is the app's: asked about while the window is still there.
      if (process.platform === 'darwin' || ending.begun()) return
      event.preventDefault()
      app.quit()
    })
    // Windows tells its windows, not the app, that the session ends.
    opened.on('session-end', () => ending.now())
    opened.on('closed', () => {
      disconnect()
      letGo()
      window = null
    })
    window = opened
  }
  async function openLink(link: string): Promise<void> {
    const workflowId = runOfDeepLink(link)
    if (workflowId === null) return refuse(link, 'This link names no run, so nothing was opened.')
    const reply = await call('runs.get', { workflowId })
    if (!reply.ok && reply.error.kind === 'notFound') return refuse(link, `There is no run ${workflowId} here.`)
    openRun(workflowId)
  }
  function refuse(link: string, message: string): void {
    refuseLink(link)
    toFront()
    void ask({
      type: 'warning',
      message,
      detail: 'A link of Gatehouse looks like gatehouse://run/<workflow id>.',
      buttons: ['OK'],
    })
  }
  const ask = (options: MessageBoxOptions) => (window ? dialog.showMessageBox(window, options) : dialog.showMessageBox(options))
  /** On a Mac without a window too. */
  async function about(): Promise<void> {
    const { response } = await ask(aboutBox({ attached: session?.attached ?? false, home: home.root }))
    if (response !== selfTestButton) return
    const reply = await call('app.selfTest', {})
    await ask(selfTestBox(reply.ok ? calls['app.selfTest'].output.parse(reply.output) : reply.error.message))
  }
  const updates =
    app.isPackaged && hasUpdateFeed(process.resourcesPath)
      ? createUpdates({
          updater: async () => (await import('electron-updater')).autoUpdater,
          version: app.getVersion(),
          ask: async (options) => (await ask(options)).response,
          log,
        })
      : null
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
        startAtLogin: loginItem(process.env),
        search() {
          toFront()
          if (window) searchRuns(window)
        },
        about: () => void about(),
        checkForUpdates: updates && (() => void updates.check(true)),
        openLogs: () => void shell.openPath(home.logs),
        openTemporal: async () => {
          const reply = await call('stack.health', {})
          const url = reply.ok ? calls['stack.health'].output.parse(reply.output).temporalUiUrl : null
          if (url) openExternal(url, log)
        },
      }),
    ),
  )
  const silence = showNotices(source, {
    icon,
    isLookedAt: () => window !== null && isLookedAt(window),
    onClick: (target) => {
      if (target.place === 'run') return openRun(target.workflowId)
      toFront()
      if (window && target.place !== 'console') showPlace(window, target)
    },
    onDecide: openRun,
  })
  const tray = createTray({ icon, log, openRun, decide: openRun, show: () => toFront(), quit: () => app.quit() })
  const stopCounting = followPending(source, (pending) => {
    tray.show(pending)
    showBadge(pending.count, window)
  })

  // 5. The end: asked about while a run is in a step here, then in order.
  const ending = endInOrder({
    async mayEnd() {
      const count = session.attached ? 0 : await runsInStep(source)
      if (count === 0) return true
      const box = {
        type: 'question' as const,
        buttons: [...quitButtons],
        defaultId: 0,
        cancelId: 1,
        ...quitQuestion(count),
      } satisfies MessageBoxOptions
      return (await ask(box)).response === 0
    },
    async end() {
      window?.hide()
      stopCounting()
      tray.close()
      silence()
      await session.close()
    },
    log,
  })
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })

  // 6. The window, the files and links that came with the start, and what comes later.
  openWindow()
  app.on('activate', toFront)
  powerMonitor.on('resume', () => session.wake())
  void updates?.check(false)
  const submit = (list: string[]) => void call('intake.submit', { paths: list, origin: 'window' })
  if (files.length > 0) submit(files.splice(0))
  takeFile = (path) => submit([path])
  comeToFront = (workflowId) => (workflowId === undefined ? toFront() : openRun(workflowId))
  if (wantedRun !== undefined) openRun(wantedRun)
  // Whoever stops a host has been asked already, or is no person at this window.
  stopHost = () => ending.now()
  restart = () => ending.restart()
  if (stopAsked) stopHost()
  for (const link of links.splice(0)) void openLink(link)
  takeLink = (link) => void openLink(link)
}

function refuseLink(link: string): null {
  stderrLog.warn({ link: link.slice(0, 200) }, 'a link was not opened')
  return null
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

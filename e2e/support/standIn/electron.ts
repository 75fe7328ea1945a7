/**
 * A stand-in for the module `electron`, for running the built main process and preload in plain Node where no Electron
 * that can host is to be had. It has what our shell uses and no more: whatever else is asked for throws by name, so a
 * test never passes because something was silently missing. Order and cancelling of events follow Electron's documents:
 * https://www.electronjs.org/docs/latest/api/app
 */
import { fork } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { createContext, Script } from 'node:vm'
import type * as Electron from 'electron'
import type { Bridge } from '../../../src/contract/wire.ts'
import type { FromStandIn, MenuEntry, Seen, ToStandIn } from './messages.ts'

/** Throws for what is not stood in for, instead of answering undefined. */
function strict<T extends object>(name: string, target: T): T {
  return new Proxy(target, {
    get(object, key) {
      if (typeof key === 'string' && !(key in object) && key !== 'then' && key !== 'toJSON') {
        throw new Error(`The stand-in for electron has no ${name}.${key}.`)
      }
      const value = Reflect.get(object, key)
      return typeof value === 'function' && object instanceof EventEmitter ? value.bind(object) : value
    },
  })
}

class CancellableEvent {
  defaultPrevented = false
  preventDefault = () => {
    this.defaultPrevented = true
  }
}

const tell = (message: FromStandIn) => {
  if (process.connected) process.send?.(message)
}
/** Tells the test what is to be seen, once for everything that changed in one go. */
let telling = false
function changed(): void {
  if (telling) return
  telling = true
  setImmediate(() => {
    telling = false
    tell({ kind: 'seen', seen: look() })
  })
}

// ---- app -------------------------------------------------------------------------------------------------------

const paths: Record<string, string> = {}
let isReady = false
let quitting = false
let badge = 0
const relaunches: string[][] = []
let loadedSession = false

const appMembers = {
  setName() {},
  getVersion: () => '0.0.0',
  getAppPath: () => process.env.GATEHOUSE_E2E_APP_FOLDER ?? process.cwd(),
  setPath(name, path) {
    paths[name] = path
  },
  whenReady: () => ready,
  isReady: () => isReady,
  isPackaged: false,
  setBadgeCount(count = 0) {
    badge = count
    changed()
    return true
  },
  setAsDefaultProtocolClient: () => true,
  getLoginItemSettings: () => ({ openAtLogin: false }) as Electron.LoginItemSettings,
  setLoginItemSettings() {},
  focus() {},
  quit() {
    if (quitting) return
    const event = new CancellableEvent()
    app.emit('before-quit', event)
    if (event.defaultPrevented) return
    quitting = true
    if (windows.size === 0) return shutDown()
    for (const window of [...windows]) window.close()
  },
  relaunch({ args = [] } = {}) {
    relaunches.push(args)
    changed()
  },
  exit(code = 0) {
    for (const window of [...windows]) window.destroy()
    // JavaScript that follows the call still runs, as in Electron.
    setImmediate(() => process.exit(code))
  },
} satisfies Partial<Omit<Electron.App, keyof NodeJS.EventEmitter>>

const app = strict('app', Object.assign(new EventEmitter(), appMembers))

function shutDown(): void {
  const event = new CancellableEvent()
  app.emit('will-quit', event)
  if (event.defaultPrevented) {
    quitting = false
    return
  }
  app.emit('quit', {}, 0)
  process.exit(0)
}

const ready = new Promise<void>((resolve) =>
  setImmediate(() => {
    isReady = true
    app.emit('ready', {}, {})
    resolve()
  }),
)

// ---- ipc, protocol, session ------------------------------------------------------------------------------------

type InvokeHandler = (event: object, ...args: unknown[]) => unknown
const invokeHandlers = new Map<string, InvokeHandler>()
const ipcMain = strict('ipcMain', {
  handle(channel: string, handler: InvokeHandler) {
    if (invokeHandlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`)
    invokeHandlers.set(channel, handler)
  },
  removeHandler(channel: string) {
    invokeHandlers.delete(channel)
  },
})

const schemes = new Map<string, (request: Request) => Promise<Response>>()
const privileged = new Set<string>()
const protocol = strict('protocol', {
  registerSchemesAsPrivileged(list: { scheme: string }[]) {
    if (isReady) throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready')
    for (const { scheme } of list) privileged.add(scheme)
  },
  handle(scheme: string, handler: (request: Request) => Promise<Response>) {
    if (!isReady) throw new Error('protocol.handle needs an app that is ready')
    schemes.set(scheme, handler)
  },
})

async function load(url: string): Promise<Response> {
  const scheme = new URL(url).protocol.slice(0, -1)
  const handler = schemes.get(scheme)
  if (!handler || !privileged.has(scheme)) throw new Error(`ERR_UNKNOWN_URL_SCHEME ${url}`)
  return handler(new Request(url))
}

type PermissionHandler = (contents: object, permission: string, answer: (granted: boolean) => void) => void
let askPermission: PermissionHandler | null = null
const session = strict('session', {
  setPermissionRequestHandler(handler: PermissionHandler) {
    askPermission = handler
  },
  setPermissionCheckHandler() {},
  setDevicePermissionHandler() {},
})

// ---- windows ---------------------------------------------------------------------------------------------------

const windows = new Set<BrowserWindowStandIn>()
let focusedWindow: BrowserWindowStandIn | null = null

interface Frame {
  url: string
}

/** One page: its preload, run for real, and the bridge that the preload gave it. */
function createWebContents(preloadFile: string, additionalArguments: readonly string[]) {
  let navigations = 0
  const toPage = new EventEmitter()
  const mainFrame: Frame = { url: '' }
  let bridge: Bridge | null = null
  let denyOpen: ((details: { url: string }) => { action: string }) | null = null

  const members = {
    mainFrame,
    isDestroyed: () => false,
    getURL: () => mainFrame.url,
    setWindowOpenHandler(handler: typeof denyOpen) {
      denyOpen = handler
    },
    send(channel: string, ...args: unknown[]) {
      toPage.emit(channel, {}, ...structuredClone(args))
    },
    isFocused: () => focusedWindow?.webContents === contents,
    sendInputEvent() {},
    invalidate() {},
  }
  const contents = strict('webContents', Object.assign(new EventEmitter(), members))

  const pageElectron = {
    contextBridge: {
      exposeInMainWorld(name: string, api: unknown) {
        if (name !== 'gatehouse') throw new Error(`the preload exposed ${name}`)
        bridge = api as Bridge
      },
    },
    ipcRenderer: {
      on: (channel: string, listener: (...args: unknown[]) => void) => toPage.on(channel, listener),
      async invoke(channel: string, ...args: unknown[]) {
        const handler = invokeHandlers.get(channel)
        if (!handler) throw new Error(`No handler registered for '${channel}'`)
        return structuredClone(await handler({ sender: contents, senderFrame: mainFrame }, ...structuredClone(args)))
      },
    },
    webUtils: { getPathForFile: (file: { standsFor: string }) => file.standsFor },
  }
  const runPreload = () => {
    const module = { exports: {} }
    const require = (name: string) => {
      if (name !== 'electron') throw new Error(`a sandboxed preload cannot require ${name}`)
      return pageElectron
    }
    const run = new Script(`(function (require, module, exports, process) {${readFileSync(preloadFile, 'utf8')}\n})`, {
      filename: preloadFile,
    }).runInContext(createContext({}))
    run(require, module, module.exports, { argv: ['renderer', ...additionalArguments] })
    bridge?.onPush((push) => tell({ kind: 'push', event: push.event, payload: push.payload }))
  }

  return {
    contents,
    bridge: () => {
      if (!bridge) throw new Error('the page has no bridge yet')
      return bridge
    },
    open: (url: string) => denyOpen?.({ url }),
    async navigate(url: string) {
      const mine = ++navigations
      const [page, from] = [url.split('#')[0], mainFrame.url.split('#')[0]]
      if (page === from) {
        mainFrame.url = url
        contents.emit('did-navigate-in-page', {}, url, true)
        return changed()
      }
      const response = await load(url)
      // As Chromium does: a navigation ends the one that is still under way.
      if (mine !== navigations) throw Object.assign(new Error(`ERR_ABORTED (-3) loading '${url}'`), { code: 'ERR_ABORTED' })
      if (response.status !== 200) throw new Error(`ERR_FAILED (${response.status}) loading ${url}`)
      mainFrame.url = url
      runPreload()
      contents.emit('did-finish-load', {})
      changed()
    },
  }
}

class BrowserWindowStandIn extends EventEmitter {
  readonly page: ReturnType<typeof createWebContents>
  readonly webContents: object
  #destroyed = false
  #visible: boolean
  #bounds: Electron.Rectangle

  constructor(options: Electron.BrowserWindowConstructorOptions) {
    super()
    if (!isReady) throw new Error('Cannot create BrowserWindow before app is ready')
    const { preload = '', additionalArguments = [], sandbox, contextIsolation, nodeIntegration } = options.webPreferences ?? {}
    if (!sandbox || !contextIsolation || nodeIntegration) throw new Error('the window is not hardened')
    this.#bounds = { x: options.x ?? 80, y: options.y ?? 40, width: options.width ?? 800, height: options.height ?? 600 }
    this.#visible = options.show !== false
    this.page = createWebContents(preload, additionalArguments)
    this.webContents = this.page.contents
    if (!loadedSession) {
      loadedSession = true
      app.emit('session-created', session)
    }
    app.emit('web-contents-created', {}, this.webContents)
    windows.add(this)
    focusedWindow = this
    changed()
  }

  async loadURL(url: string) {
    const first = this.page.contents.getURL() === ''
    await this.page.navigate(url)
    if (first) this.emit('ready-to-show')
  }
  isDestroyed = () => this.#destroyed
  isMinimized = () => false
  isFocused = () => focusedWindow === this
  isMaximized = () => false
  isVisible = () => this.#visible
  restore() {}
  maximize() {}
  moveTop() {}
  getBounds = () => ({ ...this.#bounds })
  getNormalBounds = () => ({ ...this.#bounds })
  setBounds(bounds: Partial<Electron.Rectangle>) {
    Object.assign(this.#bounds, bounds)
    changed()
  }
  show() {
    this.#visible = true
    changed()
  }
  hide() {
    this.#visible = false
    changed()
  }
  focus() {
    focusedWindow = this
    changed()
  }
  close() {
    const event = new CancellableEvent()
    this.emit('close', event)
    if (event.defaultPrevented) {
      quitting = false
      return
    }
    this.destroy()
    // Closing takes a turn of the event loop in Electron as well.
    setImmediate(() => {
      if (windows.size > 0) return
      if (quitting) return shutDown()
      if (app.listenerCount('window-all-closed') > 0) app.emit('window-all-closed')
      else app.quit()
    })
  }
  destroy() {
    if (this.#destroyed) return
    this.#destroyed = true
    windows.delete(this)
    if (focusedWindow === this) focusedWindow = null
    this.emit('closed')
    changed()
  }
  static getAllWindows = () => [...windows]
  static getFocusedWindow = () => focusedWindow
}

// ---- menus, tray, notifications, dialogs -----------------------------------------------------------------------

interface MenuStandIn {
  template: Electron.MenuItemConstructorOptions[]
}
let applicationMenu: MenuStandIn | null = null
const Menu = strict('Menu', {
  buildFromTemplate: (template: Electron.MenuItemConstructorOptions[]): MenuStandIn => ({ template }),
  setApplicationMenu(menu: MenuStandIn | null) {
    applicationMenu = menu
    changed()
  },
})

const submenuOf = (item: Electron.MenuItemConstructorOptions) => (Array.isArray(item.submenu) ? item.submenu : [])
const entriesOf = (items: readonly Electron.MenuItemConstructorOptions[]): MenuEntry[] =>
  items
    .filter((item) => item.visible !== false)
    .map((item) => ({
      label: item.label ?? '',
      enabled: item.enabled !== false,
      checked: item.checked === true,
      accelerator: item.accelerator ?? null,
      role: item.role ?? null,
      submenu: entriesOf(submenuOf(item)),
    }))

function choose(menu: MenuStandIn | null, labels: readonly string[]): void {
  let items = menu?.template ?? []
  let found: Electron.MenuItemConstructorOptions | undefined
  for (const label of labels) {
    found = items.find((item) => (item.label ?? item.role) === label)
    if (!found || found.enabled === false) throw new Error(`no menu entry to choose: ${labels.join(' > ')}`)
    items = submenuOf(found)
  }
  if (found?.role === 'quit') app.quit()
  if (found?.type === 'checkbox') found.checked = !found.checked
  found?.click?.(found as never, focusedWindow as never, {} as never)
  changed()
}

let tray: TrayStandIn | null = null
class TrayStandIn extends EventEmitter {
  tooltip = ''
  menu: MenuStandIn | null = null
  #destroyed = false
  constructor(image: unknown) {
    super()
    if (!image) throw new Error('a tray needs an image')
    tray = this
    changed()
  }
  setToolTip(text: string) {
    this.tooltip = text
    changed()
  }
  setTitle() {}
  setImage() {}
  setContextMenu(menu: MenuStandIn | null) {
    this.menu = menu
    changed()
  }
  isDestroyed = () => this.#destroyed
  destroy() {
    this.#destroyed = true
    tray = null
    changed()
  }
}

const shown: NotificationStandIn[] = []
class NotificationStandIn extends EventEmitter {
  readonly title: string
  readonly body: string
  readonly actions: { text: string }[]
  constructor({ title = '', body = '', actions = [] }: { title?: string; body?: string; actions?: { text: string }[] }) {
    super()
    this.title = title
    this.body = body
    this.actions = actions
  }
  static isSupported = () => true
  show() {
    shown.push(this)
    changed()
  }
  close() {
    const at = shown.indexOf(this)
    if (at === -1) return
    shown.splice(at, 1)
    this.emit('close')
    changed()
  }
}

interface OpenDialog {
  options: Electron.MessageBoxOptions
  answer: number | null
  settle(response: number): void
}
const dialogs: OpenDialog[] = []
const dialog = strict('dialog', {
  showErrorBox(title: string, content: string) {
    process.stderr.write(`${title}: ${content}\n`)
  },
  showMessageBox(...args: unknown[]): Promise<{ response: number; checkboxChecked: boolean }> {
    const options = args.at(-1) as Electron.MessageBoxOptions
    return new Promise((resolve) => {
      const open: OpenDialog = {
        options,
        answer: null,
        settle(response) {
          open.answer = response
          resolve({ response, checkboxChecked: false })
          changed()
        },
      }
      dialogs.push(open)
      changed()
    })
  },
})

// ---- the rest of the system --------------------------------------------------------------------------------------

let theme: Seen['theme'] = 'system'
const nativeTheme = strict('nativeTheme', {
  shouldUseDarkColors: false,
  get themeSource() {
    return theme
  },
  set themeSource(next: Seen['theme']) {
    theme = next
    changed()
  },
})

const openedOutside: string[] = []
const shell = strict('shell', {
  async openExternal(url: string) {
    openedOutside.push(url)
    changed()
  },
  async openPath(path: string) {
    openedOutside.push(path)
    changed()
    return ''
  },
})

let workAreas: Electron.Rectangle[] = [{ x: 0, y: 0, width: 1920, height: 1040 }]
const displays = () => workAreas.map((workArea, id) => ({ id, workArea, bounds: workArea }))
const screen = strict(
  'screen',
  Object.assign(new EventEmitter(), { getAllDisplays: displays, getPrimaryDisplay: () => displays()[0] }),
)
const powerMonitor = strict('powerMonitor', new EventEmitter())

const utilityProcess = strict('utilityProcess', {
  fork(script: string, args: string[], { env, stdio }: { env: NodeJS.ProcessEnv; stdio: 'ignore' | 'pipe' }) {
    if (!isReady) throw new Error('utilityProcess cannot be created before app is ready')
    const execArgv = ['--import', new URL('./parentPort.ts', import.meta.url).href]
    const child = fork(script, args, { env, execArgv, stdio: ['ignore', stdio, stdio, 'ipc'] })
    return Object.assign(child, { postMessage: (message: unknown) => child.send(message as object) })
  },
})

/** An image without pixels of its own: nothing here is drawn. */
const image = strict('nativeImage', {
  isEmpty: () => false,
  getSize: () => ({ width: 16, height: 16 }),
  toBitmap: () => Buffer.alloc(16 * 16 * 4),
  resize: () => image,
  setTemplateImage() {},
}) as object
const nativeImage = strict('nativeImage', {
  createFromPath: (path: string) => {
    readFileSync(path)
    return image
  },
  createFromBitmap: () => image,
})

// ---- what the test sees and does ---------------------------------------------------------------------------------

function look(): Seen {
  return {
    windows: [...windows].map((window) => ({
      url: window.page.contents.getURL(),
      visible: window.isVisible(),
      focused: window === focusedWindow,
      bounds: window.getBounds(),
    })),
    menu: entriesOf(applicationMenu?.template ?? []),
    tray: tray && { tooltip: tray.tooltip, menu: entriesOf(tray.menu?.template ?? []) },
    badge,
    notifications: shown.map(({ title, body }) => ({ title, body })),
    dialogs: dialogs.map(({ options, answer }) => ({
      message: options.message,
      detail: options.detail ?? '',
      buttons: options.buttons ?? [],
      answer,
    })),
    theme,
    openedOutside: [...openedOutside],
    relaunches,
  }
}

let requests = 0
async function carryOut(deed: ToStandIn['deed']): Promise<unknown> {
  const window = [...windows][0]
  const page = () => {
    if (!window) throw new Error('there is no window')
    return window.page
  }
  switch (deed.do) {
    case 'request':
      return page().bridge().send({ id: ++requests, call: deed.call, input: deed.input })
    case 'pathOfFile':
      return page()
        .bridge()
        .pathOfFile({ standsFor: deed.path } as never)
    case 'chooseMenu':
      return choose(applicationMenu, deed.labels)
    case 'chooseTray':
      return choose(tray?.menu ?? null, deed.labels)
    case 'clickNotification': {
      const notification = shown.find(({ body }) => body.includes(deed.about))
      if (!notification) throw new Error(`no notification about ${deed.about}`)
      notification.emit('click', {})
      return null
    }
    case 'pressNotification': {
      const notification = shown.find(({ body }) => body.includes(deed.about))
      const actionIndex = notification?.actions.findIndex(({ text }) => text === deed.button) ?? -1
      if (actionIndex === -1) throw new Error(`no notification about ${deed.about} with a button "${deed.button}"`)
      notification?.emit('action', { actionIndex })
      return null
    }
    case 'answer': {
      const open = dialogs.find(({ answer }) => answer === null)
      const button = open?.options.buttons?.indexOf(deed.button) ?? -1
      if (!open || button === -1) throw new Error(`no open message box with a button "${deed.button}"`)
      return open.settle(button)
    }
    case 'closeWindow':
      return window?.close()
    case 'blurWindow':
      focusedWindow = null
      return changed()
    case 'focusWindow':
      return window?.focus()
    case 'openUrl':
      app.emit('open-url', new CancellableEvent(), deed.url)
      return null
    case 'openFile':
      app.emit('open-file', new CancellableEvent(), deed.path)
      return null
    case 'wake':
      powerMonitor.emit('resume')
      return null
    case 'setDisplays': {
      workAreas = deed.workAreas
      screen.emit('display-removed', {}, {})
      return null
    }
    case 'fetch': {
      const response = await load(deed.url)
      return { status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() }
    }
    case 'askPermission':
      return new Promise((resolve) => askPermission?.(page().contents, deed.permission, resolve))
  }
}

process.on('message', ({ id, deed }: ToStandIn) => {
  void carryOut(deed).then(
    (value) => tell({ kind: 'answer', id, value }),
    (error: Error) => tell({ kind: 'problem', id, message: error.message }),
  )
})
// Not kept alive by the test's channel, and not left behind by a test that died.
process.channel?.unref()
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))

const electron = strict('electron', {
  app,
  BrowserWindow: BrowserWindowStandIn,
  dialog,
  ipcMain,
  Menu,
  nativeImage,
  nativeTheme,
  Notification: NotificationStandIn,
  powerMonitor,
  protocol,
  screen,
  shell,
  Tray: TrayStandIn,
  utilityProcess,
})

export { electron as 'module.exports' }

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ElectronApplication, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Bridge } from '../src/contract/wire.ts'
import { fakeRun, fakeSettings } from '../src/main/testing/fakeBackend.ts'
import { findElectron, launchChromium, launchElectron, root } from './support/browsers.ts'
import { startDesktop } from './support/desktop.ts'
import { startDisplay } from './support/display.ts'
import { newHome, startFakeHost } from './support/fakeHost.ts'

/** The built app; another folder with an out/ of the same layout while only the shells are worked on. */
const appFolder = process.env.GATEHOUSE_E2E_APP ?? root

declare const window: { gatehouse: Bridge } & Record<string, unknown>
declare const document: {
  title: string
  visibilityState: string
  createElement(name: string): { src: string; href: string; click(): void; remove(): void }
  body: { append(child: unknown): void }
  addEventListener(name: string, listener: (event: { violatedDirective: string; blockedURI: string }) => void): void
  querySelector(selector: string): unknown
}
declare const location: { href: string }
declare const matchMedia: (query: string) => { matches: boolean }

const cleanUps: (() => unknown)[] = []
const cleanUp = async (list = cleanUps) => {
  for (const clean of list.splice(0).reverse()) await clean()
}
afterEach(() => cleanUp())

/** An entry of the tray's menu, as Electron's Menu has it. */
interface TrayItem {
  label: string
  click(): void
  submenu: { items: { label: string; click(): void }[] }
}

/** Collects what a page says about violations, errors and failed requests. */
function watch(page: Page): string[] {
  const problems: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(error.message))
  return problems
}

describe('the web shell in Chromium', () => {
  it('shows the console by its one-time link, without a violation, and not by a used one', async () => {
    const home = newHome()
    cleanUps.push(home.remove)
    const { host } = await startFakeHost(appFolder, home)
    cleanUps.push(() => host.close())
    const browser = await launchChromium()
    cleanUps.push(() => browser.close())
    const page = await browser.newPage()
    const problems = watch(page)
    const link = host.server.issueLink()
    const socket = page.waitForEvent('websocket')
    await page.goto(link)
    await socket
    await page.getByText('good_model.csv').first().waitFor()
    // The token left the address, so neither a bookmark nor the history holds it.
    await page.waitForFunction(() => !location.href.includes('token'))
    expect(problems).toEqual([])
    const cookies = await page.context().cookies()
    expect(cookies).toMatchObject([{ httpOnly: true, sameSite: 'Strict', domain: '127.0.0.1' }])

    const stranger = await (await browser.newContext()).newPage()
    const answer = stranger.waitForResponse(
      (response) => response.url().endsWith('/session') && response.request().method() === 'POST',
    )
    await stranger.goto(link)
    expect((await answer).status()).toBe(401)
  })
})

describe('the window, attached to a host in plain Node', () => {
  let display: Awaited<ReturnType<typeof startDisplay>>
  let home: ReturnType<typeof newHome>
  let fake: Awaited<ReturnType<typeof startFakeHost>>
  let app: ElectronApplication
  let page: Page
  let problems: string[]
  const atEnd: (() => unknown)[] = []

  beforeAll(async () => {
    display = await startDisplay()
    atEnd.push(display.stop)
    home = newHome()
    atEnd.push(home.remove)
    fake = await startFakeHost(appFolder, home)
    atEnd.push(() => fake.host.close())
    app = await launchElectron(appFolder, ['--attach', fake.host.server.issueLink()], {
      ...display.env,
      GATEHOUSE_HOME: home.root,
    })
    atEnd.push(() => app.close())
    page = await app.firstWindow()
    problems = watch(page)
    await page.waitForLoadState('load')
  })
  afterAll(() => cleanUp(atEnd))

  it('shows the console from app:// in a visible window, over IPC', async () => {
    expect(await page.evaluate(() => location.href)).toMatch(/^app:\/\/gatehouse\//)
    const answer = await page.evaluate(() => window.gatehouse.send({ id: 42, call: 'app.info', input: {} }))
    expect(answer).toMatchObject({ id: 42, ok: true, output: { host: 'testhost' } })
    await page.getByText('good_model.csv').first().waitFor()
    await expect
      .poll(() => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().map((w) => w.isVisible())))
      .toEqual([true])
    expect(problems).toEqual([])
  })

  it('keeps the page apart from Node and from the bridge’s own world', async () => {
    expect(
      await page.evaluate(() => [
        typeof window.require,
        typeof window.process,
        typeof window.module,
        Object.keys(window.gatehouse).sort(),
      ]),
    ).toEqual(['undefined', 'undefined', 'undefined', ['capabilities', 'onPush', 'onStatus', 'pathOfFile', 'send']])
    const preferences = await app.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents as unknown as {
        getLastWebPreferences(): Record<string, unknown>
      }
      const { contextIsolation, sandbox, nodeIntegration, webSecurity } = contents.getLastWebPreferences()
      return { contextIsolation, sandbox, nodeIntegration, webSecurity }
    })
    expect(preferences).toEqual({ contextIsolation: true, sandbox: true, nodeIntegration: false, webSecurity: true })
  })

  it('hears events and the connection’s status', async () => {
    await page.evaluate(() => {
      window.heard = new Promise((resolve) => window.gatehouse.onPush(resolve))
    })
    fake.backend.emit('run.progress', {
      workflowId: 'w',
      step: 'train_model',
      attempt: 1,
      progress: { fraction: 0.5, message: 'half', at: '2026-01-01T00:00:00.000Z' },
    })
    expect(await page.evaluate(() => window.heard)).toMatchObject({ event: 'run.progress', payload: { workflowId: 'w' } })
    expect(await page.evaluate(() => new Promise((resolve) => window.gatehouse.onStatus(resolve)))).toBe('open')
  })

  it('knows where a dropped file is', async () => {
    const file = join(home.root, 'dropped ü.csv')
    writeFileSync(file, 'a,b\n1,2\n')
    await page.evaluate(() => {
      const input = document.createElement('input') as unknown as { type: string; id: string }
      input.type = 'file'
      input.id = 'e2e-file'
      document.body.append(input)
    })
    await page.setInputFiles('#e2e-file', file)
    const path = await page.evaluate(() => {
      const input = document.querySelector('#e2e-file') as { files: Parameters<Bridge['pathOfFile']>[0][]; remove(): void }
      const first = input.files[0]
      input.remove()
      return first ? window.gatehouse.pathOfFile(first) : null
    })
    expect(path).toBe(file)
  })

  it('takes no request that is none', async () => {
    const send = (request: unknown) => page.evaluate((raw) => window.gatehouse.send(raw as never), request)
    for (const raw of [null, 'app.info', [], { id: 1 }, { id: 1, call: 'app.info', input: {}, more: 1 }]) {
      expect(await send(raw)).toMatchObject({ ok: false, error: { kind: 'invalid' } })
    }
    expect(await send({ id: 1, call: 'no.such.call', input: {} })).toMatchObject({
      id: 1,
      ok: false,
      error: { kind: 'invalid', field: 'call' },
    })
  })

  it('takes no request from a frame or from another page', async () => {
    const results = await app.evaluate(async ({ BrowserWindow, ipcMain }) => {
      const window = BrowserWindow.getAllWindows()[0]
      const handlers = (
        ipcMain as unknown as { _invokeHandlers: Map<string, (event: unknown, raw: unknown) => Promise<unknown>> }
      )._invokeHandlers
      const handle = handlers.get('gatehouse:request')
      if (!window || !handle) throw new Error('no handler')
      const raw = { id: 9, call: 'app.info', input: {} }
      const ask = (event: unknown) =>
        new Promise((resolve) => {
          const reply = (value: unknown) => resolve(value)
          // Electron 22 answers through the event, newer ones by the returned promise.
          Promise.resolve(handle({ ...(event as object), _reply: reply, _throw: reply }, raw)).then(
            (value) => value !== undefined && resolve(value),
          )
        })
      const main = window.webContents.mainFrame
      return Promise.all([
        ask({ sender: window.webContents, senderFrame: { url: 'https://evil.example/' } }),
        ask({ sender: window.webContents, senderFrame: { url: main.url } }),
        ask({ sender: window.webContents, senderFrame: null }),
        ask({ sender: {}, senderFrame: main }),
      ])
    })
    for (const result of results) expect(JSON.stringify(result)).toContain('refused')
  })

  it('goes nowhere and opens nothing', async () => {
    const before = await page.evaluate(() => location.href)
    const opened = await app.evaluate(({ shell }) => {
      const asked: string[] = []
      shell.openExternal = async (url: string) => void asked.push(url)
      ;(globalThis as Record<string, unknown>).asked = asked
      return asked.length
    })
    expect(opened).toBe(0)
    const isNull = await page.evaluate(() => {
      const open = (window as unknown as { open(url: string, target?: string): unknown }).open
      return [
        'https://example.com/a',
        'file:///etc/passwd',
        'javascript:alert(1)',
        'app://gatehouse/index.html',
        'smb://evil/x',
      ].map((url) => open(url) === null)
    })
    expect(isNull).toEqual([true, true, true, true, true])
    const denied = app.evaluate(
      ({ BrowserWindow }) =>
        new Promise((resolve) =>
          BrowserWindow.getAllWindows()[0]?.webContents.once('will-navigate', (_event, url) => resolve(url)),
        ),
    )
    await page.evaluate(() => {
      location.href = 'https://example.com/b'
    })
    expect(await denied).toBe('https://example.com/b')
    expect(await page.evaluate(() => location.href)).toBe(before)
    expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1)
    // Only web addresses are handed to the system, and only because a page asked for a new window.
    expect(await app.evaluate(() => (globalThis as Record<string, unknown>).asked)).toEqual(['https://example.com/a'])
  })

  it('is asked for permissions in vain', async () => {
    const answers = await page.evaluate(async () => {
      const { permissions } = (
        globalThis as unknown as { navigator: { permissions: { query(q: object): Promise<{ state: string }> } } }
      ).navigator
      return Promise.all(['geolocation', 'notifications', 'midi'].map(async (name) => (await permissions.query({ name })).state))
    })
    expect(answers).toEqual(['denied', 'denied', 'denied'])
  })

  it('runs no script that is not its own', async () => {
    const violated = await page.evaluate(
      () =>
        new Promise((resolve) => {
          document.addEventListener('securitypolicyviolation', (event) => resolve([event.violatedDirective, event.blockedURI]))
          const script = document.createElement('script')
          script.src = 'https://example.com/evil.js'
          document.body.append(script)
        }),
    )
    expect(violated).toEqual(['script-src-elem', 'https://example.com/evil.js'])
    await expect(
      page.evaluate(
        async () =>
          (
            await (globalThis as unknown as { fetch(u: string): Promise<{ status: number }> }).fetch(
              'app://gatehouse/..%2f..%2fpackage.json',
            )
          ).status,
      ),
    ).resolves.toBe(404)
  })

  it('says lost when its host goes, and comes back with it', async () => {
    await page.evaluate(() => {
      window.statuses = []
      window.gatehouse.onStatus((status) => (window.statuses as string[]).push(status))
    })
    const port = Number(new URL(fake.host.server.origin).port)
    await fake.host.close()
    await page.waitForFunction(() => (window.statuses as string[]).includes('lost'))
    const away = await page.evaluate(() => window.gatehouse.send({ id: 1, call: 'app.info', input: {} }))
    expect(away).toMatchObject({ id: 1, ok: false, error: { kind: 'unavailable', part: 'host' } })
    fake = await startFakeHost(appFolder, home, [port])
    await page.waitForFunction(() => (window.statuses as string[]).at(-1) === 'open')
    expect(await page.evaluate(() => window.gatehouse.send({ id: 2, call: 'app.info', input: {} }))).toMatchObject({
      id: 2,
      ok: true,
    })
  })
})

describe('what is native about the window', () => {
  /** An attached window; what its native parts are told is kept in `globalThis.told`. */
  async function open(args: string[] = [], prepare?: (home: ReturnType<typeof newHome>) => void) {
    const display = await startDisplay()
    cleanUps.push(display.stop)
    const home = newHome()
    cleanUps.push(home.remove)
    prepare?.(home)
    const { host, backend } = await startFakeHost(appFolder, home)
    cleanUps.push(() => host.close())
    const config = join(home.root, 'desktop')
    const app = await launchElectron(appFolder, ['--attach', host.server.issueLink(), ...args], {
      ...display.env,
      GATEHOUSE_HOME: home.root,
      GATEHOUSE_EXECUTABLE: '/opt/gatehouse/gatehouse',
      XDG_CONFIG_HOME: config,
    })
    cleanUps.push(() => app.close())
    // Message boxes wait for a person; here they are written down and answered.
    await app.evaluate(({ dialog, Menu }) => {
      const told: string[] = []
      const menus: unknown[] = []
      Object.assign(globalThis, { told, menus })
      dialog.showMessageBox = (async (...given: { message?: string }[]) => {
        told.push(given.at(-1)?.message ?? '')
        return { response: 0, checkboxChecked: false }
      }) as typeof dialog.showMessageBox
      // A tray cannot be asked for its menu, but a menu is built by what can be watched.
      const { buildFromTemplate } = Menu
      Menu.buildFromTemplate = (template) => {
        const menu = buildFromTemplate(template)
        menus.push(menu)
        return menu
      }
    })
    const page = await app.firstWindow()
    await page.getByText('good_model.csv').first().waitFor()
    const told = () => app.evaluate(() => (globalThis as unknown as { told: string[] }).told)
    return { app, page, backend, home, host, told, config }
  }

  it('counts in the tray what awaits approval, and opens it from there', async () => {
    const { app, page, backend } = await open()
    /** First line of the menu that the tray was given last. */
    const counted = () =>
      app.evaluate(() => {
        const { menus } = globalThis as unknown as { menus: { items: { label: string }[] }[] }
        return menus.at(-1)?.items[0]?.label
      })
    // The first count may have been told before anybody watched.
    backend.setRuns([])
    await expect.poll(counted).toBe('Nothing waits for approval')
    backend.setRuns(['mlops-1-good_model', 'mlops-2-good_model'])
    await expect.poll(counted).toBe('2 runs wait for approval')
    const labels = await app.evaluate(() => {
      const menu = (globalThis as unknown as { menus: { items: TrayItem[] }[] }).menus.at(-1)
      menu?.items[1]?.submenu.items.find(({ label }) => label === 'Show')?.click()
      return menu?.items.map(({ label }) => label)
    })
    expect(labels).toEqual([
      '2 runs wait for approval',
      'good_model.csv',
      'good_model.csv',
      '',
      'Show Gatehouse',
      'Quit Gatehouse',
    ])
    await page.waitForFunction(() => /#\/runs\/mlops-[12]-good_model$/.test(location.href))
    // A decision needs a reason, so the menu leads to the dialog and decides nothing itself.
    await app.evaluate(() => {
      const menu = (globalThis as unknown as { menus: { items: TrayItem[] }[] }).menus.at(-1)
      menu?.items[1]?.submenu.items.find(({ label }) => label === 'Reject…')?.click()
    })
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Reject this model' }).waitFor()
    await page.waitForFunction(() => !location.href.includes('reject'))
  })

  it('opens the run that a link names, and answers a link that names none', async () => {
    const { app, page, told } = await open(['gatehouse://run/mlops-1-good_model'])
    await page.waitForFunction(() => location.href.endsWith('#/runs/mlops-1-good_model'))
    const openUrl = (url: string) =>
      app.evaluate(({ app: electronApp }, link) => electronApp.emit('open-url', { preventDefault() {} }, link), url)
    const before = page.url()
    await openUrl('gatehouse://run/nobody')
    await expect.poll(told).toContain('There is no run nobody here.')
    await openUrl('gatehouse://run/a%00b?approve=1')
    await openUrl('gatehouse:javascript:alert(1)')
    await expect
      .poll(async () => (await told()).filter((text) => text === 'This link names no run, so nothing was opened.').length)
      .toBe(2)
    expect(page.url()).toBe(before)
    await openUrl('gatehouse://run/mlops-1-good_model/')
  })

  it('has the platform’s keys for zoom, full screen and search in its menu', async () => {
    const { app, page } = await open()
    const choose = (label: string) =>
      app.evaluate(({ Menu, BrowserWindow }, wanted) => {
        const all = (Menu.getApplicationMenu()?.items ?? []).flatMap((item) => item.submenu?.items ?? [])
        const item = all.find((each) => each.label.toLowerCase() === wanted.toLowerCase())
        const window = BrowserWindow.getAllWindows()[0]
        item?.click(undefined, window, window?.webContents)
        return item ? (item.accelerator ?? '').toString() : 'absent'
      }, label)
    const zoom = () => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.zoomLevel)
    expect(await choose('Zoom In')).not.toBe('absent')
    await expect.poll(zoom).toBeGreaterThan(0)
    expect(await choose('Actual Size')).not.toBe('absent')
    await expect.poll(zoom).toBe(0)
    expect(await choose('Toggle Full Screen')).not.toBe('absent')
    expect(await choose('Find runs…')).toBe('CmdOrCtrl+F')
    await page.waitForFunction(
      () => (document as unknown as { activeElement: { tagName: string } }).activeElement.tagName === 'INPUT',
    )
  })

  it('tells in About what it is, and tests every part of its host from there', async () => {
    const { app, told } = await open()
    await app.evaluate(({ dialog }) => {
      const boxes: { message?: string; detail?: string }[] = []
      Object.assign(globalThis, { boxes })
      dialog.showMessageBox = (async (...given: { message?: string; detail?: string }[]) => {
        boxes.push(given.at(-1) ?? {})
        return { response: boxes.length === 1 ? 1 : 0, checkboxChecked: false }
      }) as typeof dialog.showMessageBox
    })
    await app.evaluate(({ Menu }) => {
      const help = Menu.getApplicationMenu()?.items.at(-1)?.submenu?.items ?? []
      help.find(({ label }) => label === 'About Gatehouse')?.click()
    })
    const boxes = () => app.evaluate(() => (globalThis as unknown as { boxes: { message: string; detail: string }[] }).boxes)
    await expect.poll(async () => (await boxes()).length).toBe(2)
    const [about, result] = await boxes()
    expect(about?.message).toMatch(/^Gatehouse \d/)
    expect(about?.detail).toMatch(/Electron \d+\.\d+/)
    expect(result).toMatchObject({ message: '1 of 2 parts does not work.' })
    expect(result?.detail).toContain('✗ the keychain helper answers: no result after 10 s')
    expect(await told()).toEqual([])
  })

  it('starts at login when its menu says so, and only then', async () => {
    const { app, config } = await open()
    const entry = join(config, 'autostart', 'gatehouse.desktop')
    const toggle = () =>
      app.evaluate(({ Menu }) => {
        const item = Menu.getApplicationMenu()?.items[0]?.submenu?.items.find(({ label }) => label === 'Start at login')
        item?.click()
        return item?.checked
      })
    expect(existsSync(entry)).toBe(false)
    expect(await toggle()).toBe(true)
    expect(readFileSync(entry, 'utf8')).toContain('Exec="/opt/gatehouse/gatehouse"')
    expect(await toggle()).toBe(false)
    expect(existsSync(entry)).toBe(false)
  })

  it('comes back to a display that is there', async () => {
    const { app } = await open([], (home) => {
      mkdirSync(join(home.root, 'shell', 'attached'), { recursive: true })
      const bounds = { x: 9000, y: 9000, width: 5000, height: 4000 }
      writeFileSync(join(home.root, 'shell', 'attached', 'window.json'), JSON.stringify({ bounds, maximized: false }))
    })
    const { bounds, area } = await app.evaluate(({ BrowserWindow, screen }) => ({
      bounds: BrowserWindow.getAllWindows()[0]?.getBounds() ?? { x: -1, y: -1, width: 0, height: 0 },
      area: screen.getPrimaryDisplay().workArea,
    }))
    expect(bounds.x).toBeGreaterThanOrEqual(area.x)
    expect(bounds.y).toBeGreaterThanOrEqual(area.y)
    expect(bounds.x + bounds.width).toBeLessThanOrEqual(area.x + area.width)
    expect(bounds.y + bounds.height).toBeLessThanOrEqual(area.y + area.height)
  })

  it('is light or dark as the settings say, and as the system when they say so', async () => {
    const { app, page, backend } = await open()
    // Playwright tells every page that it is light unless told not to.
    await page.emulateMedia({ colorScheme: null })
    const dark = () => page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches)
    const source = () => app.evaluate(({ nativeTheme }) => nativeTheme.themeSource)
    for (const appearance of ['dark', 'light', 'system'] as const) {
      backend.emit('settings.changed', { settings: { ...fakeSettings, appearance } })
      await expect.poll(source).toBe(appearance)
      if (appearance !== 'system') await expect.poll(dark).toBe(appearance === 'dark')
    }
    const system = await app.evaluate(({ nativeTheme }) => nativeTheme.shouldUseDarkColors)
    expect(await dark()).toBe(system)
  })

  it('opens where it was closed', async () => {
    const { app, home } = await open()
    await app.evaluate(({ BrowserWindow }) => {
      const window = BrowserWindow.getAllWindows()[0]
      window?.setBounds({ x: 60, y: 40, width: 1100, height: 700 })
      window?.close()
    })
    const file = join(home.root, 'shell', 'attached', 'window.json')
    await expect.poll(() => existsSync(file)).toBe(true)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ bounds: { width: 1100, height: 700 }, maximized: false })
  })

  it('asks its host at once after a sleep', async () => {
    const { app, backend } = await open()
    const asked = new Promise<void>((resolve) => {
      backend.handlers['stack.retry'] = () => {
        resolve()
        return {}
      }
    })
    await app.evaluate(({ powerMonitor }) => powerMonitor.emit('resume'))
    await asked
  })

  it('quits without a question when its host runs elsewhere, and leaves that running', async () => {
    const { app, host } = await open()
    const closed = new Promise((resolve) => app.process().once('exit', resolve))
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close())
    expect(await closed).toBe(0)
    expect((await fetch(host.server.origin, { redirect: 'manual' })).status).toBeLessThan(500)
  })
})

describe('a second start on a data folder that has a host', () => {
  async function setUp(focusWindow?: (workflowId?: string) => void) {
    const display = await startDisplay()
    cleanUps.push(display.stop)
    const home = newHome()
    cleanUps.push(home.remove)
    const { host, backend } = await startFakeHost(appFolder, home, [0], focusWindow)
    cleanUps.push(() => host.close())
    const file = join(home.root, 'good model.csv')
    writeFileSync(file, 'a,b\n1,2\n')
    return { home, backend, file, env: { ...display.env, GATEHOUSE_HOME: home.root } }
  }

  it('becomes the window of a host that has none, and hands its files over', async () => {
    const { backend, file, env } = await setUp()
    const app = await launchElectron(appFolder, [file], env)
    cleanUps.push(() => app.close())
    const page = await app.firstWindow()
    await page.getByText('good_model.csv').first().waitFor()
    expect(backend.submitted).toEqual([[file]])
  })

  it('brings the first one’s window to the front, hands its files over and ends', async () => {
    let focused = 0
    const { backend, file, env } = await setUp(() => focused++)
    const child = spawn(findElectron(), ['--no-sandbox', '--disable-gpu', appFolder, file], { env, stdio: 'ignore' })
    const code = await new Promise((resolve) => child.once('exit', resolve))
    expect(code).toBe(0)
    expect(focused).toBe(1)
    expect(backend.submitted).toEqual([[file]])
  })

  it('hands a link over, and is not moved by one that names nothing', async () => {
    const opened: (string | undefined)[] = []
    const { env } = await setUp((workflowId) => opened.push(workflowId))
    for (const link of ['gatehouse://run/mlops-1-good_model', 'gatehouse://run/a/b']) {
      const child = spawn(findElectron(), ['--no-sandbox', '--disable-gpu', appFolder, link], { env, stdio: 'ignore' })
      expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
    }
    expect(opened).toEqual(['mlops-1-good_model', undefined])
  })

  it('tests itself: a part that does not load here is a row, not a crash', async () => {
    const { env } = await setUp()
    const child = spawn(findElectron(), ['--no-sandbox', '--disable-gpu', appFolder, '--self-test', '--json'], { env })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    const result = JSON.parse(said) as { ok: boolean; electron: string; rows: { name: string; ok: boolean; detail: string }[] }
    expect(result.electron).toMatch(/^\d+\./)
    expect(result.rows).toHaveLength(11)
    // No native module is needed for these two, so they work in any Electron.
    const works = (name: string) => result.rows.find((row) => row.name === name)?.ok
    expect([works('Postgres binaries run'), works('values survive encryption')]).toEqual([true, true])
    expect(result.ok).toBe(result.rows.every(({ ok }) => ok))
    expect(code).toBe(result.ok ? 0 : 1)
    for (const { detail } of result.rows) expect(detail).not.toBe('')
  })

  it('says how --attach is used when its link is none', async () => {
    const { env } = await setUp()
    const child = spawn(findElectron(), ['--no-sandbox', '--disable-gpu', appFolder, '--attach', 'http://evil.example/'], { env })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(2)
    expect(said).toContain('--attach needs the link')
  })
})

describe('notices', () => {
  it('are told by the page to whoever looks at it, else by the desktop: many as one, and a click opens the run', async () => {
    const display = await startDisplay()
    cleanUps.push(display.stop)
    const desktop = await startDesktop(display.env)
    cleanUps.push(desktop.stop)
    const home = newHome()
    cleanUps.push(home.remove)
    const { host, backend } = await startFakeHost(appFolder, home)
    cleanUps.push(() => host.close())
    const app = await launchElectron(appFolder, ['--attach', host.server.issueLink()], {
      ...desktop.env,
      GATEHOUSE_HOME: home.root,
    })
    cleanUps.push(() => app.close())
    const page = await app.firstWindow()
    await page.getByText('good_model.csv').first().waitFor()
    const notice = (n: number) => ({
      kind: 'approvalPending' as const,
      title: `file ${n} waits for a decision`,
      body: 'MAE 1.51, every check passed.',
      subject: `file ${n}`,
      workflowId: 'mlops-1-good_model',
    })
    const isFocused = () => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isFocused())
    const toasts = page.getByRole('region', { name: 'Notices' }).locator('.toast')

    // Who looks at the window is told there.
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.focus())
    await expect.poll(isFocused).toBe(true)
    for (let n = 1; n <= 2; n++) backend.emit('notice', { ...notice(n), workflowId: `mlops-${n}-other` })
    await expect.poll(() => toasts.allInnerTexts()).toEqual([expect.stringContaining('2 runs wait for approval')])
    const decided = { ...fakeRun('mlops-1-other'), stage: 'Completed' as const }
    backend.emit('runs.changed', { runs: [decided] })
    await expect.poll(() => toasts.allInnerTexts()).toEqual([expect.stringContaining('1 run waits for approval')])
    backend.emit('runs.changed', { runs: [{ ...decided, workflowId: 'mlops-2-other' }] })
    await expect.poll(() => toasts.count()).toBe(0)

    // Who works elsewhere is told by the desktop, and of nothing that the page has told already.
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.blur())
    await expect.poll(isFocused).toBe(false)
    for (let n = 1; n <= 5; n++) backend.emit('notice', notice(n))
    expect(await desktop.shown(1)).toMatchObject([{ summary: '5 runs wait for approval' }])
    expect(await toasts.count()).toBe(0)
    // Of another kind, so that it stands by itself.
    backend.emit('notice', { ...notice(6), kind: 'runFailed' })
    await desktop.clickWhenShown()
    await page.waitForFunction(() => location.href.endsWith('#/runs/mlops-1-good_model'))
  })
})

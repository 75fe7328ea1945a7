import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { homeAt } from '../backend/home.ts'
import { readAppFile } from './appFiles.ts'
import { attachCredentials } from './attachCredentials.ts'
import { menuTemplate } from './menu.ts'
import { isAllowedPermission, isWebAddress, originOf } from './policy.ts'
import { argumentsOfRestart, parseShellArguments } from './shellArguments.ts'
import { firstWindow, fitToDisplays, readWindowState, writeWindowState } from './windowState.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanUps.splice(0).reverse()) await clean()
})
function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-shell-'))
  cleanUps.push(() => rmSync(folder, { recursive: true }))
  return folder
}

describe('files of app://', () => {
  function pages() {
    const folder = newFolder()
    const pages = join(folder, 'renderer')
    mkdirSync(join(pages, 'assets'), { recursive: true })
    writeFileSync(join(pages, 'index.html'), 'page')
    writeFileSync(join(pages, 'assets', 'app.js'), 'script')
    writeFileSync(join(pages, 'notes.txt'), 'no type of the console')
    writeFileSync(join(folder, 'control.json'), 'SECRET')
    symlinkSync('../control.json', join(pages, 'linked.json'))
    return pages
  }

  it.each([
    ['app://gatehouse/', 'text/html; charset=utf-8', 'page'],
    ['app://gatehouse/index.html#/runs/x', 'text/html; charset=utf-8', 'page'],
    ['app://gatehouse/assets/app.js?v=1', 'text/javascript; charset=utf-8', 'script'],
  ])('gives %s', async (address, contentType, text) => {
    const file = await readAppFile(pages(), address)
    expect({ ...file, body: file.body.toString() }).toEqual({ status: 200, contentType, body: text })
  })

  it.each([
    'app://gatehouse/../control.json',
    'app://gatehouse/..%2fcontrol.json',
    'app://gatehouse/%2e%2e/control.json',
    'app://gatehouse/assets/..%2f..%2fcontrol.json',
    'app://gatehouse/..%5ccontrol.json',
    'app://gatehouse/%00/index.html',
    'app://gatehouse/index.html%00',
    'app://gatehouse/%',
    'app://gatehouse/linked.json',
    'app://gatehouse/notes.txt',
    'app://gatehouse/assets',
    'app://gatehouse/missing.js',
    'app://other/index.html',
    'file:///etc/passwd',
    'https://gatehouse/index.html',
    'nonsense',
  ])('does not give %s', async (address) => {
    const file = await readAppFile(pages(), address)
    expect(file.status).toBe(404)
    expect(file.body.toString()).not.toContain('SECRET')
  })
})

describe('the command line of the window', () => {
  const appPath = '/opt/gatehouse'
  const parse = (...args: string[]) => parseShellArguments(args, appPath, '/work')

  it.each([
    ['nothing', [], null, []],
    ['the app’s folder and Chromium’s switches', ['--no-sandbox', '--disable-gpu', appPath], null, []],
    ['a link of ours', [appPath, 'a.csv', 'gatehouse://run/x'], null, [resolve('/work/a.csv')], ['gatehouse://run/x']],
    ['what only begins like one', ['Gatehouse:%00'], null, [], ['Gatehouse:%00']],
    ['files', [appPath, 'a.csv', '/data/b c.csv'], null, [resolve('/work/a.csv'), resolve('/data/b c.csv')]],
    ['files by address', ['file:///data/b%20c.csv', 'file://evil.example/share/x.csv'], null, ['/data/b c.csv']],
    ['a link', [appPath, '--attach', 'http://127.0.0.1:4780/#token=abc'], { origin: 'http://127.0.0.1:4780', token: 'abc' }, []],
    ['a link with =', ['--attach=http://127.0.0.1:4780/#token=abc'], { origin: 'http://127.0.0.1:4780', token: 'abc' }, []],
    ['an origin alone', ['--attach', 'http://127.0.0.1:4780'], { origin: 'http://127.0.0.1:4780', token: null }, []],
  ])('reads %s', (_name, args, attach, files, links: string[] = []) => {
    expect(parse(...args)).toEqual({ attach, files, links, selfTest: false, json: false })
  })

  it('knows the self-test', () => {
    expect(parse(appPath, '--self-test', '--json')).toMatchObject({ selfTest: true, json: true, files: [] })
  })

  it.each([
    undefined,
    '',
    'nonsense',
    'https://127.0.0.1:4780/',
    'http://evil.example/#token=a',
    'http://127.0.0.1.evil.example/#token=a',
    'http://localhost:4780/',
    'http://127.0.0.1@evil.example/',
    'file:///etc/passwd',
  ])('attaches to nothing but this machine’s loopback: %s', (link) => {
    expect(() => parseShellArguments(link === undefined ? ['--attach'] : ['--attach', link], appPath, '/work')).toThrow(
      '--attach needs the link',
    )
  })
})

it('a start anew keeps the switches and the app’s folder, and hands no file or link in again', () => {
  const appPath = resolve('/opt/gatehouse')
  const args = ['--no-sandbox', '/opt/gatehouse', '/work/good.csv', 'gatehouse://run/x', '--ozone-platform=x11']
  expect(argumentsOfRestart(args, appPath, '/work')).toEqual(['--no-sandbox', '/opt/gatehouse', '--ozone-platform=x11'])
  expect(argumentsOfRestart(['.', 'good.csv'], appPath, appPath)).toEqual(['.'])
})

describe('what may leave the window', () => {
  it.each([
    ['https://example.com/a', true],
    ['http://127.0.0.1:8233/namespaces/default', true],
    ['HTTPS://EXAMPLE.COM', true],
    ['file:///etc/passwd', false],
    ['javascript:alert(1)', false],
    ['smb://server/share', false],
    ['ms-msdt:/id', false],
    ['app://gatehouse/', false],
    ['data:text/html,x', false],
    [' https://example.com', true],
    ['', false],
  ])('%s: %s', (address, allowed) => {
    expect(isWebAddress(address)).toBe(allowed)
  })

  it('grants the clipboard to the console alone, and nothing else to anyone', () => {
    expect(isAllowedPermission('clipboard-sanitized-write', originOf('app://gatehouse/index.html'))).toBe(true)
    expect(isAllowedPermission('clipboard-sanitized-write', originOf('https://gatehouse/index.html'))).toBe(false)
    expect(isAllowedPermission('clipboard-sanitized-write', originOf('app://other/'))).toBe(false)
    for (const permission of ['clipboard-read', 'media', 'notifications', 'openExternal', 'hid', 'fileSystem', 'pointerLock']) {
      expect(isAllowedPermission(permission, originOf('app://gatehouse/'))).toBe(false)
    }
  })
})

describe('the window’s size and place', () => {
  it('come back as they were kept', () => {
    const file = join(newFolder(), 'deep', 'window.json')
    expect(readWindowState(file)).toBeNull()
    const state = { bounds: { x: 10, y: 20, width: 1200, height: 800 }, maximized: true }
    writeWindowState(file, state)
    expect(readWindowState(file)).toEqual(state)
    writeFileSync(file, '{"bounds":{"x":"left"}}')
    expect(readWindowState(file)).toBeNull()
  })

  it('are as they were where they cannot be kept, and the window closes', () => {
    const notAFolder = join(newFolder(), 'file')
    writeFileSync(notAFolder, '')
    writeWindowState(join(notAFolder, 'window.json'), { bounds: { x: 0, y: 0, ...firstWindow }, maximized: false })
    expect(readWindowState(join(notAFolder, 'window.json'))).toBeNull()
  })

  const display = { x: 0, y: 0, width: 1920, height: 1080 }
  it.each([
    ['as kept', { x: 100, y: 50, width: 1200, height: 800 }, { x: 100, y: 50, width: 1200, height: 800 }],
    ['on a display that is gone', { x: 2500, y: 50, width: 1200, height: 800 }, { width: 1200, height: 800 }],
    ['above the display', { x: 100, y: -500, width: 1200, height: 800 }, { width: 1200, height: 800 }],
    ['on a larger display that is gone', { x: 5000, y: 50, width: 3000, height: 2000 }, { width: 1920, height: 1080 }],
    ['too small', { x: 0, y: 0, width: 10, height: 10 }, { x: 0, y: 0, width: 960, height: 600 }],
  ])('%s', (_name, bounds, fitted) => {
    expect(fitToDisplays(bounds, [display])).toEqual(fitted)
  })

  it('are large enough at first for list and panel', () => {
    expect(firstWindow).toEqual({ width: 1440, height: 900 })
  })
})

describe('the menu', () => {
  it.each(['darwin', 'linux', 'win32'] as const)('has the platform’s own entries and our two on %s', (platform) => {
    const done: string[] = []
    const template = menuTemplate(platform, {
      search: () => {},
      startAtLogin: null,
      checkForUpdates: null,
      about: () => 0,
      openLogs: () => done.push('logs'),
      openTemporal: () => done.push('temporal'),
    })
    expect(template[0]?.role === 'appMenu').toBe(platform === 'darwin')
    const help = template.at(-1)?.submenu
    for (const item of Array.isArray(help) ? help : []) item.click?.(undefined as never, undefined, undefined as never)
    expect(done).toEqual(['temporal', 'logs'])
    expect(JSON.stringify(template)).not.toContain('toggleDevTools')
    expect(JSON.stringify(template)).not.toMatch(/Start at login|updates/)
  })

  it('offers to start at login where there is something to start', () => {
    let on = false
    const startAtLogin = {
      isOn: () => on,
      set(next: boolean) {
        on = next
      },
    }
    const template = menuTemplate('linux', {
      search() {},
      about() {},
      checkForUpdates() {},
      openLogs() {},
      openTemporal() {},
      startAtLogin,
    })
    expect(JSON.stringify(template)).toContain('Check for updates…')
    const items = template[0]?.submenu
    const item = Array.isArray(items) ? items.find(({ label }) => label === 'Start at login') : undefined
    expect(item).toMatchObject({ type: 'checkbox', checked: false })
    item?.click?.({ checked: true } as never, undefined, undefined as never)
    expect(on).toBe(true)
  })
})

describe('credentials of an attached window', () => {
  it('are the data folder’s own when the link has no token, for the same host only', async () => {
    const home = homeAt(newFolder())
    const origin = 'http://127.0.0.1:4780'
    const credentials = attachCredentials(origin, null, home)
    expect(await credentials(false)).toBeNull()
    const control = { pid: 1, startedAt: '2026-01-01T00:00:00.000Z', token: 't1', shell: 'web', ready: true }
    writeFileSync(home.control, JSON.stringify({ ...control, url: 'http://127.0.0.1:9999' }))
    expect(await credentials(false)).toBeNull()
    writeFileSync(home.control, JSON.stringify({ ...control, url: origin }))
    expect(await credentials(false)).toEqual({ Authorization: 'Bearer t1' })
  })

  it('wait for a host that is away instead of giving its token up', async () => {
    const home = homeAt(newFolder())
    // A port that nothing listens on: bound and given back just now.
    const { createServer } = await import('node:net')
    const server = createServer()
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as { port: number }
    await new Promise((done) => server.close(done))
    await expect(attachCredentials(`http://127.0.0.1:${port}`, 'unused', home)(false)).rejects.toThrow('does not answer')
  })
})

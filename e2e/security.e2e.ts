/** Attacks on every boundary of the shells, in real Chromium and real Electron; the checklist is in docs/security.md. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { fakeRun } from '../src/main/testing/fakeBackend.ts'
import { chromiumPath, launchChromium, launchElectron, root } from './support/browsers.ts'
import { consoleOn } from './support/console.ts'
import { startDisplay } from './support/display.ts'
import { newHome, startFakeHost } from './support/fakeHost.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanUps.splice(0).reverse()) await clean()
})

async function fakeHost() {
  const home = newHome()
  cleanUps.push(home.remove)
  const fake = await startFakeHost(root, home)
  cleanUps.push(() => fake.host.close())
  return { home, ...fake }
}
type Fake = Awaited<ReturnType<typeof fakeHost>>

const shells: Record<string, (fake: Fake) => Promise<Page>> = {
  'the web shell in Chromium': async ({ host }) => {
    const browser = await launchChromium()
    cleanUps.push(() => browser.close())
    const page = await browser.newPage()
    await page.goto(host.server.issueLink())
    return page
  },
  'the Electron window': async ({ host, home }) => {
    const display = await startDisplay()
    cleanUps.push(display.stop)
    const env = { ...display.env, GATEHOUSE_HOME: home.root }
    const app = await launchElectron(root, ['--attach', host.server.issueLink()], env)
    cleanUps.push(() => app.close())
    return app.firstWindow()
  },
}

const places = ['inbox', 'runs', 'models', 'deployments', 'files', 'drills', 'settings']

/** Scripts that a page is told to run travel as text: the page's own types are not known here. */
const inPage = (page: Page, script: string) => page.evaluate(script) as Promise<unknown>

/** What somebody else may put into a file's name, a cell, a reason or an error. */
const hostile = {
  script: '<script>window.pwned = 1</script>.csv',
  image: '"><img src=x onerror="window.pwned = 1">.csv',
  formula: '=HYPERLINK("https://evil.example","open")',
  direction: 'invoice_\u202Evsc.exe',
}
const names = Object.values(hostile)

describe.each(Object.keys(shells))('%s', (name) => {
  async function open() {
    const fake = await fakeHost()
    const { backend } = fake
    const runs = names.map((text, n) => ({
      ...fakeRun(`mlops-${n}-${text}`),
      fileName: text,
      submittedBy: text,
      problem: text,
      stage: n % 2 ? ('AwaitingApproval' as const) : ('Failed' as const),
    }))
    backend.handlers['runs.list'] = () => ({ runs, total: runs.length, byStage: { AwaitingApproval: 2, Failed: 2 } })
    const { 'runs.get': get } = backend.handlers
    backend.handlers['runs.get'] = async ({ workflowId }) => {
      const run = runs.find((each) => each.workflowId === workflowId) ?? runs[0]
      const detail = await get({ workflowId: 'mlops-1-good_model' })
      return { ...detail, ...run, steps: detail.steps.map((step) => ({ ...step, failure: null })) } as typeof detail
    }
    const { 'intake.list': list } = backend.handlers
    backend.handlers['intake.list'] = async (input) => {
      const { entries } = await list(input)
      const entry = {
        id: 0,
        sizeBytes: 1,
        outcome: 'refused' as const,
        code: null,
        workflowId: null,
        at: '2026-01-02T03:04:05.000Z',
      }
      const refused = names.map((text, id) => ({ ...entry, id: id + 100, fileName: text, path: `/inbox/${text}`, message: text }))
      return { entries: [...refused, ...entries] }
    }
    const page = await (shells[name] as (fake: Fake) => Promise<Page>)(fake)
    await page.getByText(hostile.script).first().waitFor()
    return { page, ...fake }
  }

  it('shows hostile names and texts as what they are, in every view', async () => {
    const { page } = await open()
    const hash = (to: string) => inPage(page, `location.hash = ${JSON.stringify(to)}`)
    const hashes = [
      ...places.map((place) => `#/${place}`),
      ...names.map((text, n) => `#/runs/${encodeURIComponent(`mlops-${n}-${text}`)}`),
    ]
    for (const to of hashes) {
      await hash(to)
      await inPage(page, drawn)
      if (to.startsWith('#/runs/')) await page.locator('.run-panel .run-meta').waitFor()
      expect(
        await inPage(page, `[window.pwned === undefined, document.querySelectorAll('img[src="x"], #root script').length]`),
      ).toEqual([true, 0])
      // A direction character may turn around its own text and nothing beside it.
      expect(await inPage(page, notIsolated)).toEqual([])
    }
    await hash('#/runs')
    for (const text of names) await page.getByText(text, { exact: true }).first().waitFor()
  })

  it('runs no inline script, no text as code, and no style that is not its own', async () => {
    const { page } = await open()
    const violated = await inPage(
      page,
      `(async () => {
      const seen = new Set()
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => seen.add(effectiveDirective))
      const add = (name, change) => { const e = document.createElement(name); change(e); document.body.append(e); return e }
      add('script', (e) => { e.textContent = 'window.pwned = 1' })
      add('script', (e) => { e.src = 'data:text/javascript,window.pwned=1' })
      add('style', (e) => { e.textContent = 'body { display: none }' })
      add('div', (e) => { e.setAttribute('style', 'display: none') })
      add('div', (e) => { e.setAttribute('onclick', 'window.pwned = 1') }).click()
      add('iframe', (e) => { e.src = 'https://evil.example/' })
      add('object', (e) => { e.data = 'https://evil.example/' })
      add('base', (e) => { e.href = 'https://evil.example/' })
      add('form', (e) => { e.action = 'https://evil.example/' }).submit()
      await fetch('https://evil.example/').catch(() => {})
      // Not from here: what a debugger evaluates may evaluate more.
      setTimeout(() => { try { eval('window.pwned = 1') } catch {} })
      setTimeout(() => { try { new Function('window.pwned = 1')() } catch {} })
      await new Promise((resolve) => setTimeout(resolve, 500))
      return { pwned: window.pwned ?? null, seen: [...seen].sort(), hidden: getComputedStyle(document.body).display === 'none' }
    })()`,
    )
    expect(violated).toMatchObject({ pwned: null, hidden: false })
    expect((violated as { seen: string[] }).seen).toEqual(
      expect.arrayContaining([
        'base-uri',
        'connect-src',
        'form-action',
        'frame-src',
        'object-src',
        'script-src',
        'script-src-attr',
        'script-src-elem',
        'style-src-attr',
        'style-src-elem',
      ]),
    )
  })

  it('sends its policy with every answer, also where there is nothing', async () => {
    const { page } = await open()
    const answers = (await inPage(
      page,
      `(async () => {
      const files = [...document.querySelectorAll('script[src], link[href]')].map((e) => e.src || e.href)
      const all = [...files, new URL('index.html', location.href).href, new URL('nowhere.js', location.href).href]
      return Promise.all(all.map(async (address) => {
        const { status, headers } = await fetch(address)
        return [status, headers.get('content-security-policy'), headers.get('x-content-type-options'), headers.get('x-frame-options')]
      }))
    })()`,
    )) as [number, string, string, string][]
    expect(answers.length).toBeGreaterThan(3)
    expect(answers.at(-1)?.[0]).toBe(404)
    for (const [, policy, sniff, frames] of answers) {
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/)
      expect(policy).not.toContain('unsafe')
      expect([sniff, frames]).toEqual(['nosniff', 'DENY'])
    }
  })

  it('stays where it is when a link or text is dropped, and says what it takes', async () => {
    const { page, backend } = await open()
    const before = page.url()
    const session = await page.context().newCDPSession(page)
    const items = [
      { mimeType: 'text/uri-list', data: 'https://evil.example/' },
      { mimeType: 'text/html', data: '<img src=x onerror="window.pwned = 1">' },
    ]
    const data = { items, files: [], dragOperationsMask: 1 }
    const drag = (type: 'dragEnter' | 'dragOver' | 'drop') =>
      session.send('Input.dispatchDragEvent', { type, x: 400, y: 400, data })
    await drag('dragEnter')
    await drag('dragOver')
    await page.getByText('That is text or a link, not a file').first().waitFor()
    await drag('drop')
    expect(page.url()).toBe(before)
    expect(await inPage(page, 'window.pwned ?? null')).toBeNull()
    expect([backend.submitted, backend.uploads]).toEqual([[], []])
  })

  it('takes a dropped folder for the files in it, and goes nowhere', async () => {
    const { page, backend, home } = await open()
    const before = page.url()
    const folder = join(home.root, 'dropped')
    mkdirSync(join(folder, 'below'), { recursive: true })
    writeFileSync(join(folder, 'below', 'a.csv'), 'x,y\n1,2\n')
    await consoleOn(page).dropFiles([folder])
    // The window hands over the folder's path, which the host walks; a browser sends the files.
    await expect.poll(() => [...backend.submitted.flat(), ...backend.uploads.map(({ name: file }) => file)]).toHaveLength(1)
    expect(page.url()).toBe(before)
  })

  it('asks for no power, and is given none', async () => {
    const { page } = await open()
    const answers = await inPage(
      page,
      `(async () => {
      const told = (promise) => Promise.race([promise, new Promise((r) => setTimeout(r, 3000, 'nothing'))]).then(String, (e) => e.name ?? String(e.code))
      return {
        place: await told(new Promise((ok, no) => navigator.geolocation.getCurrentPosition(ok, (e) => no({ name: 'denied ' + e.code })))),
        camera: navigator.mediaDevices ? await told(navigator.mediaDevices.getUserMedia({ video: true })) : 'absent',
        screen: navigator.mediaDevices?.getDisplayMedia ? await told(navigator.mediaDevices.getDisplayMedia()) : 'absent',
        clipboard: await told(navigator.clipboard.readText()),
        usb: navigator.usb ? await told(navigator.usb.requestDevice({ filters: [] })) : 'absent',
      }
    })()`,
    )
    expect(answers).toMatchObject({ place: 'denied 1' })
    for (const answer of Object.values(answers as Record<string, string>)) {
      expect(answer).toMatch(
        /^(denied 1|absent|NotAllowedError|NotFoundError|SecurityError|InvalidStateError|NotSupportedError)$/,
      )
    }
  })
})

/** Once the view is there: it may be read from the disk first, and then asks its host. */
const drawn = `new Promise((resolve) => {
  const look = () => document.querySelector('[aria-busy="true"]') ? setTimeout(look, 20) : requestAnimationFrame(() => requestAnimationFrame(() => resolve(null)))
  setTimeout(look, 100)
})`

/** Texts with a direction character that share a line with others and are not isolated from them. */
const notIsolated = `(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const found = []
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.includes('\\u202E')) continue
    let element = node.parentElement
    let isolated = false
    while (element && !isolated) {
      const { unicodeBidi, display } = getComputedStyle(element)
      const alone = element.textContent.trim() === node.data.trim()
      isolated = /isolate|plaintext/.test(unicodeBidi) || (display !== 'inline' && alone)
      if (display !== 'inline') break
      element = element.parentElement
    }
    if (!isolated) found.push([node.parentElement.tagName, node.parentElement.className, node.data.slice(0, 60)].join(' '))
  }
  return found
})()`

describe('app:// in the Electron window', () => {
  it('gives nothing outside the console’s folder, however it is asked', async () => {
    const fake = await fakeHost()
    const page = await (shells['the Electron window'] as (fake: Fake) => Promise<Page>)(fake)
    await page.getByText('good_model.csv').first().waitFor()
    const escapes = [
      '/../package.json',
      '/..%2f..%2fpackage.json',
      '/%2e%2e/%2e%2e/package.json',
      '/..%5c..%5cpackage.json',
      '/assets/..%2f..%2f..%2fpackage.json',
      '/%252e%252e/package.json',
      '//etc/passwd',
      '/etc/passwd',
      '/index.html%00.js',
      '/%c0%ae%c0%ae/package.json',
      '/.env',
      '/assets',
    ]
    const answers = (await inPage(
      page,
      `Promise.all(${JSON.stringify(escapes)}.map(async (path) => {
      const answer = await fetch('app://gatehouse' + path).catch(() => null)
      return [path, answer?.status ?? 0, (await answer?.text() ?? '').includes('"dependencies"')]
    }))`,
    )) as [string, number, boolean][]
    for (const [path, status, leaked] of answers) expect([path, [404, 0].includes(status), leaked]).toEqual([path, true, false])
    const others = await inPage(
      page,
      `Promise.all(['app://other/index.html', 'file:///etc/passwd'].map((a) => fetch(a).then(({ status }) => status, () => 'refused')))`,
    )
    for (const answer of others as unknown[]) expect([404, 'refused']).toContain(answer)
  })
})

describe('a page of somebody else, in the browser that has a session', () => {
  /** A site of an attacker under several names of this machine, and the victim's browser. */
  async function attack() {
    const fake = await fakeHost()
    const site = createServer((_request, response) =>
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>evil</title>'),
    )
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
    cleanUps.push(() => new Promise((resolve) => site.close(resolve)))
    const browser = await chromium.launch({
      executablePath: chromiumPath(),
      // What DNS rebinding comes to: the attacker's name leads to this machine.
      args: ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP evil.example 127.0.0.1'],
    })
    cleanUps.push(() => browser.close())
    const context = await browser.newContext()
    const victim = await context.newPage()
    await victim.goto(fake.host.server.issueLink())
    await victim.getByText('good_model.csv').first().waitFor()
    const port = (site.address() as AddressInfo).port
    const page = await context.newPage()
    return { ...fake, page, victim, port, origin: fake.host.server.origin, context }
  }

  // Another port of 127.0.0.1 is the same site: there the browser sends the session's cookie along.
  it.each(['127.0.0.1', 'localhost', 'evil.example'])(
    'from %s can neither read, write, connect, embed nor script',
    async (host) => {
      const { page, port, origin, backend } = await attack()
      await page.goto(`http://${host}:${port}/`)
      const result = await inPage(
        page,
        `(async () => {
      const origin = ${JSON.stringify(origin)}
      const read = (path, options) => fetch(origin + path, { credentials: 'include', ...options }).then(() => 'read', () => 'refused')
      const blind = (path, options) => fetch(origin + path, { mode: 'no-cors', credentials: 'include', ...options }).catch(() => {})
      await blind('/session', { method: 'POST', body: '{"token":"x"}' })
      await blind('/upload?name=evil.csv', { method: 'POST', body: 'a,b' })
      const put = await read('/upload?name=evil.csv', { method: 'PUT', body: 'a,b' })
      const socket = await new Promise((resolve) => {
        const ws = new WebSocket(origin.replace('http', 'ws') + '/ws')
        ws.onopen = () => resolve('open')
        ws.onerror = () => resolve('refused')
      })
      const load = (name, attribute, address) => new Promise((resolve) => {
        const e = document.createElement(name)
        e.onload = () => resolve('loaded')
        e.onerror = () => resolve('refused')
        e[attribute] = address
        document.body.append(e)
      })
      const script = await load('script', 'src', origin + '/assets/app.js')
      const image = await load('img', 'src', origin + '/icon.svg')
      const frame = document.createElement('iframe')
      const framed = new Promise((resolve) => { frame.onload = resolve })
      frame.src = origin + '/'
      document.body.append(frame)
      await framed
      let inside = 'closed'
      try { inside = frame.contentDocument?.body?.innerText ?? 'closed' } catch {}
      return { page: await read('/'), put, socket, script, image, inside }
    })()`,
      )
      expect(result).toEqual({
        page: 'refused',
        put: 'refused',
        socket: 'refused',
        script: 'refused',
        image: 'refused',
        inside: 'closed',
      })
      // The frame holds the browser's own error page, not the console.
      const frames = page.frames().slice(1)
      for (const frame of frames) expect(await frame.locator('#root').count()).toBe(0)
      expect(backend.uploads).toEqual([])
    },
  )

  it('gets nothing under a name that was rebound to this machine', async () => {
    const { page, origin } = await attack()
    const answer = await page.goto(origin.replace('127.0.0.1', 'evil.example'))
    expect(answer?.status()).toBe(403)
    expect(await inPage(page, `fetch('/session').then(({ status }) => status)`)).toBe(403)
  })

  it('cannot take the session: no script sees it, no other port’s page gets it, and the link is used up', async () => {
    const { victim, context, origin } = await attack()
    expect(await inPage(victim, 'document.cookie')).toBe('')
    expect(
      await inPage(
        victim,
        'JSON.stringify([localStorage, sessionStorage]).length < 200 && !JSON.stringify([localStorage, sessionStorage, location.href]).includes("token")',
      ),
    ).toBe(true)
    const [cookie] = await context.cookies(origin)
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/', expires: -1 })
    expect(cookie?.name).toBe(`gatehouse_session_${new URL(origin).port}`)
  })
})

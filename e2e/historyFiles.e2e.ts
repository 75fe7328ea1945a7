/** A history leaves the console as a file and comes in again, in real Chromium over a real host; and from the command line. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { launchChromium } from './support/browsers.ts'
import { type Host, newHome, removeHome, startHost } from './support/host.ts'
import { takePictures } from './support/pictures.ts'

/** Of the page; this side has none. */
declare const DataTransfer: new () => { items: { add(file: File): void } }

const root = resolve(import.meta.dirname, '..')
const csv = `a,b\n${Array.from({ length: 60 }, (_, i) => `${i},${i * 2}`).join('\n')}\n`

let host: Host
let browser: Browser
let page: Page
let workflowId: string

beforeAll(async () => {
  host = await startHost(await newHome({ demoTrainer: { minSeconds: 0, maxSeconds: 0 }, settleSeconds: 0.2, operator: 'ada' }))
  const path = join(host.home.root, 'good_history.csv')
  await writeFile(path, csv)
  const { entries } = await host.connection.call('intake.submit', { paths: [path], origin: 'window' })
  workflowId = entries[0]?.workflowId ?? ''
  const stage = async () => (await host.connection.call('runs.get', { workflowId })).stage
  await vi.waitUntil(async () => (await stage()) === 'AwaitingApproval', { timeout: 60_000, interval: 200 })
  browser = await launchChromium()
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, acceptDownloads: true })
  await page.goto(host.url)
  await page.getByText('good_history.csv').first().click()
  await page.getByRole('tab', { name: 'History' }).click()
})
afterAll(async () => {
  await browser?.close()
  await host?.stop()
  if (host) await removeHome(host.home)
})

const picture = (name: string) => takePictures(page, name)

async function exported(kind: RegExp): Promise<string> {
  await page.getByRole('button', { name: 'Export…' }).press('Enter')
  await page.getByRole('radio', { name: kind }).press('Space')
  await picture(`export-${kind.source}`)
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('dialog').getByRole('button', { name: 'Export', exact: true }).press('Enter'),
  ])
  await page.getByRole('dialog').getByText('events were handed to your downloads').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  return readFile(await saved.path(), 'utf8')
}

it('as Temporal holds it, nothing is in clear', async () => {
  const text = await exported(/As Temporal/)
  expect(JSON.parse(text).events.length).toBeGreaterThan(20)
  expect(text).not.toContain('proprietary_config')
})

it('decoded, it says before that it is in clear, and the audit keeps that it was taken out', async () => {
  const text = await exported(/Decoded/)
  expect(text).toContain('proprietary_config')
  const { entries } = await host.connection.call('audit.list', { workflowId })
  expect(entries.filter(({ name }) => name === 'history.export').map(({ detail }) => detail)).toEqual(['decoded', 'as stored'])
})

it('the command line writes the same, for this user alone, and over nothing', async () => {
  const out = join(host.home.root, 'history.json')
  const cli = (...args: string[]) =>
    promisify(execFile)(process.execPath, [
      join(root, 'out', 'main', 'cli.cjs'),
      ...['history', workflowId, '--home', host.home.root, '--out', out, ...args],
    ])
  const { stdout } = await cli('--decoded', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ workflowId, decoded: true, unreadable: 0 })
  expect((await stat(out)).mode & 0o777).toBe(0o600)
  await expect(cli()).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') })
})

it('a text is found in every value of the run, by keyboard, and leads to its event', async () => {
  await page.getByRole('searchbox', { name: 'Filter the events read so far' }).fill('good_history')
  await page.keyboard.press('Enter')
  const found = page.getByRole('region', { name: 'Found in the values' })
  await found.getByText(/\d+ values hold it\. \d+ events looked through\./).waitFor()
  await picture('history-search')
  await found.getByRole('button', { name: /^1 ?Workflow execution started/ }).press('Enter')
  await page
    .locator('.history-event')
    .filter({ hasText: 'Workflow execution started' })
    .getByRole('button', { expanded: true })
    .waitFor()
  await found.getByRole('button', { name: 'Close the search' }).press('Enter')
})

it('a file is opened beside the runs, read-only, and closed by Escape', async () => {
  const out = join(host.home.root, 'history.json')
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: 'Open a file…' }).press('Enter'),
  ])
  await chooser.setFiles(out)
  const dialog = page.getByRole('dialog', { name: 'history.json' })
  await dialog.getByText('Workflow execution started').waitFor()
  await dialog
    .getByRole('button', { name: /Activity task completed/ })
    .first()
    .press('Enter')
  await picture('history-file')
  await page.keyboard.press('Escape')
  await expect.poll(() => dialog.count()).toBe(0)
})

it.each(['Encoded', 'Decoded', 'Human Readable'])('what the Web UI downloads as "%s" is opened', async (kind) => {
  const { temporalUrl } = await host.connection.call('runs.get', { workflowId })
  const webUi = await browser.newPage({ acceptDownloads: true })
  await webUi.goto(temporalUrl ?? '')
  await webUi.getByRole('button', { name: 'Download' }).click()
  const choice = webUi.getByRole('dialog')
  await choice.getByText(kind, { exact: true }).click()
  const [download] = await Promise.all([
    webUi.waitForEvent('download'),
    choice.getByRole('button', { name: 'Download' }).last().click(),
  ])
  const file = join(host.home.root, `${kind}.json`)
  await download.saveAs(file)
  await webUi.close()

  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: 'Open a file…' }).press('Enter'),
  ])
  await chooser.setFiles(file)
  const dialog = page.getByRole('dialog', { name: `${kind}.json` })
  await dialog
    .getByRole('button', { name: /Activity task completed/ })
    .last()
    .press('Enter')
  // Its sealed values are opened by the keys at hand, as they are of this house.
  await dialog.getByText('size_bytes').first().waitFor()
  await page.keyboard.press('Escape')
  await expect.poll(() => dialog.count()).toBe(0)
})

it('a JSON that is dropped and is no history is answered in words', async () => {
  const data = await page.evaluateHandle(() => {
    const transfer = new DataTransfer()
    transfer.items.add(new File(['{"name":"hunter2"}'], 'package.json', { type: 'application/json' }))
    return transfer
  })
  await page.dispatchEvent('body', 'drop', { dataTransfer: data })
  await page.getByRole('dialog', { name: 'package.json' }).getByText('no list of events').waitFor()
  await picture('history-file-bad')
  await page.keyboard.press('Escape')
})

it('what happens to the run meanwhile is offered on top, and moves nothing before it is asked for', async () => {
  const first = page.locator('.history-event').first()
  const before = await first.textContent()
  const by = { decisionId: randomUUID(), decision: 'approve' as const, reason: 'It is good.' }
  await host.connection.call('runs.decide', { workflowId, ...by })
  const offered = page.getByRole('button', { name: /new events · show/ })
  await offered.waitFor()
  expect(await first.textContent()).toBe(before)
  await expect.poll(async () => (await host.connection.call('runs.get', { workflowId })).stage).toBe('Completed')
  await page.waitForTimeout(1_500)
  await offered.press('Enter')
  await expect.poll(() => first.textContent()).toContain('Workflow execution completed')
})

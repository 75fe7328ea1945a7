/**
 * A payload of 1.9 MB on the screen, searched and unfolded, and two runs beside each other: a real host and worker, real
 * Temporal, real Chromium, beside the Temporal Web UI on the same server.
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../../e2e/support/browsers.ts'
import { consoleOn } from '../../e2e/support/console.ts'
import { type Host, newHome, removeHome, sampleCsv, startHost } from '../../e2e/support/host.ts'
import { taskQueue, workflowType } from '../../src/temporal/names.ts'
import { waitForStage } from '../pipeline.ts'
import type { Row } from '../table.ts'

const repeats = 5
const workflowId = 'mlops-1-large'
/** The page's own clock, and what it looks at from inside. */
declare const performance: { now(): number }
declare const document: {
  querySelector(selector: string): { click(): void; textContent: string | null } | null
  querySelectorAll(selector: string): Iterable<{ click(): void; textContent: string | null }>
  body: { textContent: string | null; innerText: string }
}
declare function requestAnimationFrame(then: () => void): void
declare const window: { longest: number }

/** 1.9 MB, 26,000 rows; what another client may start a run with. */
const large = {
  file_path: '/nowhere/large.csv',
  trigger_type: 'bench',
  rows: Array.from({ length: 26_000 }, (_, i) => ({
    id: i * 7919,
    name: `row number ${i}`,
    value: i / 7,
    kind: i % 3 ? 'M' : null,
  })),
}

/** Notes the longest time for which nothing else could run. */
const notesLongTasks = `
  window.longest = 0
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration)
  }).observe({ type: 'longtask' })
`

export async function run(): Promise<Row[]> {
  const home = await newHome({ demoTrainer: { minSeconds: 1, maxSeconds: 2 } })
  const host = await startHost(home)
  const browser = await launchChromium()
  try {
    const arrived = waitForStage(host, 'AwaitingApproval', ['good_one.csv', 'good_two.csv'])
    for (const [i, name] of ['good_one.csv', 'good_two.csv'].entries())
      await writeFile(join(host.home.inbox, name), sampleCsv(7_000 + i))
    const [one, two] = await arrived
    const runId = await startLarge(host)
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.addInitScript(notesLongTasks)
    await page.goto(host.url)
    await consoleOn(page).ready()
    return [
      ...(await payloadRows(page)),
      await webUiRow(browser, host, runId),
      await diffRow(page, one?.workflowId ?? '', two?.workflowId ?? ''),
    ]
  } finally {
    await browser.close()
    await host.stop()
    await removeHome(home)
  }
}

/** Starts it as another client does, in clear, so that the Web UI can read it too; gives Temporal's id of the run. */
async function startLarge(host: Host): Promise<string> {
  const { temporal } = await host.connection.call('stack.health', {})
  const connection = await Connection.connect({ address: temporal.address ?? '' })
  try {
    const handle = await new Client({ connection }).workflow.start(workflowType, { workflowId, taskQueue, args: [large] })
    await handle.result().catch(() => undefined) // its file is nowhere
    while ((await host.connection.call('runs.list', { text: workflowId })).total === 0) await wait(200)
    return handle.firstExecutionRunId
  } finally {
    await connection.close()
  }
}

const goTo = async (page: Page, hash: string) => {
  await page.goto(`${new URL(page.url()).origin}/#/inbox`)
  await page.goto(`${new URL(page.url()).origin}/${hash}`)
}

/** From the click on the button of this text until something that fits `selector` is drawn, in the page's own time. */
const shownAfter = (page: Page, click: string, words: string, selector: string) =>
  page.evaluate(
    async ([from, text, to]) => {
      const button = [...document.querySelectorAll(from as string)].find((each) => each.textContent?.includes(text as string))
      if (!button) throw new Error(`nothing to click says ${text}`)
      const began = performance.now()
      button.click()
      while (!document.querySelector(to as string)) await new Promise<void>(requestAnimationFrame)
      // Drawn when the next frame begins.
      await new Promise<void>(requestAnimationFrame)
      return performance.now() - began
    },
    [click, words, selector],
  )

async function payloadRows(page: Page): Promise<Row[]> {
  const opened: number[] = []
  const fromNothing: number[] = []
  const typed: number[] = []
  const unfolded: number[] = []
  for (let i = 0; i < repeats; i++) {
    await goTo(page, `#/runs/${workflowId}/page`)
    await page.reload()
    await page.getByRole('tab', { name: 'History' }).waitFor()
    const history = await shownAfter(page, '[role=tab]', 'History', '.history-line')
    await page.locator('.history-line', { hasText: 'Workflow execution started' }).waitFor()
    const event = await shownAfter(page, '.history-line', 'Workflow execution started', '.payload [role=treeitem]')
    opened.push(event)
    fromNothing.push(history + event)
    const payload = page
      .locator('.payload')
      .filter({ has: page.getByRole('searchbox') })
      .first()
    unfolded.push(await shownAfter(page, '.payload .json-tools button', 'Unfold all', '.payload [role=treeitem][aria-level="3"]'))
    await page.evaluate(() => {
      window.longest = 0
    })
    await payload.getByRole('searchbox').pressSequentially('row number 25999', { delay: 30 })
    await payload.getByText('1 of 1', { exact: true }).waitFor()
    typed.push(await page.evaluate(() => window.longest))
  }
  return [
    worstRow('a 1.9 MB payload readable after its event is opened', opened, 300),
    worstRow(
      'the same from the click on the History tab, so read from Temporal, decoded and brought to the page',
      fromNothing,
      null,
    ),
    worstRow('all of its 130,000 values unfolded', unfolded, 300),
    worstRow('the longest that typing into its search had to wait', typed, 100),
  ]
}

/** The same value in the Web UI, from its page of the run being asked for until the value is there. */
async function webUiRow(browser: Browser, host: Host, runId: string): Promise<Row> {
  const what = 'the same payload in the Temporal Web UI, from its page of the run'
  const { temporalUiUrl } = await host.connection.call('stack.health', {})
  if (!temporalUiUrl) return { what, measured: 'no Web UI on this server', toReach: '', reached: null }
  const took: number[] = []
  for (let i = 0; i < repeats; i++) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    const began = Date.now()
    await page.goto(`${temporalUiUrl}/namespaces/default/workflows/${workflowId}/${runId}/timeline`)
    await page.waitForFunction(() => document.body.innerText.includes('file_path'), undefined, { timeout: 60_000 })
    took.push(Date.now() - began)
    await page.close()
  }
  return worstRow(what, took, null)
}

async function diffRow(page: Page, run: string, other: string): Promise<Row> {
  const took: number[] = []
  for (let i = 0; i < repeats; i++) {
    await goTo(page, `#/runs/${encodeURIComponent(run)}/page`)
    await page.reload()
    await page.getByRole('button', { name: 'Compare with…' }).click()
    await page.getByRole('searchbox', { name: 'Search runs' }).fill(other)
    await page.locator('.diff-pick', { hasText: 'good_' }).last().waitFor()
    took.push(await shownAfter(page, '.diff-pick', 'good_', '.diff-table'))
  }
  return worstRow('the difference of two runs on screen', took, 2_000)
}

function worstRow(what: string, took: number[], withinMs: number | null): Row {
  const sorted = [...took].sort((a, b) => a - b)
  const worst = sorted.at(-1) ?? Number.NaN
  return {
    what,
    measured: `median ${Math.round(sorted[Math.floor(sorted.length / 2)] ?? Number.NaN)} ms, worst ${Math.round(worst)} ms (${sorted.length})`,
    toReach: withinMs === null ? '' : `${withinMs} ms`,
    reached: withinMs === null ? null : worst <= withinMs,
  }
}

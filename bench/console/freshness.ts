/** How long after it happened a thing is on the screen: a real host and worker, real Temporal, real Chromium. */

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { launchChromium, root } from '../../e2e/support/browsers.ts'
import { consoleOn } from '../../e2e/support/console.ts'
import { newHome, removeHome, sampleCsv, startHost } from '../../e2e/support/host.ts'
import type { RunSummary } from '../../src/contract/model.ts'
import { waitForStage } from '../pipeline.ts'
import type { Row } from '../table.ts'

const attempts = 25
const files = 20
/** Beside a busy console, not an empty one. */
const everyMs = 700

/** What the page has seen, by what it says: the first time each was there. */
interface Seen {
  attempts: Record<string, number>
  rows: Record<string, number>
  notifications: Record<string, number>
}
/** The few things of a page that this looks at from inside. */
declare const window: { seen: Seen }

/** Runs in the page before the console does: notes the first moment at which each attempt, row and notification is there. */
const notes = `
  window.seen = { attempts: {}, rows: {}, notifications: {} }
  const first = (map, key) => { map[key] ??= Date.now() }
  document.hasFocus = () => false
  window.Notification = class {
    static permission = 'granted'
    static requestPermission = async () => 'granted'
    constructor(title, options) { first(window.seen.notifications, title + ' ' + (options?.body ?? '')) }
    close() {}
    addEventListener() {}
  }
  const look = () => {
    const file = document.querySelector('.run-top h2')?.textContent
    for (const line of document.querySelectorAll('.attempt-line')) {
      const told = /Attempts? (\\d+)(?:–(\\d+))?.*?(running|failed|completed)/.exec(line.textContent)
      if (!told) continue
      for (let n = Number(told[1]); n <= Number(told[2] ?? told[1]); n++) first(window.seen.attempts, file + ' ' + n + ' ' + told[3])
    }
    for (const row of document.querySelectorAll('.run-row')) {
      const file = row.querySelector('.run-file')?.textContent
      const words = row.querySelector('.run-words')?.textContent ?? ''
      if (words.startsWith('Training')) first(window.seen.rows, file + ' Training')
      if (words.startsWith('Waits for approval')) first(window.seen.rows, file + ' AwaitingApproval')
    }
  }
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true })
`

export async function run(): Promise<Row[]> {
  const home = await newHome({ demoTrainer: { minSeconds: 1, maxSeconds: 2 } })
  const host = await startHost(home)
  const browser = await launchChromium()
  try {
    const settings = await host.connection.call('settings.get', {})
    const retries = {
      ...settings.retries,
      train_model: { maximumAttempts: attempts + 1, initialIntervalSeconds: 1, backoffCoefficient: 1, maximumIntervalSeconds: 1 },
    }
    await host.connection.call('settings.set', { settings: { ...settings, retries } })
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.addInitScript(notes)
    await page.goto(host.url)
    await consoleOn(page).ready()
    return [
      ...(await attemptRows(page, host, 'good_retried.csv', '')),
      ...(await listRows(page, host)),
      ...(await withBareWorker(host, () => attemptRows(page, host, 'good_elsewhere.csv', ', made by a bare worker'))),
    ]
  } finally {
    await browser.close()
    await host.stop()
    await removeHome(home)
  }
}

type Host = Awaited<ReturnType<typeof startHost>>
const seenBy = (page: Page) => page.evaluate(() => window.seen)

/** A run whose training fails again and again, open in the panel with its step. */
async function attemptRows(page: Page, host: Host, name: string, by: string): Promise<Row[]> {
  await host.connection.call('drills.set', {
    requestId: randomUUID(),
    name: 'training-fails',
    to: { scope: { kind: 'next' }, count: attempts },
  })
  const arrived = waitForStage(host, 'AwaitingApproval', [name])
  await writeFile(join(host.home.inbox, name), sampleCsv(1000 + name.length))
  await consoleOn(page).openRun(name)
  const step = page.locator('[data-step=train_model] .step-line')
  if ((await step.getAttribute('aria-expanded')) === 'false') await step.click()
  const [run] = await arrived
  await wait(3_000)
  const { steps } = await host.connection.call('runs.get', { workflowId: (run as RunSummary).workflowId })
  const seen = (await seenBy(page)).attempts
  const began: number[] = []
  const ended: number[] = []
  for (const attempt of steps.find(({ step }) => step === 'train_model')?.attempts ?? []) {
    const [start, end] = [seen[`${name} ${attempt.attempt} running`], seen[`${name} ${attempt.attempt} ${attempt.outcome}`]]
    // A short attempt may have failed before it could be drawn as running: then its failure is what counts.
    const shown = start ?? end
    if (shown !== undefined) began.push(shown - Date.parse(attempt.startedAt))
    if (end !== undefined && attempt.endedAt) ended.push(end - Date.parse(attempt.endedAt))
  }
  return [
    delayRow(`an attempt on screen after it began${by}`, began, attempts, 2_000),
    delayRow(`a failure, or the end, on screen after it happened${by}`, ended, attempts, 2_000),
  ]
}

/** The host's own worker stands still, and `gatehouse worker` in a process of its own does all the work. */
async function withBareWorker<T>(host: Host, work: () => Promise<T>): Promise<T> {
  await host.connection.call('workers.switch', {
    on: false,
    reason: 'A bare worker is measured.',
    requestId: crypto.randomUUID(),
  })
  const worker = spawn(process.execPath, [join(root, 'out', 'main', 'cli.cjs'), 'worker', '--json'], {
    env: { ...process.env, GATEHOUSE_HOME: host.home.root },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    await once(worker.stdout, 'data') // its one line says that it is ready
    return await work()
  } finally {
    worker.kill('SIGTERM')
    await once(worker, 'exit')
  }
}

/** Files that come one after the other, as the list shows their stages and the desktop hears of their approvals. */
async function listRows(page: Page, host: Host): Promise<Row[]> {
  const names = Array.from({ length: files }, (_, i) => `good_${String(i).padStart(2, '0')}.csv`)
  const since = new Map<string, number>()
  const stop = host.connection.subscribe('runs.changed', ({ runs }) => {
    for (const { fileName, stage, stageSince } of runs) {
      if (stage === 'Training' || stage === 'AwaitingApproval') since.set(`${fileName} ${stage}`, Date.parse(stageSince))
    }
  })
  const arrived = waitForStage(host, 'AwaitingApproval', names)
  for (const [i, name] of names.entries()) {
    await writeFile(join(host.home.inbox, name), sampleCsv(i))
    await wait(everyMs)
  }
  await arrived
  await wait(6_000)
  stop()
  const seen = await seenBy(page)
  const list: number[] = []
  for (const [key, at] of since) {
    const shown = seen.rows[key]
    if (names.some((name) => key.startsWith(name)) && shown !== undefined) list.push(shown - at)
  }
  // A notice that tells of several names none of them; it is there for each that came before it and after the one before.
  const told = Object.values(seen.notifications).sort((a, b) => a - b)
  const notified = names.flatMap((name) => {
    const at = since.get(`${name} AwaitingApproval`)
    const shown = at === undefined ? undefined : told.find((moment) => moment >= at)
    return at === undefined || shown === undefined ? [] : [shown - at]
  })
  return [
    delayRow('a stage in the list after it was reached', list, files, 3_000),
    delayRow('a notification after an approval was pending', notified, files, 5_000),
  ]
}

/** @param least samples; with fewer the figure would say nothing, so it counts as missed */
function delayRow(what: string, delays: number[], least: number, withinMs: number): Row {
  const sorted = [...delays].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
  return {
    what,
    measured: `p50 ${Math.round(at(0.5))} ms, p95 ${Math.round(at(0.95))} ms, worst ${Math.round(at(1))} ms (${sorted.length})`,
    toReach: `p95 ${withinMs / 1000} s`,
    reached: sorted.length >= least && at(0.95) <= withinMs,
  }
}

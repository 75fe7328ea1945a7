/**
 * Another program, in a process of its own, holds the ledger of a real host for half a minute: the host answers all the
 * while, refuses in words what it cannot keep, and goes on by itself; nothing is lost, nothing happens twice.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Home } from '../src/main/backend/home.ts'
import { launchChromium } from './support/browsers.ts'
import { type Host, newHome, removeHome, sampleCsv, startHost } from './support/host.ts'

const holdsForMs = 30_000
const holder = `
  const Database = require(${JSON.stringify(createRequire(import.meta.url).resolve('better-sqlite3'))})
  const db = new Database(process.argv[1])
  db.exec('BEGIN IMMEDIATE')
  console.log('held')
  setTimeout(() => {
    db.exec('ROLLBACK')
    db.close()
  }, ${holdsForMs})`

let home: Home
let host: Host
let browser: Browser
let page: Page
let other: ChildProcess | undefined

beforeAll(async () => {
  home = await newHome({ operator: 'ada', demoTrainer: { minSeconds: 3, maxSeconds: 3 }, settleSeconds: 0.2 })
  host = await startHost(home)
  browser = await launchChromium()
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  await page.goto(host.url)
})
afterAll(async () => {
  other?.kill('SIGKILL')
  await browser?.close()
  await host?.stop()
  await removeHome(home)
})

const call: Host['connection']['call'] = (...args) => host.connection.call(...args)
const runs = async () => (await call('runs.list', { limit: 100 })).runs
const run = async (name: string) => (await runs()).find(({ fileName }) => fileName === name)
const drop = (name: string, seed: number) => writeFileSync(join(home.inbox, name), sampleCsv(seed))
const reach = async (stage: string, name: string) => {
  for (;;) {
    const current = (await run(name))?.stage
    if (current === stage) return
    expect(current).not.toBe('Failed')
    await sleep(100)
  }
}
/** Settles once it holds the ledger; `over` when it has let go. */
async function holdLedger(): Promise<{ isOver(): boolean; over: Promise<unknown> }> {
  const child = spawn(process.execPath, ['-e', holder, home.ledger], { stdio: ['ignore', 'pipe', 'inherit'] })
  other = child
  let ended = false
  const over = once(child, 'exit').then(() => {
    ended = true
  })
  await once(createInterface({ input: child.stdout }), 'line')
  return { isOver: () => ended, over }
}
const audited = async (name: string) =>
  (await call('audit.list', { limit: 200 })).entries
    .filter((entry) => entry.name === name)
    .map(({ event, problem }) => ({ event, problem }))

it('answers all the while, refuses in words, and goes on when it is let go', async () => {
  drop('good_decided.csv', 1)
  await reach('AwaitingApproval', 'good_decided.csv')
  const workflowId = (await run('good_decided.csv'))?.workflowId as string
  drop('good_underway.csv', 2)
  await reach('Training', 'good_underway.csv')

  const { isOver, over } = await holdLedger()
  // A record of the audit waits from here on: each tick of the host looks at it again.
  await call('settings.set', { settings: { ...(await call('settings.get', {})), settleSeconds: 0.3 } })
  drop('good_dropped.csv', 3)
  const decisionId = randomUUID()
  const decide = () => call('runs.decide', { workflowId, decision: 'approve', reason: 'Better on every check.', decisionId })
  await expect(decide()).rejects.toMatchObject({ error: { kind: 'unavailable', part: 'ledger' } })
  await expect(decide()).rejects.toThrow('Another program holds the database of the data folder')
  // What Temporal does does not wait for the ledger, and is shown.
  await reach('AwaitingApproval', 'good_underway.csv')
  const shown = page.getByRole('option').filter({ hasText: 'good_underway.csv' })
  await shown.filter({ hasText: /approval/i }).waitFor()
  const underWay = (await run('good_underway.csv'))?.workflowId as string
  expect(await call('runs.get', { workflowId: underWay })).toMatchObject({ stage: 'AwaitingApproval' })
  await expect
    .poll(async () => (await call('stack.health', {})).inbox.detail, { timeout: 20_000 })
    .toContain('Another program holds the ledger')
  expect(await audited('settings.set')).toEqual([])
  expect(isOver()).toBe(false)
  while (!isOver()) {
    await call('stack.health', {})
    expect((await fetch(new URL('/', host.url), { redirect: 'manual' })).status).toBeLessThan(500)
    await sleep(20)
  }
  await over

  expect(await decide()).toEqual({ state: 'delivered' })
  await reach('Completed', 'good_decided.csv')
  await reach('AwaitingApproval', 'good_dropped.csv')
  expect((await runs()).map(({ fileName }) => fileName).sort()).toEqual([
    'good_decided.csv',
    'good_dropped.csv',
    'good_underway.csv',
  ])
  expect(await audited('settings.set')).toEqual([{ event: 'done', problem: null }])
  // Two clicks of one decision: refused is on record once, done is once.
  expect(await audited('runs.decide')).toEqual([
    { event: 'done', problem: null },
    { event: 'refused', problem: expect.stringContaining('Another program holds the database of the data folder') },
  ])
  const log = readFileSync(join(home.root, 'logs', 'gatehouse.log'), 'utf8')
  const times = (words: string) => log.split(words).length - 1
  expect(times('another program holds the ledger; what is due waits for it')).toBe(1)
  expect(times('the ledger can be written again')).toBe(1)
  // One that had begun to write as the other took the ledger may have met it; nothing tries again and again.
  expect(times('it is tried again')).toBeLessThanOrEqual(1)
})

it('what was seen meanwhile is there after a restart', async () => {
  await host.stop()
  host = await startHost(home)
  const { workflowId } = (await run('good_underway.csv')) ?? {}
  const { steps } = await call('runs.get', { workflowId: workflowId as string })
  expect(steps.find(({ step }) => step === 'train_model')?.attempts).toMatchObject([{ attempt: 1, outcome: 'completed' }])
})

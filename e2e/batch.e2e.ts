/** Many runs at once, by keyboard alone: selected, approved with one that the policy keeps from it, cancelled, and on record. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Settings, Stage } from '../src/contract/model.ts'
import { type ApprovalPolicy, defaultPipelines, type Pipeline } from '../src/contract/pipelines.ts'
import { launchChromium } from './support/browsers.ts'
import { type Host, newHome, removeHome, sampleCsv, startHost } from './support/host.ts'

let host: Host
let browser: Browser
let page: Page
let seed = 0
const atEnd: (() => unknown)[] = []

beforeAll(async () => {
  const home = await newHome({ demoTrainer: { minSeconds: 0, maxSeconds: 0 }, operator: 'ada', settleSeconds: 0.2 })
  atEnd.push(() => removeHome(home))
  host = await startHost(home)
  atEnd.push(() => host.stop())
  browser = await launchChromium()
  atEnd.push(() => browser.close())
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  await page.goto((await host.connection.call('host.focus', {})).url as string)
})
afterAll(async () => {
  for (const end of atEnd.reverse()) await end()
})

const change = async (with_: (settings: Settings) => Partial<Settings>) => {
  const settings = await host.connection.call('settings.get', {})
  await host.connection.call('settings.set', { settings: { ...settings, ...with_(settings) } })
}
const policy = (approval: Partial<ApprovalPolicy>) => {
  const [demonstration, standard] = defaultPipelines as [Pipeline, Pipeline]
  return change(() => ({
    pipelines: [{ ...demonstration, approval: { ...demonstration.approval, ...approval } }, standard],
  }))
}
const stageOf = async (workflowId: string) => (await host.connection.call('runs.get', { workflowId })).stage

/** Hands a file in and waits until its run is there. */
async function runOf(kind: string, stage: Stage): Promise<string> {
  const path = join(host.home.root, `${kind}_${++seed}.csv`)
  await writeFile(path, sampleCsv(seed))
  const { entries } = await host.connection.call('intake.submit', { paths: [path], origin: 'cli' })
  const workflowId = entries[0]?.workflowId as string
  await expect.poll(() => stageOf(workflowId), { timeout: 60_000 }).toBe(stage)
  return workflowId
}
const press = async (...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key)
}
const dialog = () => page.locator('[role=dialog], [role=alertdialog]')
const onRecord = async (workflowId: string) =>
  (await host.connection.call('audit.list', { workflowId })).entries
    .filter(({ topic }) => topic === 'call')
    .map(({ name, event, operator, reason }) => [name, event, operator, reason])

describe('many runs at once, by keyboard alone', () => {
  it('are selected, approved as far as the policy allows, and cancelled; each is on record once', async () => {
    const refused = await runOf('bad', 'GateFailed')
    const [first, second] = [await runOf('good', 'AwaitingApproval'), await runOf('good', 'AwaitingApproval')]
    await policy({ notSubmitter: true })
    const ours = await runOf('good', 'AwaitingApproval')
    await policy({ approvals: 2, notSubmitter: false })
    const ofTwo = await runOf('good', 'AwaitingApproval')
    await change(() => ({ demoTrainer: { minSeconds: 300, maxSeconds: 300 } }))
    const training = await runOf('good', 'Training')

    await press('g', 'r')
    const rows = page.getByRole('option')
    await expect.poll(() => rows.count()).toBe(6)
    // From the newest down to the last, one given up again, then everything.
    await press('j', 'x', 'Shift+J', 'Shift+J', 'Shift+K')
    await expect.poll(() => page.getByRole('option', { selected: true }).count()).toBe(2)
    await page.getByRole('status').filter({ hasText: '2 runs selected' }).waitFor()
    await press('Escape')
    await expect.poll(() => page.getByRole('option', { selected: true }).count()).toBe(0)
    await press('Shift+X')
    await page.getByRole('status').filter({ hasText: '6 runs selected' }).waitFor()

    // Said before: on how many it acts, which it leaves alone and why, and how the approvals count.
    await press('a')
    await dialog().getByRole('heading', { name: 'Approve 3 models for production?' }).waitFor()
    await dialog().getByText('Leaves 3 runs alone').waitFor()
    await dialog().getByText('You submitted this file, so another must approve').waitFor()
    await dialog().getByText('1 run: 0 of 2 approvals; after yours 1 more is needed.').waitFor()
    await page.keyboard.type('Looked at each.')
    // Pressed twice it is sent once, and what became of it stays to be read.
    await press('Control+Enter', 'Control+Enter')
    await dialog().getByRole('status').filter({ hasText: '3 approved.' }).waitFor()
    await press('Enter')
    await dialog().waitFor({ state: 'detached' })
    await expect.poll(() => Promise.all([first, second].map(stageOf)), { timeout: 60_000 }).toEqual(['Completed', 'Completed'])
    expect(await stageOf(ofTwo)).toBe('AwaitingApproval')

    // What was done is not selected any more; what is left is acted on as it is now.
    await page.getByRole('status').filter({ hasText: '3 runs selected' }).waitFor()
    await press('c')
    await dialog().getByRole('heading', { name: 'Cancel 2 runs?' }).waitFor()
    await dialog().getByText('Ended already (').waitFor()
    await page.keyboard.type('The export was wrong.')
    await press('Control+Enter')
    await dialog().getByRole('status').filter({ hasText: '2 asked to end.' }).waitFor()
    await press('Escape')
    await expect.poll(() => Promise.all([ours, training].map(stageOf)), { timeout: 60_000 }).toEqual(['Cancelled', 'Cancelled'])
    // What became of them is there after a reload too.
    await page.reload()
    await page.getByText('2 asked to end').first().waitFor()

    const approved = [['runs.decide', 'done', 'ada', 'Looked at each.']]
    const cancelled = [['runs.cancel', 'done', 'ada', 'The export was wrong.']]
    expect(await Promise.all([first, second, ofTwo, ours, training, refused].map(onRecord))).toEqual([
      ...[approved, approved, approved, cancelled, cancelled, []],
    ])
    await press('Escape', 'g', 'a')
    await expect.poll(() => page.getByText('The export was wrong.').count()).toBe(2)
    expect(await page.getByText('Looked at each.').count()).toBe(3)
  }, 240_000)
})

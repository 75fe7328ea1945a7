/** The guided demonstration as a newcomer does it: in the panel, by keyboard, against a real host. */
import { randomUUID } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { defaultRetries } from '../src/temporal/retries.ts'
import { launchChromium } from './support/browsers.ts'
import { type Host, newHome, removeHome, startHost } from './support/host.ts'
import { takePictures } from './support/pictures.ts'

let host: Host
let browser: Browser
let page: Page

beforeAll(async () => {
  const home = await newHome({
    demoTrainer: { minSeconds: 1, maxSeconds: 1 },
    settleSeconds: 0.5,
    operator: 'ada',
    retries: { ...defaultRetries, train_model: { ...defaultRetries.train_model, initialIntervalSeconds: 1 } },
  })
  host = await startHost(home)
  browser = await launchChromium()
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  await page.goto(host.url)
})
afterAll(async () => {
  await browser?.close()
  await host?.stop()
  if (host) await removeHome(host.home)
})

const panel = () => page.getByRole('complementary', { name: 'Demonstration' })
const phase = (number: number) => panel().getByRole('region', { name: `Phase ${number}:` })
const picture = (name: string) => takePictures(page, name)

it('opens beside the list, and ticks the parts off as they come up', async () => {
  await page.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: 'Demo' }).press('Enter')
  await picture('guide-begin')
  await panel().getByRole('button', { name: 'Begin' }).press('Enter')
  await expect.poll(() => phase(1).getByText('8/8').count(), { timeout: 60_000 }).toBe(1)
  await picture('guide-parts')
})

it('does a step at the press of its button, and follows what comes of it', async () => {
  await phase(2).getByRole('button', { name: 'Do it' }).press('Enter')
  await expect.poll(() => phase(2).getByText('9/9').count(), { timeout: 60_000 }).toBe(1)
})

it('ticks off what the operator does elsewhere', async () => {
  // The drill is switched where drills are, not here.
  await host.connection.call('drills.set', {
    requestId: randomUUID(),
    name: 'training-fails',
    to: { scope: { kind: 'files', pattern: '*failing_training*' } },
  })
  await expect.poll(() => phase(3).getByText('The drill "Training fails" is on').count()).toBe(1)
  const file = phase(3).getByRole('listitem').filter({ hasText: 'A CSV is accepted' }).first()
  await expect.poll(() => file.getByRole('button', { name: 'Do it' }).count(), { timeout: 20_000 }).toBe(1)
  await file.getByRole('button', { name: 'Do it' }).press('Enter')
  await picture('guide-failures')
  await expect.poll(() => phase(3).getByText('8/25').count(), { timeout: 30_000 }).toBe(1)
})

it('goes on after the host was killed, and knows what it has to put back', async () => {
  await phase(5).getByRole('button', { expanded: false }).click()
  await phase(5).getByRole('button', { name: 'Do it' }).press('Enter')
  await expect.poll(() => phase(5).getByText('2/11').count(), { timeout: 20_000 }).toBe(1)
  await host.kill()
  host = await startHost(host.home)
  expect((await host.connection.call('guide.get', {})).toPutBack).toEqual(['switch encryption on'])
  // The link of the new host differs behind the # only.
  await page.goto('about:blank')
  await page.goto(host.url)
  await expect.poll(() => phase(2).getByText('9/9').count(), { timeout: 20_000 }).toBe(1)
})

it('plays what is left by itself, and shows the code that ran', async () => {
  await panel().getByRole('button', { name: 'Play it all' }).press('Enter')
  const guide = () => host.connection.call('guide.get', {})
  await expect.poll(async () => (await guide()).playing).toBe('all')
  await expect.poll(async () => (await guide()).playing, { timeout: 90_000 }).toBe(null)
  const unseen = (await guide()).phases.flatMap(({ steps }) => steps.filter(({ state }) => state !== 'seen' && state !== 'ahead'))
  expect(unseen.map(({ words, detail }) => `${words}: ${detail}`)).toEqual([])
  await panel().getByText('Everything was observed').waitFor()
  await picture('guide-done')
  await phase(6).getByRole('button', { expanded: false }).click()
  await phase(6).getByRole('button', { name: 'Read it again' }).first().press('Enter')
  await expect.poll(() => page.getByRole('dialog').getByText('export async function').count()).toBe(1)
  await picture('guide-code')
  await page.keyboard.press('Escape')
})

it('cleans up: nothing is switched, nothing waits', async () => {
  await panel().getByRole('button', { name: 'Clean up…' }).press('Enter')
  await picture('guide-end')
  await page.getByRole('dialog').getByRole('button', { name: 'Clean up', exact: true }).press('Enter')
  await expect.poll(() => panel().getByText('Ended. Cleaned up').count(), { timeout: 60_000 }).toBe(1)
  const { drills } = await host.connection.call('drills.list', {})
  expect(drills.filter((drill) => drill.on !== null)).toEqual([])
  await expect.poll(async () => (await host.connection.call('runs.list', {})).byStage.AwaitingApproval ?? 0).toBe(0)
  expect((await host.connection.call('guide.get', {})).begunAt).toBe(null)
})

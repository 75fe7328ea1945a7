/**
 * An operator's round without a pointer, in the real Electron window: list, timeline, inspector, decision, retries, settings.
 * The window is attached to a host in plain Node, whose runs are the simulated ones. Every step is a key; where Tab leads is
 * looked up, as an eye would.
 */
import type { ElectronApplication, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Settings } from '../src/contract/model.ts'
import { launchElectron } from './support/browsers.ts'
import { startDisplay } from './support/display.ts'
import { newHome } from './support/fakeHost.ts'
import { appFolder, type SimulatedConsole, startSimulatedHost } from './support/simulatedConsole.ts'

declare const document: {
  activeElement: { matches(selector: string): boolean; textContent: string; getAttribute(name: string): string | null } | null
}
declare const location: { hash: string }

const atEnd: (() => unknown)[] = []
let simulated: SimulatedConsole['simulated']
let app: ElectronApplication
let page: Page
beforeAll(async () => {
  const display = await startDisplay()
  atEnd.push(display.stop)
  const home = newHome()
  atEnd.push(home.remove)
  const started = await startSimulatedHost(home)
  simulated = started.simulated
  atEnd.push(() => started.host.close())
  app = await launchElectron(appFolder, ['--attach', started.host.server.issueLink()], {
    ...display.env,
    GATEHOUSE_HOME: home.root,
  })
  atEnd.push(() => app.close())
  page = await app.firstWindow()
  await page.getByText('spring_campaign.csv').first().waitFor()
})
afterAll(async () => {
  for (const end of atEnd.reverse()) await end()
})

const press = async (...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key)
}
const type = (text: string) => page.keyboard.type(text)
const dialog = () => page.locator('[role=dialog], [role=alertdialog]')
/** Tab, until what has the focus is the wanted one. */
async function tabTo(selector: string, text = ''): Promise<void> {
  const isThere = () =>
    page.evaluate(
      ([wanted, words]) => {
        const { activeElement: at } = document
        return at?.matches(wanted) === true && `${at.textContent} ${at.getAttribute('aria-label') ?? ''}`.includes(words)
      },
      [selector, text] as const,
    )
  for (let presses = 0; presses < 150; presses++) {
    if (await isThere()) return
    await press('Tab')
  }
  throw new Error(`Tab does not lead to ${selector} ${text}`)
}
const hash = () => page.evaluate(() => location.hash)
const copied = () => app.evaluate(({ clipboard }) => clipboard.readText())
const runOf = async (fileName: string) => {
  const { runs } = await simulated.handlers['runs.list']({ limit: 500, offset: 0 })
  return runs.find((run) => run.fileName === fileName)
}

describe('by keys alone, in Electron', () => {
  it('a run is found, read down to a value of a step, and approved with a reason', async () => {
    await press('g', 'r', 'j', 'j', 'k')
    await page.getByRole('option').first().waitFor()
    // Without a look in between, as whoever knows the keys types them: search, its first hit, the run, its page.
    await press('/', ...'spring', 'Enter', 'Enter', 'Enter')
    const run = await runOf('spring_campaign.csv')
    await expect.poll(hash).toContain(`#/runs/${encodeURIComponent(run?.workflowId ?? '')}`)
    await expect.poll(hash).toContain('/page')

    // The timeline, one of its steps, and what went into it.
    await tabTo('.step-line', 'Train')
    await press('Enter')
    await page.getByRole('tree').first().waitFor()
    await tabTo('[role=tree]')
    await press('End')
    const [label] = await page.locator('[role=treeitem][aria-selected=true]').allInnerTexts()
    await press('p')
    const name = label?.split(':')[0] ?? ''
    expect(name).not.toBe('')
    await expect.poll(copied).toMatch(new RegExp(`(^|\\.)${name}$`))

    await press('a', ...'Better on every slice.')
    await dialog().getByText('Quality gate').waitFor()
    await press('Control+Enter')
    await expect.poll(async () => (await runOf('spring_campaign.csv'))?.stage).not.toBe('AwaitingApproval')
    expect((await runOf('spring_campaign.csv'))?.decision).toMatchObject({
      decision: 'approve',
      reason: 'Better on every slice.',
    })
    await press('Escape')
    await dialog().waitFor({ state: 'detached' })
    // Back: the page, the panel, then the search.
    await press('Escape')
    await expect.poll(hash).not.toContain('/page')
    await press('Escape')
    await expect.poll(hash).toMatch(/^#\/runs(\?|$)/)
    await press('Escape')
    await expect.poll(() => page.getByRole('option').count()).toBeGreaterThan(3)
  })

  it('a step that waits for its next attempt is tried at once, and a model is rejected', async () => {
    // What cannot be done is answered: the keys after it are not left to mean something else.
    await press('/', ...'db_failure', 'Enter', 'r')
    await page.getByLabel('Notices').getByText('db_failure.csv does not wait for a decision').waitFor()
    await press('n')
    await page.getByLabel('Notices').getByText('No run is selected').waitFor()
    await press('x', 'n', ...'The database is back.')
    await dialog().getByLabel('Reason').waitFor()
    // Not in the moment of an attempt, which there is nothing to be done about.
    await expect
      .poll(async () => Date.parse((await runOf('db_failure.csv'))?.retryAt ?? '') - Date.now(), { timeout: 20_000 })
      .toBeGreaterThan(1_500)
    await press('Control+Enter')
    await dialog().getByRole('status').filter({ hasText: '1 tried again.' }).waitFor()
    await press('Enter')
    await dialog().waitFor({ state: 'detached' })
    await press('Escape', '/', ...'good_model', 'Enter', 'r', ...'Trained on the wrong week.')
    await dialog().getByText('Quality gate').waitFor()
    await press('Control+Enter')
    await expect
      .poll(async () => (await runOf('good_model.csv'))?.decision)
      .toMatchObject({ decision: 'reject', reason: 'Trained on the wrong week.' })
    await press('Escape')
    await dialog().waitFor({ state: 'detached' })
    await press('/', 'Escape', 'Escape', 'Escape')
    await expect.poll(() => page.getByRole('option').count()).toBeGreaterThan(3)
  })

  it('a place that was not looked at yet takes the keys typed at it', async () => {
    await press('g', 'm', '/', ...'prod_candidate', 'Enter', 'Enter')
    await expect.poll(hash).toMatch(/^#\/models\/model-/)
    await press('g', 'a', '/', ...'approve')
    expect(await page.getByLabel('Search the audit').inputValue()).toBe('approve')
    await press('Escape', 'Escape', 'g', 'r')
  })

  it('the keys are listed, settings are changed, and the last save is taken back', async () => {
    await press('?')
    await dialog().getByRole('heading', { name: 'Keys' }).waitFor()
    await press('Escape')
    await dialog().waitFor({ state: 'detached' })
    await press('g', 's')
    const { operator } = (await simulated.handlers['settings.get']({})) as Settings
    const now = async () => ((await simulated.handlers['settings.get']({})) as Settings).operator
    await page.getByLabel('Operator name').waitFor()
    await tabTo('input')
    await press('Control+A')
    await type('Grace')
    await tabTo('button', 'Save')
    await press('Enter')
    await expect.poll(now).toBe('Grace')
    // After a reload too.
    await page.reload()
    await page.getByRole('button', { name: 'Undo the last save' }).waitFor()
    await tabTo('button', 'Undo the last save')
    await press('Enter')
    await expect.poll(now).toBe(operator)
  })

  it('another profile is chosen for the next start, with what it means before it, and taken back', async () => {
    const next = async () => (await simulated.handlers['profiles.list']({})).next
    await press('g', 's')
    await page.getByRole('button', { name: 'Change…' }).waitFor()
    await tabTo('button', 'Change…')
    await press('Enter')
    // Where it is, whether it answers, and which one nobody can choose.
    await dialog().getByText('db.lab:5432, database gatehouse').waitFor()
    await dialog().getByText('wants a password; none is kept').waitFor()
    await dialog().getByText('Cannot be chosen: temporal.address').waitFor()
    await tabTo('input[type=radio]')
    await press('ArrowDown', 'ArrowDown')
    await dialog().getByRole('button', { name: 'Use lab…' }).waitFor()
    // Past the one that nobody can choose, round to the first.
    await press('ArrowDown')
    await dialog()
      .getByRole('button', { name: /^Use embedded/ })
      .waitFor()
    await press('ArrowUp')
    await tabTo('button', 'Use lab…')
    await press('Enter')
    await dialog().getByText('Runs do not move').waitFor()
    await dialog().getByText('lab is marked as production').waitFor()
    await type('The cluster is ready.')
    await tabTo('button', 'Use lab')
    await press('Enter')
    await dialog().waitFor({ state: 'detached' })
    expect(await next()).toBe('lab')
    await page.getByText('embedded now, lab from the next start').waitFor()
    await tabTo('button', 'Keep embedded')
    await press('Enter')
    await expect.poll(next).toBe('embedded')
    await page.getByText('embedded now, lab from the next start').waitFor({ state: 'detached' })
  })
})

/** The run list as an operator lays it out: columns, order and a view with a name, by keyboard, on a real host that is started anew. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from './support/browsers.ts'
import { type Host, newHome, removeHome, sampleCsv, startHost } from './support/host.ts'

const names = ['good_10', 'good_9', 'good_2']
let host: Host
let browser: Browser
const atEnd: (() => unknown)[] = []

beforeAll(async () => {
  const home = await newHome({ demoTrainer: { minSeconds: 0, maxSeconds: 0 }, settleSeconds: 0.2 })
  atEnd.push(() => removeHome(home))
  host = await startHost(home)
  atEnd.push(() => host.stop())
  browser = await launchChromium()
  atEnd.push(() => browser.close())
})
afterAll(async () => {
  for (const end of atEnd.reverse()) await end()
})

const open = async (page: Page, hash = '') => {
  await page.goto((await host.connection.call('host.focus', {})).url as string)
  if (hash !== '') await page.goto(page.url().replace(/#.*|$/, hash))
  await page.locator('[data-workflow-id]').first().waitFor()
}
const headsOf = (page: Page) => page.getByRole('columnheader').allTextContents()
const filesOf = (page: Page) => page.locator('.run-file').allTextContents()
const menuOf = async (page: Page, key: string) => {
  await page.keyboard.press(key)
  await page.getByRole('menu').waitFor()
}
const closed = (page: Page) => page.getByRole('menu').waitFor({ state: 'detached' })

describe('the layout of the run list', () => {
  it('is chosen by keys, saved under a name, and there again after a reload and a restart of the host', async () => {
    for (const [at, name] of names.entries()) {
      const path = join(host.home.root, `${name}.csv`)
      await writeFile(path, sampleCsv(at))
      await host.connection.call('intake.submit', { paths: [path], origin: 'cli' })
    }
    await expect
      .poll(async () => (await host.connection.call('runs.list', { stages: ['AwaitingApproval'] })).total, { timeout: 60_000 })
      .toBe(3)
    let page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await open(page)

    // Columns: the model comes, who dropped the file goes.
    await menuOf(page, 'l')
    for (const name of ['Model', 'Dropped by', 'Attempt']) await page.getByRole('menuitemcheckbox', { name }).click()
    await page.keyboard.press('Escape')
    await closed(page)
    const heads = await headsOf(page)
    expect(heads).toContain('Model')
    expect(heads).not.toContain('Dropped by')

    // The first column sorts by name, digits as numbers; the head says so.
    await page.getByRole('button', { name: 'File', exact: true }).press('Enter')
    expect(await page.getByRole('columnheader', { name: 'File' }).getAttribute('aria-sort')).toBe('ascending')
    expect(await filesOf(page)).toEqual(['good_2.csv', 'good_9.csv', 'good_10.csv'])
    await page.keyboard.press('Shift+S')
    expect(await filesOf(page)).toEqual(['good_10.csv', 'good_9.csv', 'good_2.csv'])
    expect(page.url()).toContain('sort=-file')

    await page.getByLabel(/^Search runs/).fill('good_1')
    await expect.poll(() => filesOf(page)).toEqual(['good_10.csv'])
    await page.getByLabel(/^Search runs/).blur()
    await menuOf(page, 'v')
    await page.getByRole('menuitem', { name: 'Save as a view…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Save view' }).click()
    await dialog.getByText('A name is required.').waitFor()
    await dialog.getByLabel('Name').fill('The tenth')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Views, now The tenth' }).waitFor()

    await page.reload()
    await page.getByRole('button', { name: 'Views, now The tenth' }).waitFor()
    expect(await filesOf(page)).toEqual(['good_10.csv'])
    await page.close()

    const { home } = host
    await host.stop()
    host = await startHost(home)
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await open(page, '#/runs')
    await expect.poll(() => headsOf(page)).toEqual(heads)
    expect(await filesOf(page)).toEqual(['good_2.csv', 'good_9.csv', 'good_10.csv'])
    await menuOf(page, 'v')
    await page.getByRole('menuitemradio', { name: 'The tenth' }).click()
    await expect.poll(() => filesOf(page)).toEqual(['good_10.csv'])
    expect(page.url()).toContain('text=good_1')

    // Named anew, deleted, and back again.
    await menuOf(page, 'v')
    await page.getByRole('menuitem', { name: 'Rename or delete…' }).click()
    await page.getByLabel('Name of The tenth').fill('Tenth file')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Delete Tenth file' }).press('Enter')
    await page.getByText('“Tenth file” was deleted.').waitFor()
    expect((await host.connection.call('views.list', {})).views).toEqual([])
    await page.getByRole('button', { name: 'Undo' }).press('Enter')
    await page.getByLabel('Name of Tenth file').waitFor()
    const { entries } = await host.connection.call('audit.list', {})
    expect(entries.filter(({ name }) => name.startsWith('views.')).map(({ name }) => name)).toEqual([
      'views.save',
      'views.remove',
      'views.save',
      'views.save',
    ])
    await page.getByRole('button', { name: 'Done' }).press('Enter')

    // Nothing fits: which part hides how many, and one key for all.
    await page.getByLabel(/^Search runs/).fill('good_1')
    await page.getByLabel(/^Search runs/).blur()
    await menuOf(page, 'f')
    await page.getByRole('menuitemcheckbox', { name: 'Retrying now' }).click()
    await page.keyboard.press('Escape')
    await closed(page)
    await page.getByText('No run fits: “good_1” · Retrying now.').waitFor()
    await page.getByText('Without Retrying now: 1 run').waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => filesOf(page)).toEqual(['good_10.csv', 'good_9.csv', 'good_2.csv'])
    await page.close()
  })
})

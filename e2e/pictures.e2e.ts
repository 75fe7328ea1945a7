/**
 * What the console draws of data, models and deployments, in real Chromium over the real web shell. The host behind it is
 * the simulated one: its runs are the same each time, and hostile where that matters.
 */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { Settings } from '../src/contract/model.ts'
import { seriousFaults } from './support/axe.ts'
import { takePictures } from './support/pictures.ts'
import { simulatedConsoles } from './support/simulatedConsole.ts'

declare const document: {
  querySelectorAll(selector: string): { length: number }
  documentElement: { scrollWidth: number; clientWidth: number }
}

const openConsole = simulatedConsoles()

/** A place of the console. */
async function open(place: string, look: Parameters<typeof openConsole>[0] = {}) {
  const opened = await openConsole(look)
  await opened.page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: place }).click()
  return opened
}

const widerThanWindow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)

describe('models', () => {
  it('are listed, sorted and filtered; two are chosen and compared by keys alone', async () => {
    const { page, problems } = await open('Models')
    const rows = page.locator('[data-model-id]')
    await rows.first().waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('abalone')
    await page.keyboard.press('Escape')
    // Escape empties the search first, then leaves it.
    await page.keyboard.type('abalone_')
    await expect.poll(() => rows.count()).toBeGreaterThan(10)
    expect(await rows.filter({ hasNotText: 'abalone_' }).count()).toBe(0)
    await page.keyboard.press('Tab')
    await page.getByRole('button', { name: 'Trained on' }).press('Enter')
    expect(await page.getByRole('columnheader', { name: 'Trained on' }).getAttribute('aria-sort')).toBe('ascending')
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.getByRole('button', { name: 'Compare (2 of 2)' }).press('Enter')
    const compared = page.getByRole('region', { name: 'Two models compared' })
    await compared.getByRole('heading', { name: 'What differs' }).waitFor()
    // Both curves in one chart: two models, training and validation each.
    expect(await compared.getByRole('figure').getByRole('listitem').count()).toBe(4)
    const verdicts = await compared
      .getByRole('region', { name: /^Metrics/ })
      .locator('tbody td:last-child')
      .allInnerTexts()
    const firstBetter = verdicts.findIndex((text) => text.includes('better'))
    expect(verdicts.slice(firstBetter < 0 ? verdicts.length : firstBetter).some((text) => text.includes('worse'))).toBe(false)
    await page.keyboard.press('Escape')
    await page.getByRole('region', { name: /^Model of abalone_/ }).waitFor()
    await page.keyboard.press('Escape')
    await rows.first().waitFor()
    expect(problems).toEqual([])
  })

  it('have a page whose charts are read by keys and as tables', async () => {
    const { page, problems } = await open('Models')
    await page.getByRole('link', { name: 'abalone_reviewed.csv' }).click()
    const model = page.getByRole('region', { name: 'Model of abalone_reviewed.csv' })
    const curve = model.getByRole('figure', { name: /^Learning curve/ })
    const cursor = curve.getByRole('slider')
    await cursor.focus()
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowRight')
    expect(await cursor.getAttribute('aria-valuetext')).toMatch(/^Round 2: Training [\d.]+, Validation [\d.]+$/)
    await page.keyboard.press('End')
    expect(await cursor.getAttribute('aria-valuetext')).toMatch(/^Round 210: /)
    await curve.getByRole('button', { name: 'Table', exact: true }).click()
    expect(await curve.getByRole('row').count()).toBe(211)
    await model.getByRole('figure', { name: 'Predicted against actual' }).getByRole('img').waitFor()
    await model.getByRole('figure', { name: 'Residuals by prediction' }).getByRole('img').waitFor()
    expect(problems).toEqual([])
  })

  it('that are not there are told in words', async () => {
    const { page } = await open('Models')
    await page.locator('[data-model-id]').first().waitFor()
    await page.evaluate("location.hash = '#/models/nobody'")
    await page.getByRole('alert').getByText('There is no model nobody here.').waitFor()
  })
})

describe('deployments', () => {
  it('are rolled back with a reason, once, and the history says who and why', async () => {
    const { page, problems } = await open('Deployments')
    const production = page.getByRole('region', { name: 'Production', exact: true })
    await production.getByRole('link', { name: 'prod_candidate.csv' }).waitFor()
    await production.getByRole('button', { name: 'Roll back…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radio', { name: /abalone_reviewed\.csv/ }).check()
    await dialog.getByRole('button', { name: 'Roll production back' }).click()
    await dialog.getByText('A reason is required.').waitFor()
    await dialog.getByLabel('Reason').fill('Predictions drift since noon')
    await page.keyboard.press('Control+Enter')
    await dialog.getByText('Production serves abalone_reviewed.csv again.').waitFor()
    await dialog.getByRole('button', { name: 'Done' }).click()
    await production.getByRole('link', { name: 'abalone_reviewed.csv' }).waitFor()
    await production.getByText('Predictions drift since noon').waitFor()
    expect(await production.locator('pre').innerText()).toMatch(/^curl -s http:\/\/127\.0\.0\.1:8083\/predict .*"rows":\[\{/)
    const history = page.getByRole('region', { name: 'Production, what was served' })
    expect(await history.getByRole('row').nth(1).innerText()).toMatch(/Rolled back to\s*now\s*abalone_reviewed\.csv/)
    expect(problems).toEqual([])
  })

  it('are refused in words, and nothing changes', async () => {
    const { page } = await open('Deployments')
    const production = page.getByRole('region', { name: 'Production', exact: true })
    await production.getByRole('button', { name: 'Roll back…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Reason').fill('Back')
    await dialog.getByRole('radio', { name: /signalled\.csv/ }).check()
    await page.getByRole('dialog').getByRole('button', { name: 'Keep what is served' }).click()
    await production.getByRole('link', { name: 'prod_candidate.csv' }).waitFor()
    const dev = page.getByRole('region', { name: 'Dev', exact: true })
    await dev.getByRole('button', { name: 'Roll back…' }).click()
    // The demo trainer's model predicts nothing, so it cannot be served.
    await dialog.getByRole('radio', { name: /prod_candidate\.csv/ }).check()
    await dialog.getByLabel('Reason').fill('Back')
    await dialog.getByRole('button', { name: 'Roll dev back' }).click()
    await dialog.getByRole('alert').getByText('dev was left as it is.').waitFor()
  })
})

describe('a run', () => {
  it('shows its data: leaks and quarantined rows with their reasons, and one column in detail', async () => {
    const { page, problems } = await open('Runs')
    await page.getByText('spring_campaign.csv').click()
    await page.getByRole('tab', { name: 'Data' }).click()
    const panel = page.getByRole('tabpanel')
    await panel.getByText('41 rows (0.6 %) could not be read').click()
    await panel.getByRole('cell', { name: 'A quote that was opened is never closed.' }).waitFor()
    await panel.getByRole('button', { name: /^Left out/ }).click()
    await panel.getByText('Leak, left out').waitFor()
    await panel.getByRole('button', { name: /^All/ }).click()
    await panel.getByLabel('Search columns').fill('total')
    await panel.getByRole('button', { name: /total_charge/ }).press('Enter')
    await panel.getByRole('img', { name: /^Rows by value/ }).waitFor()
    await panel.getByText('803 (11.4 %)').waitFor()
    expect(problems).toEqual([])
  })

  it('draws 200 columns as few rows, and finds the last of them', async () => {
    const { page } = await open('Runs')
    await page.getByText('wide_sensors.csv').click()
    await page.getByRole('tab', { name: 'Data' }).click()
    const columns = page.getByRole('region', { name: 'Columns' })
    await columns.getByText('sensor_000').waitFor()
    expect(await columns.getByRole('listitem').count()).toBeLessThan(60)
    await page.getByLabel('Search columns').fill('yield')
    await columns.getByText('yield').waitFor()
    expect(await columns.getByRole('listitem').count()).toBe(1)
  })

  it('takes hostile names of columns and values for text', async () => {
    const { page, problems } = await open('Runs', { scenario: 'longNames' })
    await page.getByText('Quarterly abalone measurements').first().click()
    await page.getByRole('tab', { name: 'Data' }).click()
    const columns = page.getByRole('region', { name: 'Columns' })
    await columns.getByText('<img src=x onerror=alert(1)>').waitFor()
    // What would turn the name around is written out.
    await columns.getByText('evil⟨U+202E⟩gnp.exe').waitFor()
    await columns.getByRole('button', { name: /HYPERLINK/ }).click()
    await columns.getByText('<b>bold</b>').waitFor()
    await page.getByRole('tab', { name: 'Model' }).click()
    await page.getByRole('region', { name: 'Slices, worst first' }).getByText('<b>bold</b>').waitFor()
    expect(await page.evaluate(() => document.querySelectorAll('img, b:not(.plot-reading b), script:not([src])').length)).toBe(0)
    expect(await widerThanWindow(page)).toBe(false)
    expect(problems).toEqual([])
  })

  it('is decided beside the model now in production', async () => {
    const { page, simulated } = await open('Deployments')
    const { environments } = await simulated.handlers['deployments.list']({})
    const earlier = environments[1]?.history.find(({ fileName }) => fileName === 'abalone_first.csv')
    await simulated.handlers['deployments.rollBack']({
      environment: 'prod',
      modelId: earlier?.modelId ?? '',
      reason: 'A model of real rows',
      requestId: crypto.randomUUID(),
    })
    await page.getByRole('link', { name: 'Inbox' }).click()
    await page.getByRole('button', { name: 'Open the run of spring_campaign.csv' }).click()
    await page.locator('.run-panel').getByRole('button', { name: 'Approve…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('heading', { name: /Beside the model now in production, abalone_first\.csv/ }).waitFor()
    await dialog.getByText('It predicts rings, so their figures do not compare.').waitFor()
    await dialog
      .getByRole('region', { name: 'Data in short' })
      .getByText(/left out as a leak: left_on_flag/)
      .waitFor()
    await dialog.getByText(/^Log loss 0\.\d+ is at most/).waitFor()
  })
})

describe('pipelines', () => {
  it('are added, ordered by keys and by pointer, corrected at the field, removed with an undo, and saved', async () => {
    const { page, problems, simulated } = await open('Settings')
    const list = page.getByRole('list', { name: /^Pipelines/ })
    const names = () => list.locator('.pipeline-name').allInnerTexts()
    await list.getByText('standard').waitFor()
    await page.getByRole('button', { name: 'Add a pipeline' }).click()
    expect(await names()).toEqual(['demonstration', 'new pipeline', 'standard'])
    await page.getByLabel('Name', { exact: true }).fill('reefs')
    await page.getByLabel('Name patterns, one in a line').fill('reef_*.csv')
    await page.getByLabel('Depth').fill('99')
    await page.getByText('Must be at most 14.').waitFor()
    expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
    await page.getByLabel('Depth').fill('6')
    await page.getByLabel('Which pipeline would a file get?').fill('reef_7.csv')
    await page.getByText('It gets reefs, number 2.').waitFor()
    await list.getByRole('button', { name: /^Move reefs, number 2 of 3/ }).press('ArrowUp')
    expect(await names()).toEqual(['reefs', 'demonstration', 'standard'])
    await list.getByRole('button', { name: /^1\. reefs/ }).click()
    // By pointer: the last one before the one above it.
    const handle = await list.getByRole('button', { name: /^Move standard, number 3 of 3/ }).boundingBox()
    const above = await list.getByRole('button', { name: /^Move demonstration, number/ }).boundingBox()
    if (!handle || !above) throw new Error('no handles')
    await page.mouse.move(handle.x + 8, handle.y + 8)
    await page.mouse.down()
    await page.mouse.move(above.x + 8, above.y + 6, { steps: 6 })
    await page.mouse.up()
    expect(await names()).toEqual(['reefs', 'standard', 'demonstration'])
    await page.getByRole('button', { name: 'Remove standard' }).click()
    await page.getByText('One pipeline must take every file').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    expect(await names()).toEqual(['reefs', 'standard', 'demonstration'])
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.', { exact: true }).waitFor()
    const { pipelines } = (await simulated.handlers['settings.get']({})) as Settings
    expect(pipelines.map(({ name }) => name)).toEqual(['reefs', 'standard', 'demonstration'])
    expect(pipelines[0]).toMatchObject({
      match: { patterns: ['reef_*.csv'] },
      trainer: { kind: 'boosting', settings: { depth: 6 } },
    })
    expect(problems).toEqual([])
  })
})

describe('keys', () => {
  it('that a passphrase protects are unlocked by keys alone, also after a wrong one', async () => {
    const { page, problems } = await open('Encryption', { scenario: 'locked' })
    await page.getByLabel('Passphrase of the keys').focus()
    await page.keyboard.type('correct house battery')
    await page.keyboard.press('Enter')
    await page.getByText('This is not the passphrase of these keys. Nothing was changed.').waitFor()
    // Whoever mistyped is still in the field.
    await page.keyboard.type('correct horse battery')
    await page.keyboard.press('Enter')
    await page.getByLabel('Passphrase of the keys').waitFor({ state: 'detached' })
    expect(problems).toEqual([])
  })

  it('come from Vault once it was tried: what is wrong is said at its field, and a refusal changes nothing', async () => {
    const { page, problems, simulated } = await open('Encryption')
    await page.getByRole('button', { name: 'Where they come from…' }).press('Enter')
    await page.getByLabel('Place', { exact: true }).selectOption('vault')
    await page.getByLabel('Address').fill('http://vault.lab:8200')
    const take = page.getByRole('button', { name: 'Make new keys there' })
    await take.click()
    await page.getByText('It must be https, except on this machine.').waitFor()
    await page.getByLabel('Address').fill('https://vault.lab:8200')
    await take.click()
    await page.getByText('wants a token. Nothing was changed.').waitFor()
    expect(simulated.handlers['keys.get']({})).toMatchObject({ provider: 'keychain' })
    await page.getByLabel('Token', { exact: true }).fill('hvs.token')
    await take.click()
    await page.getByText('Keys are kept in HashiCorp Vault.').waitFor()
    expect(problems).toEqual([])
  })
})

describe('a file that could not be used', () => {
  it('is told over every view until the operator has read it, and in the settings from then on', async () => {
    const { page, problems } = await open('Runs', { scenario: 'troubled', width: 1024 })
    const banner = page.getByRole('alert').filter({ hasText: 'settings.json could not be used' })
    for (const place of ['Models', 'Drills', 'Settings', 'Runs']) {
      await page.getByRole('link', { name: place, exact: true }).click()
      await banner.waitFor()
    }
    expect([...(await seriousFaults(page)), await widerThanWindow(page)]).toEqual([false])
    await takePictures(page, 'unusable-file')
    await page.setViewportSize({ width: 1024, height: 800 })
    await banner.getByRole('button', { name: 'Hide this' }).click()
    await banner.waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Settings', exact: true }).click()
    await page.locator('.settings-page .note', { hasText: 'settings.json could not be used' }).waitFor()
    await takePictures(page, 'unusable-file-settings')
    expect(problems).toEqual([])
  })
})

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  it('nothing serious stands in the way of a screen reader, and nothing is wider than 1024 px', async () => {
    const { page } = await open('Models', { theme, width: 1024 })
    const faults: Record<string, string[]> = {}
    const look = async (name: string) => {
      const found = [...(await seriousFaults(page)), ...((await widerThanWindow(page)) ? ['wider than the window'] : [])]
      if (found.length > 0) faults[name] = found
    }
    await page.locator('[data-model-id]').first().waitFor()
    await look('models')
    await page.getByRole('link', { name: 'abalone_reviewed.csv' }).click()
    await page.getByRole('figure', { name: /^Predicted/ }).waitFor()
    await look('a regression')
    await page.evaluate("location.hash = '#/models'")
    await page.getByRole('link', { name: 'spring_campaign.csv' }).click()
    await page.getByRole('figure', { name: 'ROC curve' }).waitFor()
    await look('a classification')
    await page.getByRole('link', { name: 'Deployments' }).click()
    await page.getByRole('region', { name: 'Production', exact: true }).waitFor()
    await look('deployments')
    await page.getByRole('region', { name: 'Production', exact: true }).getByRole('button', { name: 'Roll back…' }).click()
    await page.getByRole('dialog').waitFor()
    await look('roll back')
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Runs', exact: true }).click()
    await page.getByText('spring_campaign.csv').click()
    await page.getByRole('tab', { name: 'Data' }).click()
    await page.getByRole('region', { name: 'Columns' }).waitFor()
    await look('a profile')
    await page.getByRole('button', { name: 'Approve…' }).click()
    await page.getByRole('dialog').getByText('Quality gate').waitFor()
    await look('a decision')
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Settings' }).click()
    await page.getByRole('button', { name: /2\. standard/ }).click()
    await look('pipelines')
    expect(faults).toEqual({})
  })
})

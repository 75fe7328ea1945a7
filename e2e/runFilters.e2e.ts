/** The filters of the run list in real Chromium over the real web shell; the host behind it is the simulated one. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSimulatedHost } from '../src/renderer/dev/simulatedHost.ts'
import { launchChromium, root } from './support/browsers.ts'
import { newHome, startFakeHost } from './support/fakeHost.ts'

const pictures = process.env.GATEHOUSE_E2E_PICTURES
let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser.close())

const stagesOf = (page: Page) =>
  page.locator('[data-workflow-id]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-stage')))

describe('the filters of the run list', () => {
  it.each(['light', 'dark'] as const)(
    'are set by keys, stand in the address through a reload, and are taken away one by one: %s',
    async (theme) => {
      const home = newHome()
      const { host, backend } = await startFakeHost(process.env.GATEHOUSE_E2E_APP ?? root, home)
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: theme })
      try {
        const simulated = createSimulatedHost('mixed')
        Object.assign(backend.handlers, simulated.handlers)
        simulated.onEvent((name, payload) => backend.emit(name, payload))
        await page.goto(host.server.issueLink())
        await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: 'Runs' }).click()
        await page.locator('[data-workflow-id]').first().waitFor()
        const all = (await stagesOf(page)).length

        await page.keyboard.press('f')
        const menu = page.getByRole('menu')
        await menu.waitFor()
        if (pictures) await page.screenshot({ path: `${pictures}/filters-menu-${theme}.png` })
        await menu.getByRole('menuitemcheckbox', { name: 'Retrying now' }).click()
        await page.keyboard.press('Escape')
        await menu.waitFor({ state: 'detached' })
        expect(page.url()).toContain('#/runs?retrying=now')
        const retrying = await stagesOf(page)
        expect(retrying.length).toBeGreaterThan(0)
        expect(retrying.length).toBeLessThan(all)
        expect(retrying).not.toContain('Completed')
        if (pictures) await page.screenshot({ path: `${pictures}/filters-chips-${theme}.png` })

        await page.reload()
        const chip = page.getByRole('button', { name: 'Remove the filter Retrying now' })
        await chip.waitFor()
        await page.locator('[data-workflow-id]').first().waitFor()
        expect((await stagesOf(page)).length).toBeLessThan(all)

        await page.locator('.runs-scroll').focus()
        await page.keyboard.press('Escape')
        await chip.waitFor({ state: 'detached' })
        expect(page.url()).toMatch(/#\/runs$/)
      } finally {
        await page.close()
        await host.close()
        home.remove()
      }
    },
  )
})

/** The filters of the run list in real Chromium over the real web shell; the host behind it is the simulated one. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { simulatedConsoles } from './support/simulatedConsole.ts'

const pictures = process.env.GATEHOUSE_E2E_PICTURES
const openConsole = simulatedConsoles()

const stagesOf = (page: Page) =>
  page.locator('[data-workflow-id]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-stage')))

describe('the filters of the run list', () => {
  it.each(['light', 'dark'] as const)(
    'are set by keys, stand in the address through a reload, and are taken away one by one: %s',
    async (theme) => {
      const { page } = await openConsole({ theme })
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
    },
  )
})

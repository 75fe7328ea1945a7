/** The console as a person uses it: what to look for and where to click, the same in every shell. */
import type { Page } from 'playwright-core'

/** The few things of a page that the stories look at from inside. */
declare const document: { title: string }

export function consoleOn(page: Page) {
  return {
    panel: page.locator('.run-panel'),

    /** The console is there and talks to its host. */
    async ready(): Promise<void> {
      await page.getByRole('button', { name: 'Choose files…' }).first().waitFor()
      await page
        .getByRole('region', { name: 'Health of the stack' })
        .getByText(/embedded \d+/)
        .first()
        .waitFor()
    },

    /** Files dragged in from outside, as the system's drag and drop brings them: with their paths on disk. */
    async dropFiles(paths: readonly string[]): Promise<void> {
      const session = await page.context().newCDPSession(page)
      const data = { items: [], files: [...paths], dragOperationsMask: 1 }
      for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
        await session.send('Input.dispatchDragEvent', { type, x: 400, y: 400, data })
      }
      await session.detach()
    },

    async openRun(fileName: string): Promise<void> {
      await page.locator('.runs-list').getByText(fileName, { exact: true }).click()
      await page.getByRole('region', { name: `Run of ${fileName}` }).waitFor()
    },

    /** A step's row in the timeline, once it has come to that state. */
    step: (name: string, state: string) => page.locator('.run-panel').getByText(new RegExp(`^${name}\\W+${state}`)),

    /** The panel's first line says this. */
    async says(text: RegExp, timeout = 60_000): Promise<void> {
      await page.locator('.run-panel .sentence').filter({ hasText: text }).waitFor({ timeout })
    },

    async decide(kind: 'approve' | 'reject', reason: string): Promise<void> {
      await page
        .locator('.run-panel')
        .getByRole('button', { name: kind === 'approve' ? 'Approve…' : 'Reject…' })
        .click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Reason').fill(reason)
      await dialog.getByRole('button', { name: kind === 'approve' ? 'Approve for production' : 'Reject this model' }).click()
      await dialog.getByRole('button', { name: 'Done' }).click()
    },

    title: () => page.evaluate(() => document.title),
  }
}

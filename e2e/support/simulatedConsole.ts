/** The console in real Chromium over the real web shell, on the simulated host: its runs are the same each time. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll } from 'vitest'
import type { Home } from '../../src/main/backend/home.ts'
import { createSimulatedHost, type Scenario } from '../../src/renderer/dev/simulatedHost.ts'
import { launchChromium, root } from './browsers.ts'
import { newHome, startFakeHost } from './fakeHost.ts'

/** Of the built app. */
export const appFolder = process.env.GATEHOUSE_E2E_APP ?? root

/** The real web shell over the simulated host. */
export async function startSimulatedHost(home: Home, scenario: Scenario = 'mixed') {
  const { host, backend } = await startFakeHost(appFolder, home)
  const simulated = createSimulatedHost(scenario)
  Object.assign(backend.handlers, simulated.handlers)
  simulated.onEvent((name, payload) => backend.emit(name, payload))
  return { host, backend, simulated }
}

interface Look {
  scenario?: Scenario
  theme?: 'light' | 'dark'
  width?: number
  height?: number
  /** Runs in the page before its own code. */
  before?: string
}

export interface SimulatedConsole extends Omit<Awaited<ReturnType<typeof startSimulatedHost>>, 'host'> {
  page: Page
  /** What the page complained about: errors in its log or of its own, and dialogs of the browser, which are dismissed. */
  problems: string[]
}

/**
 * For the top of a test file. What it gives opens a console with a host of its own, at the console's first place; both end
 * with the test, the browser with the file.
 */
export function simulatedConsoles(): (look?: Look) => Promise<SimulatedConsole> {
  let browser: Browser
  const cleanUps: (() => unknown)[] = []
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterEach(async () => {
    for (const clean of cleanUps.splice(0).reverse()) await clean()
  })
  afterAll(() => browser.close())

  return async ({ scenario, theme = 'light', width = 1280, height = 800, before } = {}) => {
    const home = newHome()
    cleanUps.push(home.remove)
    const { host, backend, simulated } = await startSimulatedHost(home, scenario)
    cleanUps.push(() => host.close())
    const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme })
    cleanUps.push(() => page.close())
    if (before !== undefined) await page.addInitScript(before)
    const problems: string[] = []
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('dialog', (dialog) => {
      problems.push(`a dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    await page.goto(host.server.issueLink())
    await page.getByRole('navigation', { name: 'Places' }).waitFor()
    return { page, problems, backend, simulated }
  }
}

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Of the page; this side has none. */
declare const axe: {
  run(options: unknown): Promise<{ violations: { id: string; impact: string; nodes: { target: string[] }[] }[] }>
}

/** The rules that axe calls serious or critical, and where they are broken. */
export async function seriousFaults(page: Page): Promise<string[]> {
  // The page's policy lets no script in; a debugger's evaluation is not bound by it.
  await page.evaluate(source)
  const { violations } = await page.evaluate(() => axe.run({ resultTypes: ['violations'] }))
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
}

import type { Page } from 'playwright-core'

const folder = process.env.GATEHOUSE_PICTURES
const sizes = [
  { width: 1024, height: 700 },
  { width: 1280, height: 800 },
  { width: 1440, height: 900 },
]

/** Pictures of a page in both themes and sizes, in the folder that GATEHOUSE_PICTURES names; none where it names none. */
export async function takePictures(page: Page, name: string): Promise<void> {
  if (!folder) return
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const size of sizes) {
      await page.setViewportSize(size)
      // What slides in, and what is drawn by the page's size, has come to rest.
      await page.waitForTimeout(200)
      await page.screenshot({ path: `${folder}/${name}-${colorScheme}-${size.width}.png` })
    }
  }
}

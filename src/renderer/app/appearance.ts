import type { Settings } from '../../contract/model.ts'

/** Remembered in the browser alone, so that the first picture after a reload already has the right colours. */
const rememberedAs = 'gatehouse.appearance'

export function rememberedAppearance(page: Pick<Window, 'localStorage'>): Settings['appearance'] {
  try {
    const value = page.localStorage.getItem(rememberedAs)
    return value === 'light' || value === 'dark' ? value : 'system'
  } catch {
    return 'system' // storage may be off; the system's wish is a good first picture
  }
}

/** Puts the appearance on the page and follows the system where asked to. Gives the function that stops following. */
export function applyAppearance(appearance: Settings['appearance'], page: Window): () => void {
  const system = page.matchMedia('(prefers-color-scheme: dark)')
  const put = () => {
    page.document.documentElement.dataset.theme = appearance === 'system' ? (system.matches ? 'dark' : 'light') : appearance
  }
  put()
  try {
    page.localStorage.setItem(rememberedAs, appearance)
  } catch {
    // Storage may be off: then it is only not remembered.
  }
  system.addEventListener('change', put)
  return () => system.removeEventListener('change', put)
}

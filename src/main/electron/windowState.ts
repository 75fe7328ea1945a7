import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'

const rectangle = z.object({ x: z.number().int(), y: z.number().int(), width: z.number().int(), height: z.number().int() })
export type Rectangle = z.infer<typeof rectangle>
const windowState = z.object({ bounds: rectangle, maximized: z.boolean() })
export type WindowState = z.infer<typeof windowState>

export const smallestWindow = { width: 960, height: 600 }
export const firstWindow = { width: 1440, height: 900 }

/** null when nothing usable was kept. */
export function readWindowState(file: string): WindowState | null {
  try {
    return windowState.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null
  }
}

/** Never throws: a window that cannot keep its place, as on a full disk, closes all the same and opens where it was before. */
export function writeWindowState(file: string, state: WindowState): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(`${file}.tmp`, JSON.stringify(state))
    renameSync(`${file}.tmp`, file)
  } catch {
    // What was kept before stays.
  }
}

/**
 * Kept bounds, unless the display that they were on is gone: then the size alone, no larger than the first display, so
 * that the window is always to be seen.
 */
export function fitToDisplays(
  bounds: Rectangle,
  displays: readonly Rectangle[],
): { width: number; height: number; x?: number; y?: number } {
  const width = Math.max(bounds.width, smallestWindow.width)
  const height = Math.max(bounds.height, smallestWindow.height)
  // Enough of the title bar to take hold of.
  const reachable = displays.some(
    (d) => bounds.x + width > d.x + 100 && bounds.x < d.x + d.width - 100 && bounds.y >= d.y && bounds.y < d.y + d.height - 50,
  )
  if (reachable) return { width, height, x: bounds.x, y: bounds.y }
  const [first] = displays
  return first ? { width: Math.min(width, first.width), height: Math.min(height, first.height) } : { width, height }
}

import { useEffect, useRef } from 'react'
import { useConsole, useIn } from '../../app/console.ts'

/**
 * When the run under the cursor leaves the list, as it was decided or goes on, the one that took its place is next.
 * @param ids of the rows that are shown, in their order; the same array until that changes
 * @param list what the list is asked for: a row that another question takes out was not followed by the one in its place
 */
export function useCursorStays(ids: readonly string[], list?: unknown) {
  const { runs } = useConsole()
  const cursor = useIn('runs', (s) => s.cursor)
  const last = useRef<{ id: string; at: number; list: unknown } | null>(null)
  useEffect(() => {
    const at = cursor === null ? -1 : ids.indexOf(cursor)
    if (cursor !== null && at >= 0) last.current = { id: cursor, at, list }
    else if (last.current !== null && last.current.id === cursor && last.current.list === list) {
      const next = ids[Math.min(last.current.at, ids.length - 1)]
      if (next) runs.getState().setCursor(next)
    }
  }, [ids, cursor, list, runs])
}

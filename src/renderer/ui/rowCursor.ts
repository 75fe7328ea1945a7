/** The row of a list that keys act on, as an id: rows come and go, their places do not say which one was meant. */

/** The cursor, or null where its row is not in the list: what nobody sees is never acted on. */
export const cursorIn = (ids: readonly string[], cursor: string | null): string | null =>
  cursor !== null && ids.includes(cursor) ? cursor : null

/** Where the cursor comes from the row `cursor` by `by` rows: it stays within the list and starts at the nearer end; null in an empty list. */
export function cursorMoved(ids: readonly string[], cursor: string | null, by: number): string | null {
  const at = cursor === null ? -1 : ids.indexOf(cursor)
  const next = at < 0 ? (by > 0 ? 0 : ids.length - 1) : Math.min(ids.length - 1, Math.max(0, at + by))
  return ids[next] ?? null
}

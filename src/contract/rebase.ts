/** One value, changed in two places at once: object by object, so that only what both changed is one or the other. */

type Fields = Record<string, unknown>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
/** Both came from JSON, with their fields in one order. */
const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)

/**
 * What somebody changed, on top of what holds now. A list is one value.
 * @param mine their version
 * @param from what they began with
 * @param to what holds now: all that they left alone follows it
 */
export function rebased<T>(mine: T, from: T, to: T): T {
  if (isSame(mine, from)) return to
  if (!isFields(mine) || !isFields(from) || !isFields(to)) return mine
  return Object.fromEntries(Object.keys(mine).map((name) => [name, rebased(mine[name], from[name], to[name])])) as T
}

/** Whether somebody's version has another value where what holds now was changed as well, so that one replaces the other. */
export function collides<T>(mine: T, from: T, to: T): boolean {
  if (isSame(mine, from) || isSame(from, to) || isSame(mine, to)) return false
  if (!isFields(mine) || !isFields(from) || !isFields(to)) return true
  return Object.keys(mine).some((name) => collides(mine[name], from[name], to[name]))
}

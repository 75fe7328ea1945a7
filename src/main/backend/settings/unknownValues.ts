/** JSON that people wrote, beside what was understood of it: nothing that is not known may get lost without a word. */

type JsonObject = Record<string, unknown>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What is in `written` and has no place in `understood`, at any depth of objects; a list is one value. */
export function notIn(written: JsonObject, understood: JsonObject): JsonObject {
  const left: JsonObject = {}
  for (const [name, value] of Object.entries(written)) {
    const known = Object.hasOwn(understood, name)
    const inside = known && isObject(value) && isObject(understood[name]) ? notIn(value, understood[name]) : {}
    // Not by assignment: a file may say "__proto__".
    if (!known) Object.defineProperty(left, name, { value, enumerable: true })
    else if (Object.keys(inside).length > 0) left[name] = inside
  }
  return left
}

/** Two values as one: where both are objects, name by name, else the second. */
export function merged(first: unknown, second: unknown): unknown {
  if (!isObject(first) || !isObject(second)) return second
  const names = new Set([...Object.keys(first), ...Object.keys(second)])
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      Object.hasOwn(second, name) ? merged(Object.hasOwn(first, name) ? first[name] : undefined, second[name]) : first[name],
    ]),
  )
}

/** Where each value stands that `notIn` gave: `notifications.quiet.zone`. @param known what was understood */
export const namesIn = (left: JsonObject, known: JsonObject): string[] =>
  Object.entries(left).flatMap(([name, value]) =>
    Object.hasOwn(known, name) && isObject(value) && isObject(known[name])
      ? namesIn(value, known[name]).map((inner) => `${name}.${inner}`)
      : [name],
  )

import { indexJson, type JsonIndex } from '../../../contract/exactJson.ts'

/** Where a value stands in a JSON text: names and places from the root. */
export type JsonPath = readonly (string | number)[]

/** Values of a JSON text as they are written there: `JSON.parse` rounds numbers, and what it gives may be too deep to be written again. */
export interface ExactValues {
  /** The text of the value there; null where there is none. */
  at(path: JsonPath): string | null
  /** The same of an object, without one of its fields. */
  without(path: JsonPath, field: string): string | null
}

/** @param text JSON; it is read when the first value is asked for. */
export function createExactValues(text: string): ExactValues {
  let known: JsonIndex | null = null
  const children = new Map<number, number[]>()
  const childrenOf = (index: JsonIndex, node: number) => {
    const before = children.get(node)
    if (before) return before
    const found: number[] = []
    if (index.isBranch(node)) for (let at = node + 1; at < index.after(node); at = index.after(at)) found.push(at)
    // One list holds all events, and each of them asks.
    if (found.length > 100) children.set(node, found)
    return found
  }
  const find = (path: JsonPath): { index: JsonIndex; node: number } | null => {
    known ??= indexJson(text)
    const index = known
    let node: number | undefined = 0
    for (const step of path) {
      const inner = childrenOf(index, node)
      // Of names that stand there twice JSON.parse takes the last.
      node = typeof step === 'number' ? inner[step] : inner.findLast((each) => index.key(each) === step)
      if (node === undefined) return null
    }
    return { index, node }
  }
  return {
    at(path) {
      const found = find(path)
      return found ? found.index.raw(found.node) : null
    },
    without(path, field) {
      const found = find(path)
      if (!found) return null
      const { index, node } = found
      const rest = childrenOf(index, node).filter((each) => index.key(each) !== field)
      return `{${rest.map((each) => `${JSON.stringify(index.key(each))}:${index.raw(each)}`).join()}}`
    },
  }
}

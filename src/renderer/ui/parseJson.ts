/**
 * Reads JSON text into a tree that keeps what the text says: numbers digit by digit (a 64-bit id stays exact), keys in
 * their order, also `1` before `0` and keys that stand there twice. `JSON.parse` keeps none of these.
 */
export type JsonNode =
  | { kind: 'object'; entries: { key: string; value: JsonNode }[] }
  | { kind: 'array'; items: JsonNode[] }
  | { kind: 'string'; value: string }
  | { kind: 'number'; raw: string }
  | { kind: 'literal'; raw: 'true' | 'false' | 'null' }

/** RFC 8259, one token at a place. */
const token =
  /[\t\n\r ]*(?:([{}[\],:])|("[^"\\]*(?:\\.[^"\\]*)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null))/y

/** @throws SyntaxError for text that is not one JSON value */
export function parseJson(text: string): JsonNode {
  let at = 0
  const fail = (): never => {
    throw new SyntaxError(`not JSON at character ${at}`)
  }
  const next = () => {
    token.lastIndex = at
    const match = token.exec(text)
    if (!match) return fail()
    at = token.lastIndex
    return match
  }
  const isNext = (mark: string) => {
    const before = at
    if (next()[1] === mark) return true
    at = before
    return false
  }
  const value = (): JsonNode => {
    const [, mark, string, number, literal] = next()
    if (string !== undefined) return { kind: 'string', value: JSON.parse(string) as string }
    if (number !== undefined) return { kind: 'number', raw: number }
    if (literal !== undefined) return { kind: 'literal', raw: literal as 'true' | 'false' | 'null' }
    if (mark === '{') {
      const entries: { key: string; value: JsonNode }[] = []
      if (isNext('}')) return { kind: 'object', entries }
      for (;;) {
        const key = next()[2]
        if (key === undefined || !isNext(':')) return fail()
        entries.push({ key: JSON.parse(key) as string, value: value() })
        if (isNext('}')) return { kind: 'object', entries }
        if (!isNext(',')) return fail()
      }
    }
    if (mark === '[') {
      const items: JsonNode[] = []
      if (isNext(']')) return { kind: 'array', items }
      for (;;) {
        items.push(value())
        if (isNext(']')) return { kind: 'array', items }
        if (!isNext(',')) return fail()
      }
    }
    return fail()
  }
  const root = value()
  if (text.slice(at).trim() !== '') fail()
  return root
}

/** Text of a tree, indented, exact. */
export function printJson(node: JsonNode, indent = ''): string {
  const inner = `${indent}  `
  switch (node.kind) {
    case 'string':
      return JSON.stringify(node.value)
    case 'number':
    case 'literal':
      return node.raw
    case 'array':
      return node.items.length === 0 ? '[]' : `[\n${node.items.map((n) => inner + printJson(n, inner)).join(',\n')}\n${indent}]`
    case 'object':
      return node.entries.length === 0
        ? '{}'
        : `{\n${node.entries.map((e) => `${inner}${JSON.stringify(e.key)}: ${printJson(e.value, inner)}`).join(',\n')}\n${indent}}`
  }
}

/**
 * JSON text as a flat index that keeps what the text says: numbers digit by digit (a 64-bit id stays exact), keys in their
 * order, also `1` before `0` and keys that stand there twice. `JSON.parse` keeps none of these. Nothing is copied out of the
 * text until it is shown, and nothing recurses: 10,000 levels and a million values are a list of numbers.
 */

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'literal'
const kindNames: readonly JsonKind[] = ['object', 'array', 'string', 'number', 'literal']
const [objectKind, arrayKind, stringKind, numberKind, literalKind] = [0, 1, 2, 3, 4]

/** Nodes are numbered as they stand in the text, the root is 0: a node's first child is the next one. */
export interface JsonIndex {
  readonly text: string
  /** How many nodes there are. */
  readonly count: number
  kind(node: number): JsonKind
  isBranch(node: number): boolean
  /** Of the branch around it; -1 for the root. */
  parent(node: number): number
  /** Branches around it; 0 for the root. */
  level(node: number): number
  /** Children of a branch; 0 for the rest. */
  size(node: number): number
  /** Which child of its branch it is, from 0. */
  place(node: number): number
  /** The first node that is neither it nor inside it; `count` where there is none. */
  after(node: number): number
  /** The name that it has in an object; null in an array and for the root. */
  key(node: number): string | null
  /** Where its own text begins in `text`. */
  start(node: number): number
  /** Its own text, exact. */
  raw(node: number): string
  /** Length of `raw`, without making it. */
  rawLength(node: number): number
}

/** Nodes between two chances to do something else. */
const nodesPerSlice = 2_000

/** @throws SyntaxError for text that is not one JSON value (RFC 8259) */
export function indexJson(text: string): JsonIndex {
  const work = indexingJson(text)
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

/** The same in slices: yields now and then, so that whoever runs it can let others go first. */
export function* indexingJson(text: string): Generator<void, JsonIndex> {
  const columns = createColumns()
  const { length } = text
  let at = 0
  let count = 0
  /** The branch that is open; its children come next. */
  let open = -1
  let level = 0

  const fail = (): never => {
    throw new SyntaxError(`not JSON at character ${at}`)
  }
  const skipSpace = () => {
    for (; at < length; at++) {
      const code = text.charCodeAt(at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    }
  }
  const skipString = () => {
    for (at++; at < length; at++) {
      const code = text.charCodeAt(at)
      if (code === 0x22) {
        at++
        return
      }
      if (code < 0x20) fail()
      if (code !== 0x5c) continue
      at++
      const escaped = text[at] ?? ''
      if (escaped === 'u') {
        if (!/^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) fail()
        at += 4
      } else if (escaped === '' || !'"\\/bfnrt'.includes(escaped)) fail()
    }
    fail()
  }

  for (;;) {
    // One value begins here.
    if (count % nodesPerSlice === nodesPerSlice - 1) yield
    const node = count++
    columns.makeRoom(count)
    let keyAt = -1
    skipSpace()
    if (open >= 0 && columns.kinds[open] === objectKind) {
      if (text[at] !== '"') fail()
      keyAt = at
      skipString()
      skipSpace()
      if (text[at] !== ':') fail()
      at++
      skipSpace()
    }
    columns.parents[node] = open
    columns.levels[node] = level
    columns.keys[node] = keyAt
    columns.starts[node] = at
    columns.places[node] = open < 0 ? 0 : (columns.sizes[open] as number)
    if (open >= 0) (columns.sizes[open] as number)++
    const first = text[at]
    if (first === '{' || first === '[') {
      columns.kinds[node] = first === '{' ? objectKind : arrayKind
      at++
      skipSpace()
      if (text[at] !== (first === '{' ? '}' : ']')) {
        open = node
        level++
        continue
      }
      at++
    } else if (first === '"') {
      columns.kinds[node] = stringKind
      skipString()
    } else {
      const word = wordAt(text, at)
      if (word === null) fail()
      columns.kinds[node] = word?.number ? numberKind : literalKind
      at += word?.length ?? 0
    }
    columns.ends[node] = at
    columns.afters[node] = count
    // It has ended; so may the branches around it.
    for (;;) {
      skipSpace()
      if (open < 0) {
        if (at !== length) fail()
        return viewOf(text, columns, count)
      }
      const mark = text[at]
      if (mark === ',') {
        at++
        break
      }
      if (mark !== (columns.kinds[open] === objectKind ? '}' : ']')) fail()
      at++
      columns.ends[open] = at
      columns.afters[open] = count
      open = columns.parents[open] as number
      level--
    }
  }
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

const literals: Partial<Record<string, string>> = { t: 'true', f: 'false', n: 'null' }

function wordAt(text: string, at: number): { number: boolean; length: number } | null {
  const literal = literals[text[at] ?? '']
  if (literal !== undefined) return text.startsWith(literal, at) ? { number: false, length: literal.length } : null
  number.lastIndex = at
  return number.test(text) ? { number: true, length: number.lastIndex - at } : null
}

/** Columns of numbers instead of objects: a payload of 2 MB may hold a million values. */
function createColumns() {
  let room = 1024
  const columns = {
    kinds: new Uint8Array(room),
    parents: new Int32Array(room),
    levels: new Int32Array(room),
    sizes: new Int32Array(room),
    places: new Int32Array(room),
    afters: new Int32Array(room),
    keys: new Int32Array(room),
    starts: new Int32Array(room),
    ends: new Int32Array(room),
    makeRoom(count: number) {
      if (count <= room) return
      room *= 2
      const larger = (before: Int32Array) => {
        const after = new Int32Array(room)
        after.set(before)
        return after
      }
      const kinds = new Uint8Array(room)
      kinds.set(columns.kinds)
      columns.kinds = kinds
      for (const name of ['parents', 'levels', 'sizes', 'places', 'afters', 'keys', 'starts', 'ends'] as const)
        columns[name] = larger(columns[name])
    },
  }
  return columns
}

function viewOf(text: string, columns: ReturnType<typeof createColumns>, count: number): JsonIndex {
  const of = (column: ArrayLike<number>, node: number) => column[node] as number
  return {
    text,
    count,
    kind: (node) => kindNames[of(columns.kinds, node)] as JsonKind,
    isBranch: (node) => of(columns.kinds, node) <= arrayKind,
    parent: (node) => of(columns.parents, node),
    level: (node) => of(columns.levels, node),
    size: (node) => of(columns.sizes, node),
    place: (node) => of(columns.places, node),
    after: (node) => of(columns.afters, node),
    key(node) {
      const from = of(columns.keys, node)
      // The key is the last thing before the value but white space and a colon, and its own end is not kept.
      return from < 0 ? null : stringOf(text.slice(from, text.lastIndexOf('"', of(columns.starts, node) - 1) + 1))
    },
    start: (node) => of(columns.starts, node),
    raw: (node) => text.slice(of(columns.starts, node), of(columns.ends, node)),
    rawLength: (node) => of(columns.ends, node) - of(columns.starts, node),
  }
}

/** What a JSON string says. */
export const stringOf = (raw: string): string => (raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1))

/** Where a node stands, as in `a.b[3].c`; names that are no plain words as in `["two words"]`; empty for the root. */
export function pathOf(index: JsonIndex, node: number): string {
  const parts: string[] = []
  for (let inner = node; inner > 0; inner = index.parent(inner)) {
    const key = index.key(inner)
    if (key === null) parts.push(`[${index.place(inner)}]`)
    else parts.push(/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`)
  }
  return parts.reverse().join('').replace(/^\./, '')
}

/** What of a JSON value is drawn as rows, what of it is covered, and where a text is in it. */
import { indexingJson, type JsonIndex, stringOf } from '../../../contract/exactJson.ts'
import { isSecretName } from '../../../contract/secretNames.ts'

export interface JsonTreeSource {
  index: JsonIndex
  /** Whether a node's name says that it holds a secret: covered, with all that is in it, until somebody asks to see it. */
  isSecret(node: number): boolean
}

/** Nodes looked at between two chances to do something else. */
const nodesPerSlice = 1_000
/** Levels that are open at first. */
const openLevels = 2
/** Names of which it is remembered whether they are secret: most stand there many times. */
const mostNames = 10_000

/** Reads JSON text for drawing. Throws SyntaxError where it is none. */
export function* readingTree(text: string): Generator<void, JsonTreeSource> {
  const index = yield* indexingJson(text)
  const known = new Map<string, boolean>()
  return {
    index,
    isSecret(node) {
      const key = index.key(node)
      if (key === null) return false
      let secret = known.get(key)
      if (secret === undefined) {
        secret = isSecretName(key)
        if (known.size < mostNames) known.set(key, secret)
      }
      return secret
    },
  }
}

/** Whether a node stands under a cover of its own: its name is a secret's, and nobody uncovered it or what is around it. */
export function isCovered({ index, isSecret }: JsonTreeSource, node: number, uncovered: ReadonlySet<number>): boolean {
  if (!isSecret(node)) return false
  if (uncovered.size > 0)
    for (let around = node; around >= 0; around = index.parent(around)) if (uncovered.has(around)) return false
  return true
}

/** Which branches are open at first: the outer ones. 1 is open. */
export function openAtFirst({ index }: JsonTreeSource): Uint8Array {
  const open = new Uint8Array(index.count)
  for (let node = 0; node < index.count; ) {
    if (!index.isBranch(node) || index.level(node) >= openLevels) node = index.after(node)
    else open[node++] = 1
  }
  return open
}

/** The nodes that are drawn, in order. */
export function rowsOf(tree: JsonTreeSource, open: Uint8Array, uncovered: ReadonlySet<number>): Int32Array {
  const { index, isSecret } = tree
  let rows = new Int32Array(256)
  let count = 0
  /** Up to here everything was uncovered with what is around it. */
  let free = 0
  for (let node = 0; node < index.count; ) {
    if (count === rows.length) {
      const larger = new Int32Array(rows.length * 2)
      larger.set(rows)
      rows = larger
    }
    rows[count++] = node
    if (uncovered.has(node)) free = Math.max(free, index.after(node))
    node = open[node] === 1 && (node < free || !isSecret(node)) ? node + 1 : index.after(node)
  }
  return rows.subarray(0, count)
}

/** The branches around a node open too, so that it has a row; the same ones where they are. */
export function openTo({ index }: JsonTreeSource, open: Uint8Array, node: number): Uint8Array {
  let next = open
  for (let around = index.parent(node); around >= 0; around = index.parent(around)) {
    if (next[around] === 1) continue
    if (next === open) next = open.slice()
    next[around] = 1
  }
  return next
}

/** Nodes whose name or value holds the text, whatever its case; what is covered is not looked into. */
export function* findingNodes(
  { index, isSecret }: JsonTreeSource,
  wanted: string,
  uncovered: ReadonlySet<number>,
): Generator<void, number[]> {
  const needle = wanted.toLowerCase()
  const found: number[] = []
  let looked = 0
  let free = 0
  for (let node = 0; node < index.count; ) {
    if (++looked % nodesPerSlice === 0) yield
    if (uncovered.has(node)) free = Math.max(free, index.after(node))
    const covered = node >= free && isSecret(node)
    const inName = index.key(node)?.toLowerCase().includes(needle) ?? false
    if (inName || (!covered && !index.isBranch(node) && valueText(index, node).toLowerCase().includes(needle))) found.push(node)
    node = covered ? index.after(node) : node + 1
  }
  return found
}

export interface ShownText {
  text: string
  /** Secrets that stand there as `placeholder`. */
  covered: number
}

/** What stands for a covered value in a copied text: JSON as well. */
export const placeholder = '"[covered]"'

/** A node's text as it is on the screen: exact, but that what is covered stays so. Still JSON, of the same shape. */
export function* shownText(
  { index, isSecret }: JsonTreeSource,
  of: number,
  uncovered: ReadonlySet<number>,
): Generator<void, ShownText> {
  const end = index.after(of)
  const parts: string[] = []
  let from = index.start(of)
  let covered = 0
  let looked = 0
  /** Up to here everything was uncovered with what is around it. */
  let free = 0
  for (let around = of; around >= 0; around = index.parent(around)) if (uncovered.has(around)) free = end
  for (let node = of; node < end; ) {
    if (++looked % nodesPerSlice === 0) yield
    if (uncovered.has(node)) free = Math.max(free, index.after(node))
    if (node < free || !isSecret(node)) {
      node++
      continue
    }
    parts.push(index.text.slice(from, index.start(node)), placeholder)
    from = index.start(node) + index.rawLength(node)
    covered++
    node = index.after(node)
  }
  parts.push(index.text.slice(from, index.start(of) + index.rawLength(of)))
  return { text: parts.join(''), covered }
}

/** The names and values of a JSON text as a reader searches them, without its secrets; as it is where it is no JSON. */
export function wordsInSight(json: string): string {
  try {
    const { index, isSecret } = atOnce(readingTree(json))
    const words: string[] = []
    for (let node = 0; node < index.count; ) {
      const secret = isSecret(node)
      const key = index.key(node)
      if (key !== null) words.push(key)
      if (!secret && !index.isBranch(node)) words.push(valueText(index, node))
      node = secret ? index.after(node) : node + 1
    }
    return words.join('\n')
  } catch {
    return json
  }
}

/** Runs work that yields to its end, for texts whose reading nobody notices. Throws what it throws. */
export function atOnce<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

/** A value as a reader searches it: a string by what it says. */
export const valueText = (index: JsonIndex, node: number): string =>
  index.kind(node) === 'string' ? stringOf(index.raw(node)) : index.raw(node)

/** The row of a node in the rows, by halving: rows are in the order of nodes. -1 where it has none. */
export function rowOf(rows: Int32Array, node: number): number {
  let low = 0
  let high = rows.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const at = rows[middle] as number
    if (at === node) return middle
    if (at < node) low = middle + 1
    else high = middle - 1
  }
  return -1
}

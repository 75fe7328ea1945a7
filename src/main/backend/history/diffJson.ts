import type { DiffEntry } from '../../../contract/diff.ts'
import { indexJson, type JsonIndex, stringOf } from '../../../contract/exactJson.ts'
import { isSecretName } from '../../../contract/secretNames.ts'
import { cutPath } from './cutPath.ts'
import { difference, isSameNumber } from './decimals.ts'

/** Entries of each sort (differing, same) that are told one by one; the rest is counted. */
const mostEntries = 500
/** Characters of a value in an entry. */
const longestText = 300
/** Characters of a double at its longest, such as `-1.2345678901234567e-300`. */
const longestDouble = 24
/** By these an item of a list is known again, wherever in the list it stands; the first that names all items without doubt. */
const names = ['name', 'column', 'label', 'step', 'metric', 'environment', 'id']

interface Options {
  /** Whether secrets are told. */
  reveal: boolean
  /** Whether more of a number is better, by its path; null where nobody can say. */
  higherIsBetter?(path: string): boolean | null
}

export interface JsonDiff {
  /** What differs first. */
  entries: DiffEntry[]
  differing: number
  same: number
}

/** One value to compare; -1 where the side has none. */
interface Pair {
  left: number
  right: number
  path: string
  covered: boolean
}

/**
 * Compares two JSON texts value by value; null stands for a side that has nothing. Numbers that are written differently and
 * are the same (`1.0`, `1`) are the same. Nothing recurses, so no depth breaks it.
 * @throws SyntaxError when one of them is no JSON
 */
export function diffJson(leftText: string | null, rightText: string | null, { reveal, higherIsBetter }: Options): JsonDiff {
  const left = leftText === null ? null : indexJson(leftText)
  const right = rightText === null ? null : indexJson(rightText)
  const differing: DiffEntry[] = []
  const same: DiffEntry[] = []
  const counts = { differing: 0, same: 0 }
  const pairs: Pair[] = [{ left: left ? 0 : -1, right: right ? 0 : -1, path: '', covered: false }]

  const shown = (index: JsonIndex | null, node: number, covered: boolean) =>
    index === null || node < 0 || (covered && !reveal) ? null : cut(index.raw(node))
  const tell = (pair: Pair, kind: DiffEntry['kind']) => {
    const list = kind === 'same' ? same : differing
    counts[kind === 'same' ? 'same' : 'differing']++
    if (list.length === mostEntries) return
    const { path, covered } = pair
    list.push({
      ...{ path: cutPath(path), kind, covered },
      left: shown(left, pair.left, covered),
      right: shown(right, pair.right, covered),
      change: kind === 'changed' && (!covered || reveal) ? changeOf(left, right, pair, higherIsBetter?.(path) ?? null) : null,
    })
  }

  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    if (pair.left < 0 && pair.right < 0) continue
    const branches = [childrenOf(left, pair.left), childrenOf(right, pair.right)] as const
    const [ofLeft, ofRight] = branches
    const unlike = pair.left >= 0 && pair.right >= 0 && left?.kind(pair.left) !== right?.kind(pair.right)
    if (unlike && (ofLeft || ofRight)) {
      // A value became a list or an object, or the other way round: all of one goes, all of the other comes.
      pairs.push({ ...pair, left: -1 }, { ...pair, right: -1 })
    } else if (ofLeft || ofRight) {
      pairs.push(...aligned(pair, { index: left, nodes: ofLeft ?? [] }, { index: right, nodes: ofRight ?? [] }).reverse())
    } else if (pair.left < 0) tell(pair, 'added')
    else if (pair.right < 0) tell(pair, 'removed')
    else tell(pair, left && right && isSame(left, pair.left, right, pair.right) ? 'same' : 'changed')
  }
  return { entries: [...differing, ...same], ...counts }
}

const cut = (text: string) => (text.length > longestText ? `${text.slice(0, longestText)}…` : text)

/** null for what has no inside: a value, an empty list, nothing. */
function childrenOf(index: JsonIndex | null, node: number): number[] | null {
  if (index === null || node < 0 || !index.isBranch(node) || index.size(node) === 0) return null
  const children: number[] = []
  for (let child = node + 1; child < index.after(node); child = index.after(child)) children.push(child)
  return children
}

interface Side {
  index: JsonIndex | null
  nodes: number[]
}

/** Children that mean the same beside each other, in the left side's order, then what only the right side has. */
function aligned({ left, right, path, covered }: Pair, ofLeft: Side, ofRight: Side): Pair[] {
  const some = ofLeft.nodes.length > 0 ? { ...ofLeft, node: left } : { ...ofRight, node: right }
  const isList = some.index?.kind(some.node) === 'array'
  const labels = isList ? labelsOfItems(ofLeft, ofRight) : { left: labelsOfFields(ofLeft), right: labelsOfFields(ofRight) }
  const others = new Map(labels.right.map((label, at) => [label, ofRight.nodes[at] ?? -1]))
  const pairOf = (label: string, leftNode: number, rightNode: number): Pair => {
    const index = leftNode >= 0 ? ofLeft.index : ofRight.index
    const key = index?.key(leftNode >= 0 ? leftNode : rightNode) ?? null
    return {
      left: leftNode,
      right: rightNode,
      path:
        key === null
          ? `${path}[${label}]`
          : /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(label)
            ? joined(path, label)
            : `${path}[${JSON.stringify(label)}]`,
      covered: covered || (key !== null && isSecretName(key)),
    }
  }
  const pairs = labels.left.map((label, at) => {
    const other = others.get(label) ?? -1
    others.delete(label)
    return pairOf(label, ofLeft.nodes[at] ?? -1, other)
  })
  return [...pairs, ...[...others].map(([label, node]) => pairOf(label, -1, node))]
}

const joined = (path: string, name: string) => (path === '' ? name : `${path}.${name}`)

/** A name that stands there twice is told apart by its number; where another has that very name, by the next one. */
function labelsOfFields({ index, nodes }: Side): string[] {
  const keys = nodes.map((node) => index?.key(node) ?? '')
  const taken = new Set(keys)
  const seen = new Map<string, number>()
  return keys.map((key) => {
    const before = seen.get(key)
    let times = (before ?? 0) + 1
    if (before !== undefined) while (taken.has(`${key} (${times})`)) times++
    seen.set(key, times)
    const label = before === undefined ? key : `${key} (${times})`
    taken.add(label)
    return label
  })
}

/** Items by what names each of them on both sides, else by where they stand. */
function labelsOfItems(left: Side, right: Side): { left: string[]; right: string[] } {
  for (const name of names) {
    const [ofLeft, ofRight] = [named(left, name), named(right, name)]
    if (ofLeft && ofRight) return { left: ofLeft, right: ofRight }
  }
  return { left: left.nodes.map((_, at) => String(at)), right: right.nodes.map((_, at) => String(at)) }
}

/** What a field says in each of the items; null where one has no such text, or two have the same. */
function named({ index, nodes }: Side, field: string): string[] | null {
  const found = nodes.map((node) => {
    const child = index && childrenOf(index, node)?.find((inner) => index.key(inner) === field)
    return index && child !== undefined && child !== null && index.kind(child) === 'string' ? stringOf(index.raw(child)) : null
  })
  const texts = found.filter((text) => text !== null)
  return texts.length === nodes.length && new Set(texts).size === texts.length ? texts : null
}

function isSame(left: JsonIndex, leftNode: number, right: JsonIndex, rightNode: number): boolean {
  const [a, b] = [left.raw(leftNode), right.raw(rightNode)]
  if (a === b) return true
  const kind = left.kind(leftNode)
  if (kind !== right.kind(rightNode)) return false
  if (kind === 'string') return stringOf(a) === stringOf(b)
  if (kind === 'number') return isSameNumber(a, b)
  return left.isBranch(leftNode) // two lists or objects without anything in them
}

function changeOf(
  left: JsonIndex | null,
  right: JsonIndex | null,
  pair: Pair,
  higherIsBetter: boolean | null,
): DiffEntry['change'] {
  if (!left || !right || left.kind(pair.left) !== 'number' || right.kind(pair.right) !== 'number') return null
  const [a, b] = [left.raw(pair.left), right.raw(pair.right)]
  const by = difference(a, b)
  // Told as digits it would be longer than what it is about.
  if (by === null || by.length > longestText) return null
  const share = Number(by) / Math.abs(Number(a))
  // What doubles add by themselves behind the twelfth digit says nothing to a reader.
  const ofDoubles = by.includes('.') && Math.max(a.length, b.length) <= longestDouble
  return {
    by: ofDoubles ? String(Number(Number(by).toPrecision(12))) : by,
    share: Number.isFinite(share) ? share : null,
    better: higherIsBetter === null || by === '0' ? null : by.startsWith('-') !== higherIsBetter,
  }
}

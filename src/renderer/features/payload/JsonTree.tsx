import { useVirtualizer } from '@tanstack/react-virtual'
import { ChevronDown, ChevronRight, ChevronUp, Copy, Eye, Route as PathSign, WrapText } from 'lucide-react'
import { type KeyboardEvent, useCallback, useEffect, useId, useMemo, useRef, useState } from 'react'
import { type JsonIndex, pathOf, stringOf } from '../../../contract/exactJson.ts'
import { IconButton } from '../../ui/Button.tsx'
import type { Copied } from '../../ui/Copy.tsx'
import { count, middleCut } from '../../ui/format.ts'
import { inSlices } from '../../ui/slices.ts'
import { nameInRow, stringInRow } from './inOneRow.ts'
import { LongText } from './LongText.tsx'
import { coveredWords } from './reading.ts'
import { findingNodes, isCovered, type JsonTreeSource, openAtFirst, openTo, rowOf, rowsOf, shownText } from './tree.ts'

const rowHeight = 20
/** Deeper ones are drawn no further to the right. */
const mostIndents = 24
/** Characters of a value in its row; the rest is read in its own place. */
const inRow = 300
/** With fewer values everything is in sight. */
const worthSearching = 8

/** How long it is said what was copied; whoever cannot see has it told at once. */
const toldMs = 6_000
/** What was copied, or why not; in sight where it is more than was asked for. */
const nothingTold = { words: '', inSight: false }

interface Props {
  tree: JsonTreeSource
  label: string
  /** Covered nodes that somebody asked to see. */
  uncovered: ReadonlySet<number>
  /** With all that is in it: whoever asks has seen that it is a secret. */
  uncover(node: number): void
}

/** A JSON value as rows that fold, exact to the digit, with a search. Only the rows in sight are drawn. */
export function JsonTree({ tree, label, uncovered, uncover }: Props) {
  const { index } = tree
  const id = useId()
  const [open, setOpen] = useState(() => openAtFirst(tree))
  const [current, setCurrent] = useState(0)
  const [whole, setWhole] = useState<number | null>(null)
  const [told, setTold] = useState(nothingTold)
  /** What a search went to; scrolled to once. */
  const [shown, setShown] = useState<{ node: number } | null>(null)
  const [drawn, setDrawn] = useState(tree)
  if (drawn !== tree) {
    // Another value begins anew (https://react.dev/reference/react/useState#storing-information-from-previous-renders).
    setDrawn(tree)
    setOpen(openAtFirst(tree))
    setCurrent(0)
    setWhole(null)
    setShown(null)
    setTold(nothingTold)
  }
  useEffect(() => {
    if (told === nothingTold) return
    const timer = setTimeout(() => setTold(nothingTold), toldMs)
    return () => clearTimeout(timer)
  }, [told])
  const scroller = useRef<HTMLDivElement>(null)
  const searchField = useRef<HTMLInputElement>(null)
  const rows = useMemo(() => rowsOf(tree, open, uncovered), [tree, open, uncovered])
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  })
  const covers = (node: number) => isCovered(tree, node, uncovered)

  const go = (node: number) => {
    setCurrent(node)
    const row = rowOf(rows, node)
    if (row >= 0) virtual.scrollToIndex(row, { align: 'auto' })
  }
  const show = (node: number) => {
    setOpen(openTo(tree, open, node))
    setCurrent(node)
    setShown({ node })
  }
  // Its row is there once what is around it is open.
  useEffect(() => {
    if (shown === null) return
    const row = rowOf(rows, shown.node)
    if (row < 0) return
    virtual.scrollToIndex(row, { align: 'center' })
    setShown(null)
  }, [shown, rows, virtual])
  const fold = (node: number, to: boolean) => {
    const next = open.slice()
    next[node] = to ? 1 : 0
    setOpen(next)
  }
  const copy = async (text: () => Promise<Copied>, what: string) => {
    try {
      const { text: whole, note } = await text()
      await navigator.clipboard.writeText(whole)
      setTold({ words: note === null ? `Copied ${what}` : `Copied ${what}: ${note}`, inSight: note !== null })
    } catch {
      setTold({ words: 'The clipboard refused it', inSight: true })
    }
  }
  const copyPath = (node: number) => {
    const path = pathOf(index, node)
    void copy(
      async () => ({ text: path, note: null }),
      path === '' ? 'an empty path: it is the whole value' : middleCut(path, 60),
    )
  }
  /** A string's text, anything else as it stands there; what is covered in it stays so. */
  const copyValue = (node: number) => {
    if (covers(node)) return setTold({ words: 'It is covered: show it first', inSight: true })
    void copy(async () => {
      if (index.kind(node) === 'string') return { text: stringOf(index.raw(node)), note: null }
      const shown = await inSlices(shownText(tree, node, uncovered))
      return { text: shown.text, note: coveredWords(shown) }
    }, 'the value')
  }
  const act = (node: number) => {
    if (covers(node)) uncover(node)
    else if (index.isBranch(node)) fold(node, open[node] !== 1)
    else if (isLong(node)) setWhole(whole === node ? null : node)
  }
  const isLong = (node: number) => index.kind(node) === 'string' && index.rawLength(node) > inRow

  /** The ARIA Authoring Practices' keys of a tree; `c` and `p` copy, `/` searches. */
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const row = Math.max(0, rowOf(rows, current))
    const at = (next: number) => go(rows[Math.min(rows.length - 1, Math.max(0, next))] ?? 0)
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 1)
    const isOpen = index.isBranch(current) && open[current] === 1 && !covers(current)
    const keys: Record<string, () => void> = {
      ArrowDown: () => at(row + 1),
      ArrowUp: () => at(row - 1),
      PageDown: () => at(row + page),
      PageUp: () => at(row - page),
      Home: () => at(0),
      End: () => at(rows.length - 1),
      ArrowRight() {
        if (covers(current) || !index.isBranch(current)) return
        if (isOpen) at(row + 1)
        else fold(current, true)
      },
      ArrowLeft() {
        if (isOpen && index.size(current) > 0) fold(current, false)
        else if (current > 0) go(index.parent(current))
      },
      Enter: () => act(current),
      ' ': () => act(current),
      c: () => copyValue(current),
      p: () => copyPath(current),
      '/': () => searchField.current?.focus(),
    }
    const run = keys[event.key]
    if (!run) return
    event.preventDefault()
    event.stopPropagation()
    run()
  }

  const items = virtual.getVirtualItems()
  const searchable = index.count > worthSearching
  const [needle, setNeedle] = useState('')
  return (
    <div className="json">
      {searchable ? (
        <div className="json-tools">
          <TreeSearch
            {...{ tree, uncovered, needle, setNeedle, show }}
            field={searchField}
            backToTree={() => scroller.current?.focus()}
          />
          <span className="grow" />
          <button type="button" className="button link small" onClick={() => setOpen(new Uint8Array(index.count).fill(1))}>
            Unfold all
          </button>
          <button
            type="button"
            className="button link small"
            onClick={() => {
              const closed = new Uint8Array(index.count)
              closed[0] = 1
              setOpen(closed)
              setCurrent(0)
            }}
          >
            Fold all
          </button>
        </div>
      ) : null}
      <div
        ref={scroller}
        role="tree"
        aria-label={label}
        className="json-tree scroll"
        tabIndex={0}
        onKeyDown={onKeyDown}
        aria-activedescendant={items.some((item) => rows[item.index] === current) ? `${id}-${current}` : undefined}
      >
        <div role="presentation" className="json-space" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const node = rows[item.index] as number
            const branch = index.isBranch(node)
            const covered = covers(node)
            const isOpen = branch && open[node] === 1
            const parent = index.parent(node)
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the focus and all the keys
              <div
                key={item.key}
                id={`${id}-${node}`}
                role="treeitem"
                tabIndex={-1}
                aria-level={index.level(node) + 1}
                aria-posinset={index.place(node) + 1}
                aria-setsize={parent < 0 ? 1 : index.size(parent)}
                aria-selected={node === current}
                aria-expanded={branch && !covered ? isOpen : undefined}
                className="json-row"
                style={{ transform: `translateY(${item.start}px)`, paddingLeft: indent(index.level(node)) }}
                onClick={() => {
                  setCurrent(node)
                  scroller.current?.focus({ preventScroll: true })
                  if (branch && !covered) fold(node, !isOpen)
                }}
              >
                <span className="json-sign">
                  {branch && !covered ? (
                    isOpen ? (
                      <ChevronDown size={12} aria-hidden />
                    ) : (
                      <ChevronRight size={12} aria-hidden />
                    )
                  ) : null}
                </span>
                {index.level(node) > mostIndents ? <span className="brief">{`level ${index.level(node)} `}</span> : null}
                <Name name={index.key(node) ?? (parent < 0 ? null : `${index.place(node)}`)} needle={needle} />
                {covered ? (
                  <Covered onShow={() => uncover(node)} />
                ) : branch ? (
                  <span className="brief">{briefOf(index.kind(node) === 'array', index.size(node))}</span>
                ) : (
                  <span className={index.kind(node)}>
                    <Marked text={valueInRow(index, node)} needle={needle} />
                    {isLong(node) ? <span className="brief">{` ${count(index.rawLength(node) - 2)} characters`}</span> : null}
                  </span>
                )}
                {node === current ? (
                  <span className="json-actions">
                    {isLong(node) && !covered ? (
                      <RowAction label="Read it whole (Enter)" onPress={() => setWhole(whole === node ? null : node)}>
                        <WrapText size={12} aria-hidden />
                      </RowAction>
                    ) : null}
                    <RowAction label={`Copy path ${middleCut(pathOf(index, node), 80)} (p)`} onPress={() => copyPath(node)}>
                      <PathSign size={12} aria-hidden />
                    </RowAction>
                    <RowAction label="Copy value (c)" onPress={() => copyValue(node)}>
                      <Copy size={12} aria-hidden />
                    </RowAction>
                  </span>
                ) : null}
              </div>
            )
          })}
        </div>
      </div>
      <p className={told.inSight ? 'json-told' : 'sr-only'} role="status">
        {told.words}
      </p>
      {whole !== null ? (
        <div className="json-whole">
          <p className="json-whole-head">
            <code className="ellipsis">{pathOf(index, whole) || 'The whole value'}</code>
            <button type="button" className="button link small" onClick={() => setWhole(null)}>
              Close
            </button>
          </p>
          <LongText key={whole} text={stringOf(index.raw(whole))} label={pathOf(index, whole)} />
        </div>
      ) : null}
    </div>
  )
}

const indent = (level: number) => 4 + Math.min(level, mostIndents) * 14
const briefOf = (isArray: boolean, size: number) => (isArray ? `[${count(size)}]` : `{${count(size)}}`)
function valueInRow(index: JsonIndex, node: number): string {
  const raw = index.raw(node)
  if (index.kind(node) === 'string') return stringInRow(raw, inRow)
  return raw.length > inRow ? `${raw.slice(0, inRow)}…` : raw
}

function Name({ name, needle }: { name: string | null; needle: string }) {
  if (name === null) return null
  return (
    <span className="key">
      <Marked text={nameInRow(name, inRow)} needle={needle} />
      {': '}
    </span>
  )
}

/** The text with what was searched for marked in it. */
function Marked({ text, needle }: { text: string; needle: string }) {
  if (needle === '') return text
  const at = text.toLowerCase().indexOf(needle.toLowerCase())
  if (at < 0) return text
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + needle.length)}</mark>
      {text.slice(at + needle.length)}
    </>
  )
}

function Covered({ onShow }: { onShow: () => void }) {
  return (
    <span className="json-covered">
      <span aria-hidden>••••••</span>
      <span className="sr-only">covered, as its name says that it is a secret</span>
      <RowAction label="Show it (Enter)" onPress={onShow}>
        <Eye size={12} aria-hidden />
      </RowAction>
    </span>
  )
}

/** Out of the order of Tab: the tree's own keys do the same. */
function RowAction({ label, onPress, children }: { label: string; onPress: () => void; children: React.ReactNode }) {
  return (
    <button
      type="button"
      className="json-action"
      tabIndex={-1}
      aria-label={label}
      title={label}
      onClick={(event) => {
        event.stopPropagation()
        onPress()
      }}
    >
      {children}
    </button>
  )
}

interface SearchProps {
  tree: JsonTreeSource
  uncovered: ReadonlySet<number>
  needle: string
  setNeedle(needle: string): void
  show(node: number): void
  field: React.RefObject<HTMLInputElement | null>
  backToTree(): void
}

/** Names and values that hold a text; Enter goes to the next, Shift+Enter to the one before. */
function TreeSearch({ tree, uncovered, needle, setNeedle, show, field, backToTree }: SearchProps) {
  const [found, setFound] = useState<number[] | null>(null)
  const [at, setAt] = useState(-1)
  const showRef = useRef(show)
  showRef.current = show
  const goTo = useCallback((nodes: number[], next: number) => {
    setAt(next)
    const node = nodes[next]
    if (node !== undefined) showRef.current(node)
  }, [])
  useEffect(() => {
    setFound(null)
    setAt(-1)
    if (needle === '') return
    const stop = new AbortController()
    void inSlices(findingNodes(tree, needle, uncovered), stop.signal).then(
      (nodes) => {
        setFound(nodes)
        goTo(nodes, nodes.length > 0 ? 0 : -1)
      },
      () => undefined, // another text is searched for by now
    )
    return () => stop.abort()
  }, [tree, needle, uncovered, goTo])
  const step = (by: number) => {
    if (found && found.length > 0) goTo(found, (at + by + found.length) % found.length)
  }
  return (
    <>
      <input
        ref={field}
        type="search"
        className="input small"
        placeholder="Name or value"
        aria-label="Search in this value"
        value={needle}
        onChange={(event) => setNeedle(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') step(event.shiftKey ? -1 : 1)
          else if (event.key === 'ArrowDown' || (event.key === 'Escape' && needle === '')) backToTree()
          else if (event.key === 'Escape') setNeedle('')
          else return
          event.preventDefault()
          event.stopPropagation()
        }}
      />
      <span className="faint nowrap json-count" role="status">
        {needle === ''
          ? ''
          : found === null
            ? 'Searching'
            : found.length === 0
              ? 'Not in it'
              : `${count(at + 1)} of ${count(found.length)}`}
      </span>
      {found && found.length > 1 ? (
        <>
          <IconButton size="small" label="Match before (Shift+Enter)" onPress={() => step(-1)}>
            <ChevronUp size={13} aria-hidden />
          </IconButton>
          <IconButton size="small" label="Next match (Enter)" onPress={() => step(1)}>
            <ChevronDown size={13} aria-hidden />
          </IconButton>
        </>
      ) : null}
    </>
  )
}

/** A payload's value: had where it is not at hand, and read for drawing without holding up anybody. */
import { useEffect, useMemo, useState } from 'react'
import type { PayloadView } from '../../../contract/model.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { plural } from '../../ui/format.ts'
import { problemText } from '../../ui/problem.ts'
import { inSlices } from '../../ui/slices.ts'
import { bytesOf } from './bytes.ts'
import { atOnce, type JsonTreeSource, readingTree, type ShownText } from './tree.ts'

export type Value =
  | { kind: 'reading' }
  | { kind: 'tree'; tree: JsonTreeSource }
  | { kind: 'text'; text: string; noJson?: string }
  | { kind: 'bytes' }
  | { kind: 'problem'; words: string; late: boolean }

const reading: Value = { kind: 'reading' }

/** What a payload says, as soon as it was read. */
export function useValue(payload: PayloadView): Value {
  const { json, plain, unreadable, late, holds, textApart } = payload
  const isJson = json !== null || (plain === null && holds !== null && holds.encoding.startsWith('json/'))
  const isApart = textApart || (isJson && json === null)
  const had = useFetched(unreadable === null && isApart ? payload : null)
  const read = useJson(json ?? (isJson ? had.text : null))
  if (unreadable !== null) return { kind: 'problem', words: unreadable, late: late ?? false }
  if (isApart && had.problem !== null)
    return { kind: 'problem', words: `This value could not be read: ${had.problem}`, late: false }
  if (isJson) return read
  if (textApart && plain === null) return had.text === null ? reading : { kind: 'text', text: had.text }
  if (plain !== null) return { kind: 'text', text: plain }
  if (holds !== null) return { kind: 'bytes' }
  return { kind: 'problem', words: 'This value could not be decoded.', late: false }
}

/** A byte order mark belongs to the value. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** A value that was too large for the answer that told of it. */
function useFetched(payload: PayloadView | null): { text: string | null; problem: string | null } {
  const { connection } = useConsole()
  const workflowId = useIn('run', (s) => s.id) ?? ''
  const [text, setText] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    setText(null)
    setProblem(null)
    if (payload === null) return
    let over = false
    bytesOf(connection, workflowId, payload, 'decoded')
      .whole()
      .then(
        (bytes) => over || setText(utf8.decode(bytes)),
        (cause) => over || setProblem(problemText(cause)),
      )
    return () => {
      over = true
    }
  }, [connection, workflowId, payload])
  return { text, problem }
}

/** Up to here a text is read before it is drawn, which nobody notices; a longer one in slices beside the drawing. */
const shortText = 50_000

function useJson(text: string | null): Value {
  const small = useMemo(() => (text !== null && text.length <= shortText ? readAtOnce(text) : null), [text])
  const [large, setLarge] = useState<{ text: string; value: Value } | null>(null)
  useEffect(() => {
    if (text === null || text.length <= shortText) return
    const stop = new AbortController()
    inSlices(readingTree(text), stop.signal).then(
      (tree) => setLarge({ text, value: { kind: 'tree', tree } }),
      (cause) => stop.signal.aborted || setLarge({ text, value: asText(text, cause) }),
    )
    return () => stop.abort()
  }, [text])
  return small ?? (large !== null && large.text === text ? large.value : reading)
}

/** It calls itself JSON and is none: a text all the same. */
const asText = (text: string, cause: unknown): Value => ({
  kind: 'text',
  text,
  noJson: `It calls itself JSON and is none${cause instanceof SyntaxError ? ` (${cause.message})` : ''}. This is its text as it is.`,
})

function readAtOnce(text: string): Value {
  try {
    return { kind: 'tree', tree: atOnce(readingTree(text)) }
  } catch (cause) {
    return asText(text, cause)
  }
}

/** Which covered nodes of a value somebody asked to see; another value begins anew. */
export function useUncovered(value: Value): [ReadonlySet<number>, (node: number) => void] {
  const tree = value.kind === 'tree' ? value.tree : null
  const [asked, setAsked] = useState<{ tree: JsonTreeSource | null; nodes: ReadonlySet<number> }>({ tree, nodes: none })
  const nodes = asked.tree === tree ? asked.nodes : none
  return [nodes, (node) => setAsked({ tree, nodes: new Set([...nodes, node]) })]
}
const none: ReadonlySet<number> = new Set()

/** What has to be said of a copied text; null where all of it is in it. */
export const coveredWords = ({ covered }: ShownText): string | null =>
  covered === 0 ? null : `${plural(covered, 'secret')} ${covered === 1 ? 'stays' : 'stay'} covered in it`

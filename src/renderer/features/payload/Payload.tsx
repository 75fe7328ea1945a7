import { CircleAlert, LockKeyhole, LockKeyholeOpen } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import type { PayloadView } from '../../../contract/model.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { CopyButton } from '../../ui/Copy.tsx'
import { bytesWords } from '../../ui/format.ts'
import { problemText } from '../../ui/problem.ts'
import { inSlices } from '../../ui/slices.ts'
import { Bytes } from './Bytes.tsx'
import { bytesOf } from './bytes.ts'
import { JsonTree } from './JsonTree.tsx'
import { LongText } from './LongText.tsx'
import { type JsonTreeSource, readingTree } from './tree.ts'
import './payload.css'

/** One payload, wherever the console shows one: as it reads and as Temporal holds it, or why it cannot be read. */
export function Payload({ title, payload }: { title: string; payload: PayloadView }) {
  const [stored, setStored] = useState(false)
  const text = payload.json ?? payload.plain
  return (
    <section className="payload" aria-label={title}>
      <div className="payload-head">
        <span className="payload-title">{title}</span>
        <Lock payload={payload} />
        <span className="faint ellipsis" title={factsOf(payload, title)}>
          {factsOf(payload, title)}
        </span>
        <span className="grow" />
        <button type="button" className="button link small nowrap" aria-pressed={stored} onClick={() => setStored(!stored)}>
          {stored ? 'As you see it' : 'As Temporal sees it'}
        </button>
        {text !== null ? (
          <CopyButton text={text} what={`the ${title.toLowerCase()}${payload.json === null ? '' : ' as JSON'}`} />
        ) : null}
      </div>
      {stored ? <Bytes payload={payload} part="stored" /> : <Value payload={payload} title={title} />}
    </section>
  )
}

/** What it is encoded as, outside and inside, and its size. */
function factsOf({ label, encoding, holds, sizeBytes }: PayloadView, title: string): string {
  const inside = holds && holds.encoding !== encoding ? ` of ${holds.encoding}` : ''
  return [label === title ? null : label, `${encoding}${inside}`, holds?.messageType, bytesWords(sizeBytes)]
    .filter(Boolean)
    .join(' · ')
}

/** Sealed or not, and with which key; in words for whoever does not see the sign. */
function Lock({ payload }: { payload: PayloadView }) {
  const sealed = payload.encoding === sealedEncoding
  return (
    <span className="payload-lock nowrap" title={sealed ? 'Temporal holds it sealed' : 'Temporal holds it in clear'}>
      {sealed ? (
        <LockKeyhole size={12} className="tone-good" aria-hidden />
      ) : (
        <LockKeyholeOpen size={12} className="tone-bad" aria-hidden />
      )}
      {sealed ? <code>{payload.keyId ?? 'no key named'}</code> : <span className="tone-bad">in clear</span>}
      <span className="sr-only">{sealed ? ' sealed' : ''}</span>
    </span>
  )
}
const sealedEncoding = 'binary/encrypted'

function Value({ payload, title }: { payload: PayloadView; title: string }) {
  const { json, plain, unreadable, late, holds } = payload
  if (late) return <p className="faint">{unreadable}</p>
  if (unreadable !== null) return <Problem text={unreadable} />
  if (json !== null) return <JsonValue text={json} title={title} />
  if (plain !== null) return <LongText text={plain} label={title} />
  if (holds?.encoding.startsWith('json/')) return <FetchedValue payload={payload} title={title} />
  if (holds !== null) return <Bytes payload={payload} part="decoded" />
  return <Problem text="This value could not be decoded." />
}

const Problem = ({ text }: { text: string }) => (
  <p className="error-text">
    <CircleAlert size={13} aria-hidden />
    <span>{text}</span>
  </p>
)

/** A value that was too large for the answer that told of it. */
function FetchedValue({ payload, title }: { payload: PayloadView; title: string }) {
  const { connection } = useConsole()
  const workflowId = useIn('run', (s) => s.id) ?? ''
  const [text, setText] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let over = false
    bytesOf(connection, workflowId, payload, 'decoded')
      .whole()
      .then(
        (bytes) => over || setText(new TextDecoder().decode(bytes)),
        (cause) => over || setProblem(problemText(cause)),
      )
    return () => {
      over = true
    }
  }, [connection, workflowId, payload])
  if (problem !== null) return <Problem text={`This value could not be read: ${problem}`} />
  return text === null ? <span className="skeleton" style={{ width: '60%' }} /> : <JsonValue text={text} title={title} />
}

/** Up to here a text is read before it is drawn, which nobody notices; a longer one in slices beside the drawing. */
const atOnce = 50_000

function JsonValue({ text, title }: { text: string; title: string }) {
  const small = useMemo(() => (text.length <= atOnce ? readAtOnce(text) : null), [text])
  const [large, setLarge] = useState<{ text: string; tree: JsonTreeSource | 'text' } | null>(null)
  useEffect(() => {
    if (text.length <= atOnce) return
    const stop = new AbortController()
    inSlices(readingTree(text), stop.signal).then(
      (tree) => setLarge({ text, tree }),
      () => stop.signal.aborted || setLarge({ text, tree: 'text' }),
    )
    return () => stop.abort()
  }, [text])
  const read = small ?? (large?.text === text ? large.tree : null)
  if (read === null) return <span className="skeleton" style={{ width: '60%' }} />
  // It calls itself JSON and is none: a text all the same.
  return read === 'text' ? <LongText text={text} label={title} /> : <JsonTree tree={read} label={title} />
}

function readAtOnce(text: string): JsonTreeSource | 'text' {
  try {
    const work = readingTree(text)
    for (;;) {
      const { done, value } = work.next()
      if (done) return value
    }
  } catch {
    return 'text'
  }
}

import { CircleAlert, Eye, LockKeyhole, LockKeyholeOpen } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { PayloadView } from '../../../contract/model.ts'
import { Button } from '../../ui/Button.tsx'
import { type Copied, CopyButton } from '../../ui/Copy.tsx'
import { bytesWords, plural } from '../../ui/format.ts'
import { inSlices } from '../../ui/slices.ts'
import { Bytes } from './Bytes.tsx'
import { JsonTree } from './JsonTree.tsx'
import { LongText } from './LongText.tsx'
import { coveredWords, useUncovered, useValue, type Value } from './reading.ts'
import { type JsonTreeSource, shownText } from './tree.ts'
import './payload.css'

/** One payload, wherever the console shows one: as it reads and as Temporal holds it, or why it cannot be read. */
export function Payload({ title, payload }: { title: string; payload: PayloadView }) {
  const [stored, setStored] = useState(false)
  const value = useValue(payload)
  const [uncovered, uncover] = useUncovered(value)
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
        {stored ? null : <CopyValue value={value} uncovered={uncovered} what={`the ${title.toLowerCase()}`} />}
      </div>
      {stored ? (
        <Stored payload={payload} value={value} uncovered={uncovered} uncover={uncover} />
      ) : (
        <ValueView {...{ payload, title, value, uncovered, uncover }} />
      )}
    </section>
  )
}

/** Copies a value as it is on the screen: what is covered there is covered in the text too. */
function CopyValue({ value, uncovered, what }: { value: Value; uncovered: ReadonlySet<number>; what: string }) {
  if (value.kind === 'text') return <CopyButton text={value.text} what={what} />
  if (value.kind !== 'tree') return null
  const copied = async (): Promise<Copied> => {
    const shown = await inSlices(shownText(value.tree, 0, uncovered))
    return { text: shown.text, note: coveredWords(shown) }
  }
  return <CopyButton text={copied} what={`${what} as JSON`} />
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

interface Shown {
  payload: PayloadView
  value: Value
  uncovered: ReadonlySet<number>
  uncover(node: number): void
}

function ValueView(shown: Shown & { title: string }) {
  const { payload, value } = shown
  const note = value.kind === 'text' && value.noJson ? value.noJson : payload.note
  return (
    <>
      {note ? <p className="payload-said">{note}</p> : null}
      <BareValue {...shown} />
    </>
  )
}

function BareValue({ payload, title, value, uncovered, uncover }: Shown & { title: string }) {
  switch (value.kind) {
    case 'reading':
      return <Reading />
    case 'tree':
      return <JsonTree tree={value.tree} label={title} uncovered={uncovered} uncover={uncover} />
    case 'text':
      return <LongText text={value.text} label={title} />
    case 'bytes':
      return <Bytes payload={payload} part="decoded" />
    case 'problem':
      if (value.late) return <p className="faint">{value.words}</p>
      return (
        <>
          <Problem text={value.words} />
          {payload.holds && payload.unreadable !== null ? <Bytes payload={payload} part="decoded" /> : null}
        </>
      )
  }
}

const Reading = () => <span className="skeleton" style={{ width: '60%' }} />

const Problem = ({ text }: { text: string }) => (
  <p className="error-text">
    <CircleAlert size={13} aria-hidden />
    <span>{text}</span>
  </p>
)

/** The bytes that Temporal holds. Where they are the value itself, in clear, its secrets are not shown before somebody asks. */
function Stored({ payload, value, uncovered, uncover }: Shown) {
  const inClear = payload.holds?.encoding === payload.encoding
  const tree = inClear && value.kind === 'tree' ? value.tree : null
  const covered = useCovered(tree, uncovered)
  if (inClear && (value.kind === 'reading' || (tree !== null && covered === null))) return <Reading />
  if (!covered) return <Bytes payload={payload} part="stored" />
  return (
    <p className="payload-covered">
      <span>
        Temporal holds this value in clear, and {plural(covered, 'secret')} of it {covered === 1 ? 'is' : 'are'} covered here. Its
        bytes show {covered === 1 ? 'it' : 'them'}.
      </span>
      <Button size="small" onPress={() => uncover(0)}>
        <Eye size={13} aria-hidden />
        Show the bytes
      </Button>
    </p>
  )
}

/** How many secrets of a value are covered; null until they were counted, and without a value. */
function useCovered(tree: JsonTreeSource | null, uncovered: ReadonlySet<number>): number | null {
  const [counted, setCounted] = useState<{ tree: JsonTreeSource; uncovered: ReadonlySet<number>; covered: number } | null>(null)
  useEffect(() => {
    if (tree === null) return
    const stop = new AbortController()
    inSlices(shownText(tree, 0, uncovered), stop.signal).then(
      ({ covered }) => setCounted({ tree, uncovered, covered }),
      () => undefined, // another value, or more of it, is shown by now
    )
    return () => stop.abort()
  }, [tree, uncovered])
  return counted !== null && counted.tree === tree && counted.uncovered === uncovered ? counted.covered : null
}

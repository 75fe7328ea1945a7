import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { IconButton } from './Button.tsx'
import { problemText } from './problem.ts'

/** What is copied, and what whoever copies it has to know of it. */
export interface Copied {
  text: string
  /** In sight for some seconds, such as "2 secrets stay covered"; null where there is nothing to say. */
  note: string | null
}

const seenMs = 1_500
/** Words are read. */
const readMs = 6_000

/** Puts a text on the clipboard and says so for a moment; one that has to be had first may be a function. */
export function CopyButton({ text, what }: { text: string | (() => Promise<string | Copied>); what: string }) {
  const [copied, setCopied] = useState<{ done: boolean; note: string | null } | null>(null)
  useEffect(() => {
    if (copied === null) return
    const timer = setTimeout(() => setCopied(null), copied.note === null ? seenMs : readMs)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = async () => {
    try {
      const had = typeof text === 'string' ? text : await text()
      const { text: whole, note } = typeof had === 'string' ? { text: had, note: null } : had
      await navigator.clipboard.writeText(whole)
      setCopied({ done: true, note })
    } catch (cause) {
      setCopied({ done: false, note: problemText(cause) })
    }
  }
  const words = copied === null ? '' : copied.done ? `Copied ${what}` : 'It could not be copied'
  return (
    <span className="copy">
      <IconButton size="small" label={`Copy ${what}`} onPress={copy}>
        {copied?.done ? <Check size={13} className="tone-good" aria-hidden /> : <Copy size={13} aria-hidden />}
      </IconButton>
      <span className={copied?.note ? 'copy-note' : 'sr-only'} role="status">
        {copied?.note ? `${words}: ${copied.note}` : words}
      </span>
    </span>
  )
}

/** A technical text in one line, with its copy button. */
export function CopyLine({ text, what, shown = text }: { text: string; what: string; shown?: string }) {
  return (
    <span className="copy-line">
      <span className="mono ellipsis" title={text}>
        {shown}
      </span>
      <CopyButton text={text} what={what} />
    </span>
  )
}

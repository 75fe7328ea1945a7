import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { IconButton } from './Button.tsx'

/** Puts a text on the clipboard and says so for a moment; one that has to be had first may be a function. */
export function CopyButton({ text, what }: { text: string | (() => Promise<string>); what: string }) {
  const [copied, setCopied] = useState<'no' | 'yes' | 'failed'>('no')
  useEffect(() => {
    if (copied === 'no') return
    const timer = setTimeout(() => setCopied('no'), 1500)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === 'string' ? text : await text())
      setCopied('yes')
    } catch {
      setCopied('failed')
    }
  }
  return (
    <>
      <IconButton size="small" label={copied === 'failed' ? 'It could not be copied' : `Copy ${what}`} onPress={copy}>
        {copied === 'yes' ? <Check size={13} className="tone-good" aria-hidden /> : <Copy size={13} aria-hidden />}
      </IconButton>
      <span className="sr-only" role="status">
        {copied === 'yes' ? `Copied ${what}` : ''}
      </span>
    </>
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

import { ChevronLeft, ChevronRight, CircleAlert } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import type { PayloadView } from '../../../contract/model.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { CopyButton } from '../../ui/Copy.tsx'
import { count } from '../../ui/format.ts'
import { problemText } from '../../ui/problem.ts'
import { base64Of, bytesOf, hexLines, hexOf, type Part } from './bytes.ts'

/** Bytes on one page; a multiple of 3 and of 16, so that neither form is torn. */
const pageBytes = 3_072

/** A payload's bytes in full, as hex or base64, a page at a time. */
export function Bytes({ payload, part }: { payload: PayloadView; part: Part }) {
  const { connection } = useConsole()
  const workflowId = useIn('run', (s) => s.id) ?? ''
  const bytes = useMemo(() => bytesOf(connection, workflowId, payload, part), [connection, workflowId, payload, part])
  const [form, setForm] = useState<'hex' | 'base64'>('hex')
  const [page, setPage] = useState(0)
  const [shown, setShown] = useState<{ from: number; bytes: Uint8Array } | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [tried, setTried] = useState(0)
  const pages = Math.max(1, Math.ceil(bytes.sizeBytes / pageBytes))
  useEffect(() => {
    let over = false
    const from = page * pageBytes
    // A page that failed is tried again on request.
    void tried
    setProblem(null)
    bytes.slice(from, from + pageBytes).then(
      (slice) => over || setShown({ from, bytes: slice }),
      (cause) => over || setProblem(problemText(cause)),
    )
    return () => {
      over = true
    }
  }, [bytes, page, tried])
  if (bytes.sizeBytes === 0) return <p className="faint payload-note">No bytes.</p>
  const from = page * pageBytes
  const written = form === 'hex' ? hexOf : base64Of
  return (
    <div className="payload-bytes">
      <div className="json-tools">
        <fieldset className="segmented" aria-label="Written as">
          {(['hex', 'base64'] as const).map((name) => (
            <button
              key={name}
              type="button"
              className="button quiet small"
              aria-pressed={form === name}
              onClick={() => setForm(name)}
            >
              {name === 'hex' ? 'Hex' : 'Base64'}
            </button>
          ))}
        </fieldset>
        <span className="faint nowrap" role="status">
          {count(from)}–{count(Math.min(from + pageBytes, bytes.sizeBytes) - 1)} of {count(bytes.sizeBytes)} bytes
        </span>
        {pages > 1 ? (
          <>
            <IconButton size="small" label="Bytes before" isDisabled={page === 0} onPress={() => setPage(page - 1)}>
              <ChevronLeft size={13} aria-hidden />
            </IconButton>
            <IconButton size="small" label="Next bytes" isDisabled={page === pages - 1} onPress={() => setPage(page + 1)}>
              <ChevronRight size={13} aria-hidden />
            </IconButton>
            <button type="button" className="button link small" onClick={() => setPage(page === pages - 1 ? 0 : pages - 1)}>
              {page === pages - 1 ? 'To the first' : 'To the last'}
            </button>
          </>
        ) : null}
        <span className="grow" />
        <CopyButton text={async () => written(await bytes.whole())} what={`all bytes as ${form}`} />
      </div>
      {problem ? (
        <p className="error-text">
          <CircleAlert size={13} aria-hidden />
          <span>These bytes could not be read: {problem}</span>
          <Button size="small" look="link" onPress={() => setTried(tried + 1)}>
            Try again
          </Button>
        </p>
      ) : (
        <section
          className={`payload-text scroll ${form}`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keys too
          tabIndex={0}
          aria-label={`Bytes as ${form}`}
          aria-busy={shown?.from !== from}
        >
          <pre>{shown?.from !== from ? '' : form === 'hex' ? hexLines(shown.bytes, from) : base64Of(shown.bytes)}</pre>
        </section>
      )}
    </div>
  )
}

import { useState } from 'react'
import { count } from '../../ui/format.ts'

/** Characters laid out at once: one line of two million would stop the page. */
const pageSize = 20_000

/** A text of any length, a page at a time. */
export function LongText({ text, label }: { text: string; label: string }) {
  const [most, setMost] = useState(pageSize)
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keys too */}
      <section className="payload-text scroll" tabIndex={0} aria-label={label || 'Text'}>
        <pre>{text.slice(0, most)}</pre>
      </section>
      {text.length > most ? (
        <p className="payload-more">
          <button type="button" className="button link small" onClick={() => setMost(most + pageSize)}>
            Show more
          </button>
          <span className="faint">
            {count(most)} of {count(text.length)} characters
          </span>
        </p>
      ) : null}
    </>
  )
}

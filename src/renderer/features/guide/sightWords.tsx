import { Fragment, type ReactNode } from 'react'
import { sentenceStart } from '../../ui/format.ts'
import { Moment } from '../../ui/times.tsx'

/** As the host writes times (ISO 8601, RFC 3339). */
const moment = /(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z)/

/** Words that begin a sentence get its capital; ids, addresses, and a name before a comma stay as they are. */
const begins = /^[a-z]+(?= |$)/

/** What was seen, or is seen instead, as the console writes it: a sentence's start, and times as the operator reads times. */
export function sightWords(detail: string): ReactNode {
  const parts = (begins.test(detail) ? sentenceStart(detail) : detail).split(moment)
  // Split at a group: every second part is a time.
  return parts.map((part, index) =>
    // A part is its place in the text.
    index % 2 === 1 ? <Moment key={index} at={part} seconds /> : <Fragment key={index}>{breakable(part)}</Fragment>,
  )
}

/** A long name may break after an underscore, before it breaks anywhere. */
export const breakable = (text: string): ReactNode =>
  text.split(/(?<=_)/).map((part, index) => (
    // A part is its place in the text.
    <Fragment key={index}>
      {index > 0 ? <wbr /> : null}
      {part}
    </Fragment>
  ))

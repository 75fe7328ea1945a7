/** Waiting for things to be seen: looked at again whenever the host tells of a change. */
import type { EventName } from '../../../contract/events.ts'
import type { Connection } from '../../../contract/wire.ts'

/** What was looked for is not there; the message says what was seen instead. */
export class NotSeen extends Error {}

/** A look: the thing itself once it is there, or a sentence on what is there instead. */
export type Look<T> = () => Promise<{ seen: T } | { instead: string }>

export const seen = <T>(value: T) => ({ seen: value })
export const instead = (sentence: string) => ({ instead: sentence })

const tells: EventName[] = ['runs.changed', 'stack.changed', 'drills.changed', 'intake.changed']
/** Temporal tells nobody what goes on inside of an attempt, so it is asked again this often. */
const lookEveryMs = 1_000

/**
 * Looks until it is there.
 * @throws NotSeen after `seconds`; the signal's reason when told to stop; what the look throws.
 */
export async function until<T>(host: Connection, seconds: number, signal: AbortSignal, look: Look<T>): Promise<T> {
  const deadline = performance.now() + seconds * 1000
  let wake = () => {}
  const stopListening = tells.map((event) => host.subscribe(event, () => wake()))
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort)
  try {
    for (;;) {
      let timer: NodeJS.Timeout | undefined
      const changed = new Promise<void>((resolve) => {
        wake = resolve
        timer = setTimeout(resolve, Math.max(0, Math.min(lookEveryMs, deadline - performance.now())))
      })
      try {
        signal.throwIfAborted()
        const result = await look()
        if ('seen' in result) return result.seen
        if (performance.now() >= deadline) throw new NotSeen(`not seen within ${Math.round(seconds)} s: ${result.instead}`)
        await changed
      } finally {
        clearTimeout(timer)
      }
    }
  } finally {
    for (const stop of stopListening) stop()
    signal.removeEventListener('abort', onAbort)
  }
}

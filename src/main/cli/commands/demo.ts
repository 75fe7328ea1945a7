import type { GuideState } from '../../../contract/guide.ts'
import type { Connection } from '../../../contract/wire.ts'
import { type Context, withHost } from '../context.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'

/**
 * Has the running host play the guided demonstration, the same that the console's panel shows, and reports each
 * observation, with --json as one line `{phase, observation, ok, seconds, detail}`. What a phase cannot show ends it: the
 * others of it are reported as not made. Whatever happens, it is cleaned up at the end.
 */
export async function runDemo(context: Context): Promise<ExitCode> {
  const { out } = context
  return withHost(context, async (host) => {
    let made = 0
    let missing = 0
    const report = (phase: number | null, observation: string, ok: boolean, seconds: number, detail: string) => {
      if (ok) made++
      else missing++
      out.data({ phase, observation, ok, seconds, detail })
      out.table([
        [
          ok ? { text: 'seen   ', style: 'good' } : { text: 'MISSING', style: 'bad' },
          { text: `${seconds.toFixed(1)} s`.padStart(7), style: 'faint' },
          detail === '' ? observation : `${observation} · ${detail}`,
        ],
      ])
    }
    let title = 0
    let told = false
    const reported = new Set<string>()
    /** What is over, in the order in which it is told; what is not reached once `ended`, too. */
    const tell = ({ phases }: GuideState, ended: boolean) => {
      for (const { number, title: words, steps } of phases) {
        const gaveUp = steps.some(({ state }) => state === 'missing')
        for (const step of steps) {
          const isOver = step.state === 'seen' || step.state === 'missing'
          if (!isOver && !gaveUp && !ended) return
          const key = `${number}.${step.id}`
          if (reported.has(key)) continue
          reported.add(key)
          if (title !== number) out.line(`${number === 1 ? '' : '\n'}Phase ${number}: ${words}`)
          title = number
          const why = told ? 'the demonstration was told to end' : 'not reached: something before it is missing'
          report(number, step.words, step.state === 'seen', step.seconds ?? 0, isOver ? (step.detail ?? '') : why)
        }
      }
    }

    const follow = followGuide(host)
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    const stop = () => {
      told = true
      void host.call('guide.stop', {}).catch(() => {})
    }
    for (const signal of signals) process.on(signal, stop)
    try {
      const begun = await host.call('guide.play', { phase: 'all', fresh: true })
      tell(await follow.until(begun, (state) => tell(state, false)), true)
    } finally {
      out.line('\nClean up')
      const words = 'What the demonstration changed is put back'
      const begun = performance.now()
      const seconds = () => Math.round((performance.now() - begun) / 100) / 10
      try {
        const { putBack } = await host.call('guide.end', {})
        report(
          null,
          words,
          true,
          seconds(),
          putBack.length === 0 ? 'there was nothing to put back' : `put back: ${putBack.join(', ')}`,
        )
      } catch (error) {
        report(null, words, false, seconds(), error instanceof Error ? error.message : String(error))
      }
      for (const signal of signals) process.off(signal, stop)
      follow.close()
    }
    out.line()
    out.line(missing === 0 ? `All ${made} observations were made.` : `${missing} of ${made + missing} observations are missing.`)
    return missing === 0 ? exitCodes.done : exitCodes.failed
  })
}

/** Begins to listen, so that nothing is missed between the call that plays and its answer. */
function followGuide(host: Connection) {
  let latest: GuideState | null = null
  let lost = false
  let wake = () => {}
  const stop = [
    host.subscribe('guide.changed', ({ state }) => {
      latest = state
      wake()
    }),
    host.onStatus((status) => {
      lost ||= status === 'lost' || status === 'refused'
      wake()
    }),
  ]
  return {
    /** Resolves with the last state, once nothing plays any more. @throws when the host goes away */
    async until(first: GuideState, onState: (state: GuideState) => void): Promise<GuideState> {
      let state = first
      for (;;) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve
        })
        if (latest && latest.revision > state.revision) state = latest
        onState(state)
        if (state.playing === null) return state
        if (lost) throw new Error('Gatehouse was ended in the middle of the demonstration. It goes on when Gatehouse runs again.')
        if (latest === null || latest.revision <= state.revision) await changed
      }
    },
    close: () => {
      for (const each of stop) each()
    },
  }
}

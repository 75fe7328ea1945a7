import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Context, withHost } from '../context.ts'
import { newSuffix } from '../demo/demoCsv.ts'
import { cleanUp, demoPhases, type Observation, type Switched, whyNot } from '../demo/phases.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'

/**
 * Runs the guided demonstration against the running host and reports each observation, with --json as one line
 * `{phase, observation, ok, seconds, detail}`. What one observation needs and did not get ends its phase: the others of
 * it are reported as not made.
 */
export async function runDemo(context: Context): Promise<ExitCode> {
  const { out } = context
  return withHost(context, async (host) => {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-demo-'))
    const ending = new AbortController()
    const stop = () => ending.abort(new Error('the demonstration was told to end'))
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    for (const signal of signals) process.on(signal, stop)

    let made = 0
    let missing = 0
    const report = (phase: number | null, observation: string, ok: boolean, begun: number, detail: string) => {
      if (ok) made++
      else missing++
      const seconds = Math.round((performance.now() - begun) / 100) / 10
      out.data({ phase, observation, ok, seconds, detail })
      out.table([
        [
          ok ? { text: 'seen   ', style: 'good' } : { text: 'MISSING', style: 'bad' },
          { text: `${seconds.toFixed(1)} s`.padStart(7), style: 'faint' },
          detail === '' ? observation : `${observation} · ${detail}`,
        ],
      ])
    }
    const observe = async (phase: number | null, { words, see }: Observation): Promise<boolean> => {
      const begun = performance.now()
      try {
        report(phase, words, true, begun, await see())
        return true
      } catch (error) {
        report(phase, words, false, begun, whyNot(error))
        return false
      }
    }

    const switched = new Set<Switched>()
    try {
      const settings = await host.call('settings.get', {})
      const place = { host, settings, folder, suffix: newSuffix(), signal: ending.signal, switched }
      let ready = true
      for (const { number, title, observations } of demoPhases(place)) {
        out.line(`${number === 1 ? '' : '\n'}Phase ${number}: ${title}`)
        let reached: boolean = ready
        for (const observation of observations) {
          if (reached && !ending.signal.aborted) reached = await observe(number, observation)
          else report(number, observation.words, false, performance.now(), 'not reached: something before it is missing')
        }
        // Without its parts nothing else can be shown; the later phases look for themselves what they need.
        if (number === 1) ready = reached
      }
    } finally {
      out.line('\nClean up')
      await observe(null, cleanUp({ host, switched }))
      for (const signal of signals) process.off(signal, stop)
      await rm(folder, { recursive: true, force: true })
    }
    out.line()
    out.line(
      missing === 0
        ? `All ${made} observations were made. Phase 6, a look at the code, is for you to read: docs/demo.md.`
        : `${missing} of ${made + missing} observations are missing.`,
    )
    return missing === 0 ? exitCodes.done : exitCodes.failed
  })
}

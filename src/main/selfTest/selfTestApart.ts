import { execFile } from 'node:child_process'
import { unavailable } from '../../contract/errors.ts'
import { type SelfTestReport, selfTestReport } from '../../contract/model.ts'

/** A whole self-test takes a quarter of this on a slow machine, in milliseconds. */
const limitMs = 180_000

/**
 * The self-test of this installation in a process of its own, as `--self-test --json` runs it; asked for again while it
 * runs, it is the same one.
 *
 * @param command what starts it
 * @throws CallFailed `unavailable` when the process gives no result
 */
export function selfTestApart([file = '', ...args]: readonly string[]): () => Promise<SelfTestReport> {
  let running: Promise<SelfTestReport> | null = null
  const run = () =>
    new Promise<SelfTestReport>((resolve, reject) => {
      execFile(file, args, { timeout: limitMs, killSignal: 'SIGKILL' }, (error, stdout) => {
        try {
          resolve(selfTestReport.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')))
        } catch {
          reject(
            unavailable('host', `The self-test ended without a result${error ? ` (${error.message.split('\n', 1)[0]})` : ''}.`),
          )
        }
      })
    })
  return () => {
    running ??= run().finally(() => {
      running = null
    })
    return running
  }
}

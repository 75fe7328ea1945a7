import type { AppPaths } from '../paths.ts'
import { type RunCheck, runSelfTest, type SelfTestRow } from './runSelfTest.ts'

const nameWidth = 34

/** One row of the table as people read it. */
export const rowLine = ({ name, ok, detail, milliseconds }: SelfTestRow): string =>
  `${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(nameWidth)}  ${`${milliseconds} ms`.padStart(8)}  ${detail}`

/**
 * Runs the self-test for a terminal; gives the exit code: 0 when every part works, else 1.
 *
 * @param write puts one line on standard output and comes back when it is there: whoever calls may end at once
 */
export async function printSelfTest(
  paths: AppPaths,
  json: boolean,
  write: (line: string) => Promise<void>,
  runCheck?: RunCheck,
): Promise<0 | 1> {
  const runtime = {
    electron: process.versions.electron ?? null,
    node: process.versions.node,
    platform: process.platform,
    arch: process.arch,
  }
  const lines: Promise<void>[] = []
  if (!json) {
    const { electron, node, platform, arch } = runtime
    lines.push(write(`${electron ? `Electron ${electron}, ` : ''}Node ${node}, ${platform} ${arch}`))
  }
  const report = (row: SelfTestRow) => {
    if (!json) lines.push(write(rowLine(row)))
  }
  const { ok, rows } = await runSelfTest(paths, report, runCheck)
  const failed = rows.filter((row) => !row.ok).length
  if (json) lines.push(write(JSON.stringify({ ok, ...runtime, rows })))
  else lines.push(write(ok ? 'Every part works.' : `${failed} of ${rows.length} parts ${failed === 1 ? 'does' : 'do'} not work.`))
  await Promise.all(lines)
  return ok ? 0 : 1
}

/** Standard output, waited for: an app that ends right after a write would cut it off. */
export const writeOut = (line: string): Promise<void> =>
  new Promise((resolve) => process.stdout.write(`${line}\n`, () => resolve()))

/**
 * npm run e2e: builds, then tells the end-to-end stories in real Chromium and real Electron.
 *
 * usage: npm run e2e [-- --electron pinned|PATH] [-- whatever vitest takes]
 *   --electron pinned  the Electron that the app ships with; fetched first where it is not here
 *   --electron PATH    another Electron binary
 *   without it         ELECTRON_TEST_BINARY, the pinned one where it is here, else an old one that shows the window only
 */
import { join, resolve } from 'node:path'
import { findAppRoot } from '../src/main/paths.ts'
import { electronBinary, installElectron } from './electronBinary.ts'
import { forwardSignals, runChild } from './runChild.ts'

const root = findAppRoot(import.meta.dirname)

/** Splits our option from vitest's. @throws Error when it has no value */
export function parseArguments(args: readonly string[]): { electron: string | null; rest: string[] } {
  const rest = [...args]
  const at = rest.findIndex((arg) => arg === '--electron' || arg.startsWith('--electron='))
  if (at === -1) return { electron: null, rest }
  const [option = ''] = rest.splice(at, 1)
  const electron = option.includes('=') ? option.slice(option.indexOf('=') + 1) : rest.splice(at, 1)[0]
  if (!electron || electron.startsWith('-')) throw new Error('--electron needs "pinned" or the path of a binary.')
  return { electron, rest }
}

async function main(args: readonly string[]): Promise<number> {
  const { electron, rest } = parseArguments(args)
  const { track, asked } = forwardSignals()
  const env = { ...process.env }
  if (electron === 'pinned') {
    const say = (line: string) => void process.stdout.write(`${line}\n`)
    const problem = electronBinary(root) ? null : await installElectron(root, say, track)
    const binary = electronBinary(root)
    if (problem !== null || binary === null) {
      process.stderr.write(`The pinned Electron could not be had (${problem ?? 'it is not there'}). Nothing was run.\n`)
      return 1
    }
    env.ELECTRON_TEST_BINARY = binary
  } else if (electron !== null) env.ELECTRON_TEST_BINARY = resolve(electron)
  const built = await runChild(process.execPath, [join(root, 'scripts', 'build.ts')], root, track)
  if (built !== 0 || asked()) return built || 143
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  return runChild(process.execPath, [vitest, 'run', '--config', 'vitest.e2e.config.ts', ...rest], root, track, env)
}

if (import.meta.main) {
  process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  })
}

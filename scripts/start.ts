/**
 * npm start: builds what changed, chooses the shell, and stays in front of it.
 *
 * usage: npm start [-- --web] [-- FILE…]
 */
import { join } from 'node:path'
import { findAppRoot } from '../src/main/paths.ts'
import { chooseShell, hasDisplay } from './chooseShell.ts'
import { electronBinary, installElectron } from './electronBinary.ts'
import { forwardSignals, runChild } from './runChild.ts'

const root = findAppRoot(import.meta.dirname)
const say = (line: string) => void process.stdout.write(`${line}\n`)

async function start(args: readonly string[]): Promise<number> {
  const { track, asked } = forwardSignals()
  const ended = () => (asked() ? 143 : null)
  const built = await runChild(process.execPath, [join(root, 'scripts', 'build.ts')], root, track)
  if (built !== 0) return ended() ?? built
  if (asked()) return 143

  const webForced = args.includes('--web')
  const rest = args.filter((arg) => arg !== '--web')
  const facts = { platform: process.platform, env: process.env, webForced }
  let choice = chooseShell({ ...facts, electronInstalled: electronBinary(root) !== null })
  if (choice.shell === 'install') {
    say(`A window needs Electron’s binary, which is not here yet.`)
    const problem = await installElectron(root, say, track)
    if (asked()) return 143
    choice = problem
      ? { shell: 'web', why: `Electron’s binary could not be had (${problem})` }
      : chooseShell({ ...facts, electronInstalled: true })
  }
  const binary = electronBinary(root)
  if (choice.shell === 'electron' && binary) {
    say(`Gatehouse opens in its window: ${choice.why}.`)
    return runChild(binary, [root, ...rest], root, track)
  }
  say(`Gatehouse opens as a page of this machine: ${choice.why}.`)
  const open = hasDisplay(process.platform, process.env) ? ['--open'] : []
  return runChild(process.execPath, [join(root, 'out', 'main', 'cli.cjs'), 'serve', ...open, ...rest], root, track)
}

process.exitCode = await start(process.argv.slice(2))

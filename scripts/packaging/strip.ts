import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Target } from './config.ts'

/** Libraries in node_modules that their makers publish with all symbols in them. */
const withSymbols = ['@duckdb/node-bindings-linux-*/libduckdb.so', '@temporalio/core-bridge/releases/*-linux-*/index.node']

/**
 * Copies of the native libraries without the symbols that only a debugger reads: 17 MB less on Linux x64. Elsewhere, and
 * where there is no `strip` for this processor, the libraries stay as they are, and it is said.
 *
 * @returns the folder with the copies, laid out like node_modules; empty when there are none
 */
export function strippedLibraries(root: string, folder: string, target: Target, say: (line: string) => void): string {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  if (target.platform !== 'linux') return folder
  const modules = join(root, 'node_modules')
  const rust = target.arch === 'x64' ? 'x86_64' : 'aarch64'
  for (const file of globSync(withSymbols, { cwd: modules }).filter(
    (path) => path.includes(target.arch) || path.includes(rust),
  )) {
    const copy = join(folder, file)
    mkdirSync(dirname(copy), { recursive: true })
    cpSync(join(modules, file), copy)
    try {
      execFileSync('strip', ['--strip-unneeded', copy], { stdio: ['ignore', 'ignore', 'pipe'] })
    } catch (error) {
      rmSync(copy)
      say(`${file} keeps its symbols: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`)
    }
  }
  return folder
}

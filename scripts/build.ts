/**
 * Builds the app into out/: main and preload, console, workflow bundle. Run it as often as you like: when neither
 * sources nor lockfile changed since the last build, it only says so.
 *
 * usage: node scripts/build.ts [--force] [--quiet]
 */
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { codeFiles } from '../src/contract/guide.ts'
import { lockFile } from '../src/main/control/lock.ts'
import { builtPaths, findAppRoot } from '../src/main/paths.ts'

const root = findAppRoot(import.meta.dirname)
const stampFile = join(root, 'out', 'build.json')

/** What the output depends on. Tests do not end up in it. */
const inputs = [
  'src',
  'scripts/build.ts',
  'electron.vite.config.ts',
  'package.json',
  'package-lock.json',
  'tsconfig.base.json',
  'tsconfig.web.json',
]

/** Hash over names and contents: the same in every clone, whatever the files' times. */
export function sourceStamp(folder: string, entries: readonly string[] = inputs): string {
  const hash = createHash('sha256')
  for (const file of entries.flatMap((entry) => filesUnder(join(folder, entry))).sort()) {
    if (/\.test\.tsx?$/.test(file)) continue
    hash.update(`${relative(folder, file).split(sep).join('/')}\0`)
    hash.update(readFileSync(file))
    hash.update('\0')
  }
  return hash.digest('hex')
}

function filesUnder(path: string): string[] {
  if (!existsSync(path)) return []
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
      const inside = join(path, entry.name)
      return entry.isDirectory() ? filesUnder(inside) : entry.isFile() ? [inside] : []
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return [path]
    throw error
  }
}

/** true when out/ was built from exactly these sources and is whole. */
function isFresh(stamp: string): boolean {
  const paths = builtPaths(root)
  const whole = [join(root, 'out', 'main', 'index.cjs'), paths.preload, paths.workflowBundle, join(paths.renderer, 'index.html')]
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8')).stamp === stamp && whole.every((file) => existsSync(file))
  } catch {
    return false
  }
}

async function build(): Promise<void> {
  const began = performance.now()
  // Here and not at the top: deciding that nothing is to be done must not load a bundler.
  const [{ build: buildShells }, { buildWorkflowBundle }] = await Promise.all([
    import('electron-vite'),
    import('../src/temporal/bundle.ts'),
  ])
  process.env.NODE_ENV_ELECTRON_VITE = 'production'
  const stamp = sourceStamp(root)
  rmSync(stampFile, { force: true })
  say('Building main process, preload and console')
  await buildShells({ root, logLevel: 'warn' })
  say('Bundling the workflow')
  await buildWorkflowBundle(builtPaths(root).workflowBundle)
  // An installed app has no sources, and its guided demonstration shows them.
  const { folder, suffix } = builtPaths(root).code
  for (const file of codeFiles) cpSync(join(root, 'src', 'temporal', file), join(folder, file + suffix))
  writeFileSync(stampFile, JSON.stringify({ stamp }))
  say(`Built in ${((performance.now() - began) / 1000).toFixed(1)} s`)
}

// `npm start` says what it builds on the terminal; a command with --json owns standard output.
const quiet = process.argv.includes('--quiet')
function say(line: string): void {
  if (!quiet) process.stderr.write(`${line}\n`)
}

/** One build at a time: two commands that start together must not empty out/ under each other. */
async function buildOnce(): Promise<void> {
  const force = process.argv.includes('--force')
  if (!force && isFresh(sourceStamp(root))) return say('The build is up to date')
  const folder = join(root, 'node_modules', '.cache')
  mkdirSync(folder, { recursive: true })
  let lock = lockFile(join(folder, 'gatehouse-build.lock'))
  if (!lock) say('Waiting for another build of this checkout')
  while (!lock) {
    await wait(200)
    lock = lockFile(join(folder, 'gatehouse-build.lock'))
  }
  try {
    if (force || !isFresh(sourceStamp(root))) await build()
  } finally {
    lock.release()
  }
}

if (import.meta.main) {
  try {
    await buildOnce()
  } catch (error) {
    process.stderr.write(`The build failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exitCode = 1
  }
}

/** Second implementations to test and measure against are often Python's: each set of packages gets an environment of its own. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { lockFile } from '../src/main/control/lock.ts'
import { findAppRoot } from '../src/main/paths.ts'

const run = promisify(execFile)

/** From cold, with a hundred megabytes of wheels. */
const installWithinMs = 300_000
/** What current wheels ask for. */
const oldestMinor = 10

/**
 * Gives the path of a Python that has these packages: a virtual environment under node_modules/.cache, made on first use
 * and then kept; several callers at once make it once.
 * @param packages requirements, pinned: `['cryptography==50.0.2']`
 * @returns null where no Python or no package index can be had; standard error then says why, for the test to be skipped.
 * @throws the same reason where `CI` is set: there nothing is skipped.
 */
export async function pythonPeer(packages: readonly string[]): Promise<string | null> {
  try {
    return await makeOnce([...packages].sort())
  } catch (error) {
    const reason = `No Python with ${packages.join(', ')}: ${(error as Error).message}`
    if (process.env.CI) throw new Error(reason)
    process.stderr.write(`${reason}. What needs it is skipped.\n`)
    return null
  }
}

async function makeOnce(packages: readonly string[]): Promise<string> {
  const python = await findPython()
  const cache = join(findAppRoot(import.meta.dirname), 'node_modules', '.cache')
  const name = createHash('sha256')
    .update([python.version, ...packages].join('\n'))
    .digest('hex')
    .slice(0, 12)
  const folder = join(cache, `python-${name}`)
  const made = join(folder, 'made')
  const peer = process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python')
  if (existsSync(made)) return peer
  mkdirSync(cache, { recursive: true })
  let lock = lockFile(`${folder}.lock`)
  while (!lock) {
    await wait(200)
    lock = lockFile(`${folder}.lock`)
  }
  try {
    if (existsSync(made)) return peer
    rmSync(folder, { recursive: true, force: true }) // what an interrupted attempt left
    await quietly(python.command, ['-m', 'venv', folder])
    const install = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', '--no-cache-dir']
    await quietly(peer, [...install, ...packages])
    writeFileSync(made, `${packages.join('\n')}\n`)
    return peer
  } finally {
    lock.release()
  }
}

async function findPython(): Promise<{ command: string; version: string }> {
  for (const command of ['python3', 'python']) {
    const print = 'import sys; print("%d.%d.%d" % sys.version_info[:3])'
    const version = await run(command, ['-c', print])
      .then(({ stdout }) => stdout.trim())
      .catch(() => '')
    const [major, minor] = version.split('.').map(Number)
    if (major === 3 && minor !== undefined && minor >= oldestMinor) return { command, version }
  }
  throw new Error(`no Python 3.${oldestMinor} or newer is on the PATH`)
}

/** @throws with the last line that the command wrote. */
async function quietly(command: string, args: readonly string[]): Promise<void> {
  try {
    await run(command, args, { timeout: installWithinMs, maxBuffer: 64 * 1024 * 1024 })
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string }
    const lines = `${stdout}\n${stderr}`.trim().split('\n')
    throw new Error(lines.at(-1) || message)
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

/** Path of Electron's binary, or null when the package is there without it. Importing the package would download it. */
export function electronBinary(root: string): string | null {
  const folder = join(root, 'node_modules', 'electron')
  try {
    const name = readFileSync(join(folder, 'path.txt'), 'utf8').trim()
    const binary = join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'), name)
    return existsSync(binary) ? binary : null
  } catch {
    return null
  }
}

/** A download of about 120 MB; slower than this and the page is the better answer. */
const installLimitMs = 180_000
/** Without an answer of the host within this time we are taken to be offline. */
const reachLimitMs = 4_000

/**
 * Gets Electron's binary by the package's own installer (which checks its checksum). Gives the reason when it could
 * not be had: offline within seconds, and after three minutes in any case.
 */
export async function installElectron(
  root: string,
  say: (line: string) => void,
  track: (child: ChildProcess) => void,
): Promise<string | null> {
  const host = downloadHost()
  if (host && !(await canReach(host))) return `${host.hostname} cannot be reached`
  say(`Getting Electron's binary (about 120 MB, once; for at most ${installLimitMs / 60_000} minutes)`)
  const child = spawn(process.execPath, [join(root, 'node_modules', 'electron', 'install.js')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: installLimitMs,
    killSignal: 'SIGKILL',
  })
  track(child)
  let problem = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    problem = (problem + text).slice(-2000)
  })
  const began = Date.now()
  const ticking = setInterval(() => say(`  still getting Electron, ${Math.round((Date.now() - began) / 1000)} s`), 15_000)
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', (exit) => resolve(exit))
  })
  clearInterval(ticking)
  if (electronBinary(root)) return null
  const limit = child.killed ? 'the download took too long' : `the installer ended with ${code}`
  return (
    problem
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.slice(0, 200) ?? limit
  )
}

/** Where the installer will ask first; null when a proxy stands between, which only the installer knows how to use. */
function downloadHost(): URL | null {
  const { env } = process
  if (env.HTTPS_PROXY || env.https_proxy || env.ELECTRON_GET_USE_PROXY || env.GLOBAL_AGENT_HTTPS_PROXY) return null
  const mirror = env.npm_config_electron_mirror ?? env.NPM_CONFIG_ELECTRON_MIRROR ?? env.ELECTRON_MIRROR ?? 'https://github.com/'
  return URL.canParse(mirror) ? new URL(mirror) : null
}

function canReach(url: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({
      host: url.hostname,
      port: Number(url.port) || (url.protocol === 'http:' ? 80 : 443),
      timeout: reachLimitMs,
    })
    const end = (reached: boolean) => {
      socket.destroy()
      resolve(reached)
    }
    socket.once('connect', () => end(true))
    socket.once('timeout', () => end(false))
    socket.once('error', () => end(false))
  })
}

import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepLink } from './deepLink.ts'

export interface ShellArguments {
  /** Show a host that runs elsewhere on this machine. */
  attach: { origin: string; token: string | null } | null
  /** Absolute paths of files to submit. */
  files: string[]
  /** Links of ours that the system handed over, as they came. */
  links: string[]
  /** Try every part, print what was found, and end. */
  selfTest: boolean
  /** As one line of JSON. */
  json: boolean
}

export class ShellUsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ShellUsageError'
  }
}

/**
 * Reads the command line of the window: `[Chromium's switches] [the app's folder] [--attach URL] [FILE…] [gatehouse://…]` or `--self-test [--json]`.
 *
 * @param args what follows the executable
 * @param appPath the app's folder, which Electron leaves on the command line when it is not packaged
 * @param cwd what relative file names are relative to
 * @throws ShellUsageError when `--attach` has no usable address.
 */
export function parseShellArguments(args: readonly string[], appPath: string, cwd: string): ShellArguments {
  let attach: ShellArguments['attach'] = null
  const files: string[] = []
  const links: string[] = []
  const selfTest = args.includes('--self-test')
  const json = args.includes('--json')
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? ''
    if (arg === '--attach') attach = parseAttach(args[++i])
    else if (arg.startsWith('--attach=')) attach = parseAttach(arg.slice('--attach='.length))
    else if (isDeepLink(arg)) links.push(arg)
    else if (!arg.startsWith('-') && arg !== '') {
      const file = fileOf(arg, cwd)
      if (file !== null && !samePlace(file, appPath)) files.push(file)
    }
  }
  return { attach, files, links, selfTest, json }
}

/** The same command line for a start anew: files and links that came with it are not handed in a second time. */
export const argumentsOfRestart = (args: readonly string[], appPath: string, cwd: string): string[] =>
  args.filter((arg) => arg.startsWith('-') || samePlace(resolve(cwd, arg), appPath))

/** "Open with" gives Linux apps addresses (`%U` of the desktop entry specification), the command line gives paths. */
function fileOf(arg: string, cwd: string): string | null {
  if (!/^file:/i.test(arg)) return resolve(cwd, arg)
  try {
    return fileURLToPath(arg)
  } catch {
    // A file of another machine.
    return null
  }
}

/** The link as the host prints it, or its origin alone. Only this machine's own loopback is ever attached to. */
export function parseAttach(link: string | undefined): { origin: string; token: string | null } {
  let url: URL | null = null
  try {
    url = new URL(link ?? '')
  } catch {}
  if (url?.protocol !== 'http:' || url.hostname !== '127.0.0.1') {
    throw new ShellUsageError('--attach needs the link of a running Gatehouse: --attach http://127.0.0.1:PORT/#token=…')
  }
  return { origin: url.origin, token: new URLSearchParams(url.hash.slice(1)).get('token') }
}

const samePlace = (a: string, b: string) => a === b || (existsSync(a) && existsSync(b) && realpathSync(a) === realpathSync(b))

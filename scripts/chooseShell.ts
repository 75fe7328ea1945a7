/** What decides whether the console is a window or a page. */
export interface ShellFacts {
  platform: NodeJS.Platform
  env: Readonly<Record<string, string | undefined>>
  /** `--web` was given. */
  webForced: boolean
  electronInstalled: boolean
}

export type ShellChoice =
  | { shell: 'electron'; why: string }
  | { shell: 'web'; why: string }
  /** A window would do, but its binary is missing: worth one try to get it. */
  | { shell: 'install'; why: string }

/** Chooses the shell from facts alone. */
export function chooseShell({ platform, env, webForced, electronInstalled }: ShellFacts): ShellChoice {
  if (webForced) return { shell: 'web', why: '--web was given' }
  if (!hasDisplay(platform, env)) {
    const why = platform === 'linux' || env.SSH_CONNECTION === undefined ? 'there is no display here' : 'this is an SSH session'
    return { shell: 'web', why }
  }
  return electronInstalled
    ? { shell: 'electron', why: 'Electron and a display are here' }
    : { shell: 'install', why: 'there is a display, but Electron’s binary is not installed' }
}

export function hasDisplay(platform: NodeJS.Platform, env: Readonly<Record<string, string | undefined>>): boolean {
  // A Mac or a PC that is reached over SSH has a display that nobody sits at.
  if (platform === 'darwin' || platform === 'win32') return !env.SSH_CONNECTION
  return Boolean(env.DISPLAY || env.WAYLAND_DISPLAY)
}

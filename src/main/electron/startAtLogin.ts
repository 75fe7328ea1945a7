import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Whether the app starts when its user logs in. */
export interface StartAtLogin {
  isOn(): boolean
  set(on: boolean): void
}

/** The folder whose entries a Linux desktop starts at login (XDG autostart specification). */
export const autostartFolder = (env: Readonly<Record<string, string | undefined>>, home: string): string =>
  join(env.XDG_CONFIG_HOME?.startsWith('/') ? env.XDG_CONFIG_HOME : join(home, '.config'), 'autostart')

/** On Linux, start at login is a desktop entry in the autostart folder. */
export function startAtLoginByFile(folder: string, executable: string): StartAtLogin {
  const file = join(folder, 'gatehouse.desktop')
  return {
    isOn: () => existsSync(file),
    set(on) {
      if (!on) return rmSync(file, { force: true })
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, desktopEntry(executable))
    },
  }
}

export const desktopEntry = (executable: string): string =>
  `${[
    '[Desktop Entry]',
    'Type=Application',
    'Name=Gatehouse',
    'Comment=Operator console for machine-learning pipelines',
    `Exec=${execArgument(executable)}`,
    'Terminal=false',
  ].join('\n')}\n`

/**
 * One argument of an Exec line, quoted as the desktop entry specification has it: the quoting of Exec first, then the
 * escaping of every string value.
 * @throws for a path with a line break, which no entry can hold
 */
function execArgument(argument: string): string {
  if (/[\r\n]/.test(argument)) throw new Error('A path with a line break cannot be started at login.')
  const quoted = `"${argument.replace(/(["`$\\])/g, '\\$1').replaceAll('%', '%%')}"`
  return quoted.replaceAll('\\', '\\\\')
}

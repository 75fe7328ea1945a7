import { homedir } from 'node:os'
import { app } from 'electron'
import { autostartFolder, type StartAtLogin, startAtLoginByFile } from './startAtLogin.ts'

/**
 * Start at login by the platform's own means; null where there is nothing that could be started: an app that was not
 * installed has no executable of its own. `GATEHOUSE_EXECUTABLE` names one for an installation that we did not make.
 */
export function loginItem(env: NodeJS.ProcessEnv): StartAtLogin | null {
  // An AppImage runs from a mount that is gone at the next login.
  const executable = env.GATEHOUSE_EXECUTABLE ?? (app.isPackaged ? (env.APPIMAGE ?? process.execPath) : null)
  if (!executable) return null
  if (process.platform === 'linux') return startAtLoginByFile(autostartFolder(env, homedir()), executable)
  return {
    isOn: () => app.getLoginItemSettings({ path: executable }).openAtLogin,
    set: (openAtLogin) => app.setLoginItemSettings({ openAtLogin, path: executable }),
  }
}

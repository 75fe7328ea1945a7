import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { MessageBoxOptions } from 'electron'
import type { ShellLog } from './log.ts'

/** What is used of electron-updater's `autoUpdater`. */
export interface Updater {
  autoDownload: boolean
  autoInstallOnAppQuit: boolean
  /** null when updates are not possible in this kind of installation. */
  checkForUpdates(): Promise<{ isUpdateAvailable: boolean; updateInfo: { version: string } } | null>
  downloadUpdate(): Promise<unknown>
}

export interface UpdatesOptions {
  /** Loads the updater when it is first needed. */
  updater(): Promise<Updater>
  version: string
  /** Shows a message box; gives the index of its button. */
  ask(options: MessageBoxOptions): Promise<number>
  log: ShellLog
}

export interface Updates {
  /** `asked`: a person waits for the answer, whatever it is. */
  check(asked: boolean): Promise<void>
}

/** Whether this package was told where updates are: electron-builder puts a file beside the archive then (decision 143). */
export const hasUpdateFeed = (resourcesFolder: string): boolean => existsSync(join(resourcesFolder, 'app-update.yml'))

/**
 * Looks for a newer version, and gets it when a person wants it. It is installed when the app quits, in its own order: work
 * in flight is asked about as always.
 */
export function createUpdates({ updater, version, ask, log }: UpdatesOptions): Updates {
  let busy = false
  let ready = false
  const say = (message: string, detail: string) => ask({ type: 'info', title: 'Updates', message, detail, buttons: ['OK'] })

  async function look(asked: boolean): Promise<void> {
    const found = await updater()
    found.autoDownload = false
    found.autoInstallOnAppQuit = true
    const result = await found.checkForUpdates()
    if (!result?.isUpdateAvailable) {
      if (asked) await say(`Gatehouse ${version} is the newest version.`, '')
      return
    }
    const next = result.updateInfo.version
    const answer = await ask({
      type: 'question',
      title: 'Updates',
      message: `Gatehouse ${next} is there; this is ${version}.`,
      detail: 'It is downloaded now and installed when you quit.',
      buttons: ['Download', 'Not now'],
      defaultId: 0,
      cancelId: 1,
    })
    if (answer !== 0) return
    await found.downloadUpdate()
    ready = true
    await say(`Gatehouse ${next} is downloaded.`, 'It is installed when you quit.')
  }

  return {
    async check(asked) {
      if (ready && asked) return void (await say('An update is downloaded.', 'It is installed when you quit.'))
      if (busy || ready) return
      busy = true
      try {
        await look(asked)
      } catch (error) {
        log.warn({ err: error }, 'updates could not be looked for')
        const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
        if (asked) await say('Updates could not be looked for.', `${reason} Nothing was changed.`)
      } finally {
        busy = false
      }
    },
  }
}

import { type BrowserWindow, type IpcMainInvokeEvent, ipcMain } from 'electron'
import type { Push, Reply } from '../../contract/wire.ts'
import { appOrigin, pushChannel, requestChannel, statusEvent } from '../../preload/channels.ts'
import type { ShellLog } from './log.ts'
import type { EnvelopeSource } from './source.ts'

interface Options {
  source: EnvelopeSource
  /** Whether a push is for the page; what is not, the shell tells by itself. */
  isForPage(push: Push): boolean
  log: ShellLog
}

/**
 * Carries the console's envelopes between one window and its source. The only user of `ipcMain`: one channel in, one
 * out. Gives the function that ends it.
 */
export function connectWindow(window: BrowserWindow, { source, isForPage, log }: Options): () => void {
  const { webContents } = window

  const send = (push: { event: string; payload: unknown }) => {
    if (!window.isDestroyed() && !webContents.isDestroyed()) webContents.send(pushChannel, push)
  }

  ipcMain.handle(requestChannel, (event, raw: unknown): Reply | Promise<Reply> => {
    if (!isOurPage(event, window)) {
      log.warn(
        { from: event.senderFrame?.url.slice(0, 200) ?? 'a frame that is gone' },
        'a request of a foreign page was refused',
      )
      return { id: -1, ok: false, error: { kind: 'refused', message: 'Only the console’s own page may call its host.' } }
    }
    return source.send(raw)
  })

  let status = 'connecting'
  const tellStatus = () => send({ event: statusEvent, payload: status })
  const stopStatus = source.onStatus((next) => {
    status = next
    tellStatus()
  })
  // A page that was loaded again starts without what was told to the one before.
  webContents.on('did-finish-load', tellStatus)
  const stopPushes = source.onPush((push) => {
    if (isForPage(push)) send(push)
  })

  return () => {
    stopStatus()
    stopPushes()
    ipcMain.removeHandler(requestChannel)
  }
}

/** The main frame of our window, showing our own origin. A frame that navigated away or is gone is nobody. */
function isOurPage(event: IpcMainInvokeEvent, window: BrowserWindow): boolean {
  const frame = event.senderFrame
  if (!frame || window.isDestroyed() || event.sender !== window.webContents) return false
  return frame === window.webContents.mainFrame && frame.url.startsWith(`${appOrigin}/`)
}

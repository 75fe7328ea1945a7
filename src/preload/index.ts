import { contextBridge, type IpcRendererEvent, ipcRenderer, webUtils } from 'electron'
import type { Bridge, ConnectionStatus, Push, Reply } from '../contract/wire.ts'
import { attachedArgument, pushChannel, requestChannel, statusEvent } from './channels.ts'

const pushListeners = new Set<(push: Push) => void>()
const statusListeners = new Set<(status: ConnectionStatus) => void>()
let status: ConnectionStatus = 'connecting'

// One listener for the page's whole life: what Electron hands to it (the event with its sender) stays here.
ipcRenderer.on(pushChannel, (_event: IpcRendererEvent, push: Push) => {
  if (push.event === statusEvent) {
    status = push.payload as ConnectionStatus
    for (const listener of [...statusListeners]) listener(status)
    return
  }
  for (const listener of [...pushListeners]) listener(push)
})

const attached = process.argv.includes(attachedArgument)

const bridge = {
  send: (request) => ipcRenderer.invoke(requestChannel, request) as Promise<Reply>,
  onPush(listener) {
    pushListeners.add(listener)
    return () => void pushListeners.delete(listener)
  },
  onStatus(listener) {
    statusListeners.add(listener)
    listener(status)
    return () => void statusListeners.delete(listener)
  },
  pathOfFile(file) {
    // Electron took `File.path` away in version 32 and gave `webUtils` in 29.
    if (webUtils) return webUtils.getPathForFile(file)
    return (file as File & { path?: string }).path ?? ''
  },
  capabilities: {
    shell: 'electron',
    pathsOfDroppedFiles: true,
    nativeNotifications: true,
    // A hosting window ends its host by closing; an attached one would leave it running.
    stopHost: attached,
  },
} satisfies Bridge

contextBridge.exposeInMainWorld('gatehouse', bridge)

import { app, type Session, shell, type WebContents } from 'electron'
import type { ShellLog } from './log.ts'
import { isAllowedPermission, isWebAddress, originOf } from './policy.ts'

/** The one place that hands an address to the system. */
export function openExternal(address: string, log: ShellLog): void {
  if (!isWebAddress(address)) {
    log.warn({ address: address.slice(0, 200) }, 'an address that is not http(s) was not opened')
    return
  }
  void shell.openExternal(address).catch((error) => log.warn({ err: error }, 'the system could not open an address'))
}

/** Denies, for every page that this app will ever show, whatever the console does not need. Before the app is ready. */
export function hardenEveryPage(log: ShellLog): void {
  app.on('web-contents-created', (_event, contents) => harden(contents, log))
  app.on('session-created', (session) => denyPermissions(session))
}

function harden(contents: WebContents, log: ShellLog): void {
  const deny = (event: { preventDefault(): void }, address: string) => {
    event.preventDefault()
    log.warn({ address: String(address).slice(0, 200) }, 'a navigation was denied')
  }
  // The console never navigates: it is one page, loaded by us (which these events do not concern).
  contents.on('will-navigate', (event, address: string) => deny(event, address))
  contents.on('will-redirect', (event, address: string) => deny(event, address))
  contents.on('will-attach-webview', (event) => deny(event, 'webview'))
  contents.setWindowOpenHandler(({ url }) => {
    openExternal(url, log)
    return { action: 'deny' }
  })
}

function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((contents, permission, answer) => {
    answer(isAllowedPermission(permission, originOf(contents.getURL())))
  })
  session.setPermissionCheckHandler((_contents, permission, origin) => isAllowedPermission(permission, originOf(origin)))
  session.setDevicePermissionHandler(() => false)
}

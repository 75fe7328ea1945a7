/** What the window allows: the answers alone, so that they are tested without a window. */
import { appOrigin } from '../../preload/channels.ts'

/** true for what may leave for the system's browser. Anything else could start a program (file:, smb:, ms-…:). */
export function isWebAddress(address: string): boolean {
  try {
    const { protocol } = new URL(address)
    return protocol === 'https:' || protocol === 'http:'
  } catch {
    return false
  }
}

/** Copying an id is all that the console asks of the browser; everything else is denied. */
export const isAllowedPermission = (permission: string, origin: string): boolean =>
  permission === 'clipboard-sanitized-write' && origin === appOrigin

/** `URL.origin` is 'null' for our own scheme. */
export function originOf(address: string): string {
  try {
    const { protocol, host } = new URL(address)
    return `${protocol}//${host}`
  } catch {
    return ''
  }
}

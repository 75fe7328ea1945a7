import type { IncomingMessage } from 'node:http'
import { type Sessions, sameSecret } from './sessions.ts'

/** Who may pass. Every question is answered from the request's own headers. */
export interface Admission {
  /** Exactly our address: a name that was rebound to 127.0.0.1 carries another Host. */
  isOurHost(request: IncomingMessage): boolean
  /** Exactly our origin; a missing Origin is not ours. */
  isOurOrigin(request: IncomingMessage): boolean
  /**
   * A page of another site or port asks for something to load into itself. Following a link to us is no such thing. Browsers
   * say so themselves (Fetch metadata, https://www.w3.org/TR/fetch-metadata/); who says nothing is no browser's page.
   */
  isForeignLoad(request: IncomingMessage): boolean
  hasSession(request: IncomingMessage): boolean
  hasControlToken(request: IncomingMessage): boolean
  sessionCookie(session: string): string
}

export function createAdmission(origin: string, sessions: Sessions, controlToken: string): Admission {
  const { host, port } = new URL(origin)
  // Cookies are shared between the ports of a host, so the name tells two hosts of one machine apart.
  const cookieName = `gatehouse_session_${port}`
  return {
    isOurHost: (request) => request.headers.host === host,
    isOurOrigin: (request) => request.headers.origin === origin,
    isForeignLoad({ headers: { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } }) {
      if (site === undefined || site === 'same-origin' || site === 'none') return false
      return !(mode === 'navigate' && destination === 'document')
    },
    hasSession: (request) => sessions.isSession(readCookie(request.headers.cookie, cookieName)),
    hasControlToken(request) {
      const given = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
      return given !== undefined && sameSecret(given, controlToken)
    },
    sessionCookie: (session) => `${cookieName}=${session}; Path=/; HttpOnly; SameSite=Strict`,
  }
}

function readCookie(header: string | undefined, name: string): string | undefined {
  for (const part of header?.split(';') ?? []) {
    const [key, value] = part.trim().split('=', 2)
    if (key === name) return value
  }
  return undefined
}

import { request } from 'node:http'
import type { Home } from '../backend/home.ts'
import { readControl } from '../control/controlFile.ts'
import type { Credentials } from '../control/hostLink.ts'

/**
 * What lets an attached window in: the one-time token is exchanged for a session; when it is missing or used already,
 * the host's own control token is taken, if the data folder's host is the one that was asked for. Asked again on every
 * try to connect, because a host that was started again knows neither.
 */
export function attachCredentials(origin: string, token: string | null, home: Pick<Home, 'control'>): Credentials {
  let unused = token
  let cookie: string | null = null
  return async (refused) => {
    if (refused) cookie = null
    if (unused !== null) {
      const given = await exchange(origin, unused)
      if (given === 'away') throw new Error('the host does not answer')
      unused = null
      cookie = given
    }
    // The session first: a control file may be a crashed host's, whose port went to the one that was asked for.
    if (cookie) return { Cookie: cookie } as Record<string, string>
    const host = readControl(home)
    return host?.url === origin ? { Authorization: `Bearer ${host.token}` } : null
  }
}

/** The session's cookie, null when the token is not taken, 'away' when there is no answer. Plain node:http: Node 16 has no fetch. */
function exchange(origin: string, token: string): Promise<string | null | 'away'> {
  return new Promise((resolve) => {
    const body = JSON.stringify({ token })
    const post = request(
      `${origin}/session`,
      {
        method: 'POST',
        headers: { Origin: origin, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
        timeout: 5000,
      },
      (response) => {
        response.resume()
        resolve(response.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? null)
      },
    )
    post.on('timeout', () => post.destroy())
    post.on('error', () => resolve('away'))
    post.end(body)
  })
}

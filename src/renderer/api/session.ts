/** The web shell's way in: a one-time token in the address becomes a cookie that only the host can read. */

export type SessionOutcome = 'ready' | 'refused'

/** The token in `#token=…`, or null. */
export const tokenIn = (hash: string) => new URLSearchParams(hash.replace(/^#/, '')).get('token')

/**
 * Exchanges the token in the address, if there is one, and takes it out of the address and the history.
 * Without a token the cookie of an earlier exchange counts; whether it does shows when the socket opens.
 * A host that cannot be reached leaves the token in place, so that a reload tries again.
 */
export async function exchangeToken(page: Pick<Window, 'location' | 'history' | 'fetch'>): Promise<SessionOutcome> {
  const token = tokenIn(page.location.hash)
  if (!token) return 'ready'
  const answer = await page
    .fetch('/session', {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    })
    .catch(() => null)
  if (!answer) return 'ready'
  page.history.replaceState(null, '', page.location.pathname + page.location.search)
  // A link that was used already is no harm in a browser that was let in by it.
  if (answer.ok || (await isAdmitted(page))) return 'ready'
  return 'refused'
}

/** Asks whether the host is there but does not let this session in. A host that cannot be reached refuses nobody. */
export async function isAdmitted(page: Pick<Window, 'fetch'>): Promise<boolean> {
  const answer = await page.fetch('/session', { credentials: 'same-origin', cache: 'no-store' }).catch(() => null)
  return !(answer && (answer.status === 401 || answer.status === 403))
}

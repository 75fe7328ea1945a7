import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** Links that were given out and not used yet; the oldest falls out. */
const maxTokens = 16
/** Browsers that are let in at once; the one that was let in first falls out. */
const maxSessions = 64
/** Wrong tokens before every further try has to wait. A token has 256 bits: this keeps the log readable, not the door shut. */
const maxFailures = 10
const failureWindowMs = 60_000

export interface Sessions {
  /** A fresh one-time token. */
  issueToken(): string
  /** Exchanges a token, once. */
  exchange(token: unknown): { outcome: 'ok'; session: string } | { outcome: 'wrong' } | { outcome: 'wait'; seconds: number }
  isSession(session: string | undefined): boolean
}

/** One-time tokens and the sessions that they became. In memory only: a restart of the host ends every session. */
export function createSessions(now: () => number = Date.now): Sessions {
  const tokens: Buffer[] = []
  const sessions: Buffer[] = []
  const failures: number[] = []
  return {
    issueToken() {
      const token = secret()
      keep(tokens, digest(token), maxTokens)
      return token
    },
    exchange(token) {
      while (failures[0] !== undefined && failures[0] <= now() - failureWindowMs) failures.shift()
      const first = failures[0]
      if (first !== undefined && failures.length >= maxFailures) {
        return { outcome: 'wait', seconds: Math.ceil((first + failureWindowMs - now()) / 1000) }
      }
      const index = typeof token === 'string' ? find(tokens, token) : -1
      if (index < 0) {
        failures.push(now())
        return { outcome: 'wrong' }
      }
      tokens.splice(index, 1)
      const session = secret()
      keep(sessions, digest(session), maxSessions)
      return { outcome: 'ok', session }
    },
    isSession: (session) => session !== undefined && find(sessions, session) >= 0,
  }
}

/** Compares in constant time; hashing first makes the lengths equal. */
export const sameSecret = (a: string, b: string) => timingSafeEqual(digest(a), digest(b))

const secret = () => randomBytes(32).toString('base64url')
const digest = (value: string) => createHash('sha256').update(value).digest()

function keep(list: Buffer[], item: Buffer, most: number) {
  list.push(item)
  if (list.length > most) list.shift()
}

/** Looks at every entry, so that the time taken tells nothing about which one matched. */
function find(list: readonly Buffer[], value: string): number {
  const wanted = digest(value)
  let found = -1
  list.forEach((entry, index) => {
    if (timingSafeEqual(entry, wanted)) found = index
  })
  return found
}

import { DatabaseProblem } from '../../../temporal/activities/deps.ts'

/** Conditions that somebody has to correct; no retry mends them. SQLSTATE: Postgres manual, appendix A. */
const configuration: Record<string, string> = {
  '28P01': 'The database refuses the user or the password; correct them in the profile',
  '28000': 'The database does not let this user in from here; allow it in pg_hba.conf or correct the profile',
  '3D000': 'The database does not exist; create it or correct the profile',
  '3F000': 'The schema does not exist; create it or correct the profile',
  '42501': 'The database user lacks a privilege; grant it',
  '42P01': 'A table is missing; start Gatehouse once with a user that may create tables, or restore it',
  '42703': 'A column is missing: the tables belong to another version; bring both to the same version',
}
/** Conditions that pass: shutting down, starting up, too busy, failing over, out of room. Whole classes by two letters. */
const weather = ['08', '53', '57', '58', '40', '55P03', '25006']
/** Socket and name errors of Node. */
const socketErrors = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ECONNABORTED',
  'EADDRNOTAVAIL',
]
/** Certificates that do not fit: OpenSSL's and Node's names. */
const certificateErrors = /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/
/** `pg` names no code for these. */
const connectionMessages = /timeout|terminated|connection ended|not queryable|closed the connection|read timeout|end was called/i
const setupMessages = /SASL|password must be|does not support SSL|self.signed|certificate/i

/**
 * Tells apart what somebody has to correct, what passes by itself, and what is a fault of ours. The message says what to
 * do; it never holds the password, which neither Postgres nor `pg` puts into its errors, nor the values of a row.
 * @param where host and port, for the message
 */
export function classifyDatabaseError(error: unknown, where?: string): DatabaseProblem {
  if (error instanceof DatabaseProblem) return error
  const { code, message, errors } = error as { code?: unknown; message?: string; errors?: unknown[] }
  // Both addresses of `localhost` refused: the first one tells enough.
  if (error instanceof AggregateError && errors?.length) return classifyDatabaseError(errors[0], where)
  const at = where ? ` on ${where}` : ''
  const text = (message ?? String(error)).split('\n')[0] ?? ''
  const state = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !socketErrors.includes(code) ? code : null
  const problem = (kind: DatabaseProblem['kind'], sentence: string) => new DatabaseProblem(kind, sentence, state)

  if (state) {
    const advice = configuration[state]
    if (advice) return problem('configuration', `${advice} (Postgres${at}: ${text}).`)
    if (weather.some((prefix) => state.startsWith(prefix))) return problem('weather', `Postgres${at} is not ready: ${text}.`)
    // Data errors name values in `detail`, which is left out.
    const about = [(error as { table?: string }).table, (error as { constraint?: string }).constraint].filter(Boolean).join(', ')
    return problem('bug', `Postgres refused a statement of Gatehouse (${state}${about ? `, ${about}` : ''}): ${text}.`)
  }
  if (typeof code === 'string' && certificateErrors.test(code)) {
    return problem(
      'configuration',
      `The secure connection to Postgres${at} failed: ${text}. Correct sslmode or the certificates in the profile.`,
    )
  }
  if (typeof code === 'string' && socketErrors.includes(code)) {
    return problem('weather', `Postgres does not answer${at}: ${socketWords[code] ?? code}.`)
  }
  if (setupMessages.test(text)) return problem('configuration', `Postgres${at} cannot be used with this profile: ${text}.`)
  if (connectionMessages.test(text)) return problem('weather', `Postgres does not answer${at}: ${text}.`)
  return problem('bug', `Gatehouse failed while it used Postgres${at}: ${text}.`)
}

const socketWords: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ETIMEDOUT: 'no answer in time',
  EPIPE: 'connection broken',
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name cannot be looked up now',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
}

import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

/**
 * What Postgres stores of a password under scram-sha-256 (RFC 5802, and `pg_authid.rolpassword` in the Postgres manual),
 * so that a password can be set without sending it.
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16), iterations = 4096): string {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256')
  const mac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const storedKey = createHash('sha256').update(mac('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${mac('Server Key').toString('base64')}`
}

/** Names whose values are secrets: never in a log line, and covered in the console until somebody asks to see them. */

/** Compared without case, `_` and `-`. The fields of a trainer's proprietary configuration are here too: whatever object holds them. */
const secretNames: ReadonlySet<string> = new Set([
  'key',
  'keys',
  'authorization',
  'cookie',
  'setcookie',
  'plaintext',
  'customregularizationalpha',
  'advanceddropoutschedule',
  'internalmodelarchitecture',
])
const secretParts = ['password', 'passphrase', 'secret', 'token', 'apikey', 'privatekey', 'datakey', 'credential', 'proprietary']

export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[_-]/g, '')
  return secretNames.has(plain) || secretParts.some((part) => plain.includes(part))
}

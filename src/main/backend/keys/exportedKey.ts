/** A key on its way to another operator: one block of text that only a passphrase opens. */
import { createHash, type KeyObject, randomBytes } from 'node:crypto'
import { invalid, refused } from '../../../contract/errors.ts'
import { keyIdPattern } from './keyProvider.ts'
import { deriveWrappingKey, saltBytes, unwrapKey, wrapKey, wrappedBytes } from './wrapping.ts'

export interface CarriedKey {
  id: string
  createdAt: string
  key: KeyObject
}

const first = '-----BEGIN GATEHOUSE KEY-----'
const last = '-----END GATEHOUSE KEY-----'
/** Also fixes the cost of scrypt (`wrapping.ts`), so that a block from elsewhere cannot ask for any memory it likes. */
const version = 1
const fixedBytes = 1 + 1 + 8
const checksumBytes = 8

/**
 * Base64 of: version (1 byte), length of the id (1), id, time of making (8, milliseconds of the epoch, big-endian), salt
 * (16), wrapped key (60: IV, tag, sealed key; everything before it is bound), checksum (8, of SHA-256 over all before).
 */
export async function exportKey({ id, createdAt, key }: CarriedKey, passphrase: string): Promise<string> {
  const name = Buffer.from(id)
  const head = Buffer.alloc(fixedBytes + name.length + saltBytes)
  head.writeUInt8(version, 0)
  head.writeUInt8(name.length, 1)
  name.copy(head, 2)
  head.writeBigUInt64BE(BigInt(Date.parse(createdAt)), 2 + name.length)
  const salt = randomBytes(saltBytes)
  salt.copy(head, fixedBytes + name.length)
  const body = Buffer.concat([head, wrapKey(key, await deriveWrappingKey(passphrase, salt), boundTo(head))])
  const lines =
    Buffer.concat([body, checksum(body)])
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [first, ...lines, last, ''].join('\n')
}

/**
 * @throws CallFailed `invalid` when this is no such block, or one that was damaged on the way (told before the passphrase
 *   is tried); `refused` when the passphrase is another one
 */
export async function openExportedKey(text: string, passphrase: string): Promise<CarriedKey> {
  const { head, wrapped, id, createdAt, salt } = parse(text)
  const key = unwrapKey(wrapped, await deriveWrappingKey(passphrase, salt), boundTo(head))
  if (!key) throw refused(`This passphrase does not open the key ${id}. Nothing was imported.`)
  return { id, createdAt, key }
}

function parse(text: string) {
  const match = text.trim().match(new RegExp(`^${first}\\s([A-Za-z0-9+/=\\s]*)${last}$`))
  if (!match?.[1]) throw invalid(`This is no exported key: it begins with "${first}" and ends with "${last}".`, 'text')
  const bytes = Buffer.from(match[1].replaceAll(/\s/g, ''), 'base64')
  const damaged = () =>
    invalid('The exported key was damaged on the way: characters are missing or changed. Copy it again.', 'text')
  const body = bytes.subarray(0, -checksumBytes)
  if (bytes.length <= checksumBytes || !checksum(body).equals(bytes.subarray(-checksumBytes))) throw damaged()
  if (body[0] !== version) {
    throw invalid(`The exported key has version ${body[0]}, this Gatehouse knows ${version}. Import it with a newer one.`, 'text')
  }
  const idLength = body[1] ?? 0
  const headBytes = fixedBytes + idLength + saltBytes
  if (body.length !== headBytes + wrappedBytes) throw damaged()
  const id = body.subarray(2, 2 + idLength).toString()
  const createdAt = new Date(Number(body.readBigUInt64BE(2 + idLength)))
  if (!keyIdPattern.test(id) || Number.isNaN(createdAt.getTime())) throw damaged()
  return {
    id,
    createdAt: createdAt.toISOString(),
    head: body.subarray(0, headBytes),
    salt: body.subarray(headBytes - saltBytes, headBytes),
    wrapped: body.subarray(headBytes),
  }
}

const boundTo = (head: Buffer) => `gatehouse exported key ${head.toString('base64')}`
const checksum = (body: Buffer) => createHash('sha256').update(body).digest().subarray(0, checksumBytes)

import { createSecretKey, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CallFailed } from '../../../contract/errors.ts'
import { exportKey, openExportedKey } from './exportedKey.ts'

const carried = { id: 'k-0123456789ab', createdAt: '2026-11-25T07:00:00.000Z', key: createSecretKey(randomBytes(32)) }
const passphrase = 'correct horse battery'

describe('an exported key', () => {
  test('opens with its passphrase, also when mail changed its line ends and margins', async () => {
    const text = await exportKey(carried, passphrase)
    expect(text).toMatch(/^-----BEGIN GATEHOUSE KEY-----\n[A-Za-z0-9+/=\n]+\n-----END GATEHOUSE KEY-----\n$/)
    const opened = await openExportedKey(`\r\n  ${text.replaceAll('\n', '\r\n  ')}`, passphrase)
    expect(opened).toMatchObject({ id: carried.id, createdAt: carried.createdAt })
    expect(opened.key.equals(carried.key)).toBe(true)
  })

  test('the passphrase may be typed on any keyboard', async () => {
    const text = await exportKey(carried, 'pässword of the käse')
    expect((await openExportedKey(text, 'pässword of the käse'.normalize('NFD'))).id).toBe(carried.id)
  })

  test('two exports of one key have nothing in common', async () => {
    const [one, two] = await Promise.all([exportKey(carried, passphrase), exportKey(carried, passphrase)])
    expect(one.split('\n')[2]).not.toBe(two.split('\n')[2])
  })

  test('a wrong passphrase, damage, another version and other text are told apart', async () => {
    const text = await exportKey(carried, passphrase)
    await expect(openExportedKey(text, 'wrong horse battery')).rejects.toThrow(/does not open the key k-0123456789ab/)
    await expect(openExportedKey(text.replace(/.{8}\n-----END/, '\n-----END'), passphrase)).rejects.toThrow(/damaged/)
    await expect(openExportedKey('hello', passphrase)).rejects.toThrow(/no exported key/)
    await expect(openExportedKey(text.slice(0, -40), passphrase)).rejects.toThrow(/no exported key/)
  })

  test('no changed text ever gives another key, nor an error that is not an answer', async () => {
    const text = await exportKey(carried, passphrase)
    const change = fc.record({
      at: fc.nat(text.length - 1),
      length: fc.nat(6),
      by: fc.string({ maxLength: 6 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const changed = changes.reduce((all, { at, length, by }) => all.slice(0, at) + by + all.slice(at + length), text)
        try {
          const opened = await openExportedKey(changed, passphrase)
          // White space, and nothing else, may come and go.
          expect(changed.replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''))
          expect(opened.key.equals(carried.key)).toBe(true)
        } catch (error) {
          if (!(error instanceof CallFailed)) throw error
          expect(error.message).not.toContain(carried.key.export().toString('base64'))
        }
      }),
      { numRuns: 300 },
    )
  }, 60_000)
})

import { expect, test } from 'vitest'
import { fileText } from './fileText.ts'

const text = '{"events":[{"é":"😀"}]}'
const little = Buffer.from(`\uFEFF${text}`, 'utf16le')

test.each([
  ['UTF-8', Buffer.from(text)],
  ['UTF-8 with its mark', Buffer.from(`\uFEFF${text}`)],
  ['UTF-16, little end first, as of PowerShell', little],
  ['UTF-16, big end first', Buffer.from(little).swap16()],
])('%s is read', async (_, bytes) => expect(await fileText(new Blob([bytes]))).toBe(text))

test('bytes that are no text are read as something, and begin as they did', async () => {
  expect(await fileText(new Blob([Buffer.from([0x1f, 0x8b, 8, 0])]))).toBe('\u001f\uFFFD\b\0')
})

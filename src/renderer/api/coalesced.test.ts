import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { coalesced } from './coalesced.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('asks at once, then once more for all that was wished meanwhile', async () => {
  const asked: (() => void)[] = []
  const wish = coalesced(() => {
    return new Promise<void>((done) => asked.push(done))
  }, 400)
  wish()
  expect(asked).toHaveLength(1)
  wish()
  wish()
  asked[0]?.()
  await vi.advanceTimersByTimeAsync(399)
  expect(asked).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(asked).toHaveLength(2)
  asked[1]?.()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(asked).toHaveLength(2)
})

it('holds a burst back to one question an interval', async () => {
  let asked = 0
  const wish = coalesced(async () => void asked++, 400)
  for (let i = 0; i < 100; i++) {
    wish()
    await vi.advanceTimersByTimeAsync(10)
  }
  expect(asked).toBe(3)
})

import { expect, it } from 'vitest'
import { createLane } from './lane.ts'

/** Work that ends when it is told to. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { work: () => promise, end: resolve }
}

it('runs as many as it is wide, the others in their order', async () => {
  const lane = createLane(2)
  const begun: number[] = []
  const all = Array.from({ length: 5 }, held)
  const results = all.map(({ work }, n) =>
    lane(() => {
      begun.push(n)
      return work().then(() => n)
    }),
  )
  await Promise.resolve()
  expect(begun).toEqual([0, 1])
  all[1]?.end()
  await results[1]
  expect(begun).toEqual([0, 1, 2])
  for (const { end } of all) end()
  expect(await Promise.all(results)).toEqual([0, 1, 2, 3, 4])
  expect(begun).toEqual([0, 1, 2, 3, 4])
})

it('goes on after work that fails', async () => {
  const lane = createLane(1)
  await expect(lane(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await lane(async () => 'yes')).toBe('yes')
})

it('who gives up while waiting is never begun, and holds up nobody', async () => {
  const lane = createLane(1)
  const first = held()
  const running = lane(first.work)
  const gaveUp = new AbortController()
  let begun = false
  const waiting = lane(async () => {
    begun = true
  }, gaveUp.signal)
  const last = lane(async () => 'last')
  gaveUp.abort(new Error('cancelled'))
  await expect(waiting).rejects.toThrow('cancelled')
  first.end()
  await running
  expect(await last).toBe('last')
  expect(begun).toBe(false)
})

import { expect, it, vi } from 'vitest'
import { DatabaseProblem } from './deps.ts'
import { waitForRoom } from './waitForRoom.ts'

const full = Object.assign(new Error('There is no room left.'), { code: 'ENOSPC' })
const context = (signal = new AbortController().signal) => ({ signal, reportProgress: vi.fn() })
const failing = (...errors: Error[]) =>
  vi.fn(async () => {
    const error = errors.shift()
    if (error) throw error
    return 'done'
  })

it('does the work again until there is room, and says meanwhile that it waits', async () => {
  const step = context()
  const waited: number[] = []
  const work = failing(full, full, full, full, full)
  const wait = async (ms: number) => waited.push(ms)
  await expect(waitForRoom(step, work, wait)).resolves.toBe('done')
  expect(waited).toEqual([2000, 4000, 8000, 15_000, 15_000])
  expect(step.reportProgress.mock.calls[0]).toEqual([
    0,
    expect.stringContaining('the disk is full. This step goes on by itself.'),
    { waitsForRoom: true },
  ])
})

it.each([
  ['a program', new Error('The trainer ended with exit code 1. Its last words: OSError: [Errno 28] No space left on device')],
  ['DuckDB', new Error('IO Error: Could not write file "t.duckdb": No space left on device')],
])('knows a full disk by the words of %s', async (_, error) => {
  await expect(waitForRoom(context(), failing(error), async () => {})).resolves.toBe('done')
})

it.each([
  ['something else', new Error('the file is damaged')],
  ['a database that is full', new DatabaseProblem('weather', 'could not extend file: No space left on device', '53100')],
])('does not wait for %s', async (_, error) => {
  const work = failing(error)
  await expect(waitForRoom(context(), work)).rejects.toBe(error)
  expect(work).toHaveBeenCalledTimes(1)
})

it('ends when the attempt is taken away while it waits', async () => {
  const controller = new AbortController()
  const waiting = waitForRoom(context(controller.signal), failing(full))
  controller.abort(new Error('cancelled'))
  await expect(waiting).rejects.toThrow()
})

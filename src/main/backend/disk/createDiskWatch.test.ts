import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { silentLog } from '../log.ts'
import { createDiskWatch, type DiskWatch } from './createDiskWatch.ts'
import { littleBelow, roomOf } from './room.ts'

describe('room', () => {
  it.each([
    // a disk's size, and below how many bytes somebody is told
    [3e8, 1e8],
    [5e9, 5e8],
    [4e12, 2e9],
  ])('on a disk of %d bytes is little below %d', (size, bytes) => {
    expect(littleBelow(size)).toBe(bytes)
    expect(roomOf({ free: bytes, size })).toBe('enough')
    expect(roomOf({ free: bytes - 1, size })).toBe('little')
    expect(roomOf({ free: 4e7 - 1, size })).toBe('none')
  })

  it('is told as enough again only with some more', () => {
    expect(roomOf({ free: 5.2e8, size: 5e9 }, 'little')).toBe('little')
    expect(roomOf({ free: 5.6e8, size: 5e9 }, 'little')).toBe('enough')
    expect(roomOf({ free: 4.1e7, size: 5e9 }, 'none')).toBe('none')
    expect(roomOf({ free: 4.5e7, size: 5e9 }, 'none')).toBe('little')
  })
})

describe('the watch', () => {
  let free: number
  let watch: DiskWatch
  beforeEach(() => {
    vi.useFakeTimers()
    free = 2e9
    watch = createDiskWatch({
      folder: '/data',
      log: silentLog,
      space: async () => ({ free, size: 1e10 }),
      now: () => Date.now(),
    })
  })
  afterEach(() => {
    watch.close()
    vi.useRealTimers()
  })

  it('looks every minute, says what is left and what will be, and sees soon that there is room again', async () => {
    const told: string[] = []
    watch.onChange(() => told.push(`${watch.part().state} ${watch.part().summary}`))
    await watch.look()
    expect(watch.part()).toMatchObject({ state: 'up', summary: '2 GB free', detail: '', remedy: '', address: '/data' })
    free = 3e8
    await vi.advanceTimersByTimeAsync(60_000)
    expect(watch.part()).toMatchObject({ state: 'up', remedy: expect.stringContaining('Free some space') })
    expect(watch.part().detail).toMatch(/^Little room .* \(300 MB free\)\. Once it is full, new files stay where they are/)
    free = 0
    await vi.advanceTimersByTimeAsync(5_000)
    expect(watch.part()).toMatchObject({ state: 'down', detail: expect.stringContaining('is full (0 bytes free)') })
    free = 2e9
    await vi.advanceTimersByTimeAsync(5_000)
    expect(watch.part()).toMatchObject({ state: 'up', remedy: '' })
    expect(told).toEqual(['up 2 GB free', 'up 300 MB free', 'down 0 bytes free', 'up 2 GB free'])
  })

  it('takes the word of a refused write, where a quota leaves room that nobody may use', async () => {
    await watch.look()
    watch.refused()
    await vi.advanceTimersByTimeAsync(1)
    expect(watch.part()).toMatchObject({ state: 'down', detail: expect.stringContaining('is full (2 GB free)') })
    await vi.advanceTimersByTimeAsync(65_000)
    expect(watch.part()).toMatchObject({ state: 'up', remedy: '' })
  })

  it('does not hold on to a refusal of a disk that was full, once there is room', async () => {
    free = 0
    await watch.look()
    watch.refused()
    await vi.advanceTimersByTimeAsync(1)
    free = 2e9
    await vi.advanceTimersByTimeAsync(5_000)
    expect(watch.part()).toMatchObject({ state: 'up', remedy: '' })
  })

  it('keeps what it knew while the disk cannot be asked', async () => {
    const failing = createDiskWatch({
      folder: '/data',
      log: silentLog,
      space: async () => {
        throw new Error('gone')
      },
    })
    await failing.look()
    expect(failing.part()).toMatchObject({ state: 'up', summary: '' })
    failing.close()
  })
})

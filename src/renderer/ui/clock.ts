import { createContext, useContext, useSyncExternalStore } from 'react'

/** One timer for every moving word on the screen; it stands still while nobody listens or the window is hidden. */
export interface Clock {
  now(): number
  subscribe(listener: () => void): () => void
}

export function createClock(page: Pick<Document, 'hidden' | 'addEventListener'>, everyMs = 1000): Clock {
  const listeners = new Set<() => void>()
  let now = Date.now()
  let timer: ReturnType<typeof setInterval> | undefined
  const tick = () => {
    now = Date.now()
    for (const listener of [...listeners]) listener()
  }
  const start = () => {
    if (timer === undefined && listeners.size > 0 && !page.hidden) timer = setInterval(tick, everyMs)
  }
  const stop = () => {
    clearInterval(timer)
    timer = undefined
  }
  page.addEventListener('visibilitychange', () => {
    stop()
    if (!page.hidden) tick()
    start()
  })
  return {
    now: () => now,
    subscribe(listener) {
      if (listeners.size === 0) now = Date.now()
      listeners.add(listener)
      start()
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) stop()
      }
    },
  }
}

export const ClockContext = createContext<Clock | null>(null)
const still = () => () => {}

/**
 * The time that words about a wait need: to the second in its first minute and its last two, to the minute between, because
 * they say no more then. Twenty rows that wait are drawn again once a minute, not once a second.
 *
 * @param since when the wait began, in milliseconds
 * @param until when it ends by itself; null when it does not
 */
export function waitingTime(now: number, since: number, until: number | null): number {
  const elapsed = now - since
  if (elapsed < 60_000 || (until !== null && until - now < 120_000)) return now
  return since + Math.floor(elapsed / 60_000) * 60_000
}

/** Like `useNow`, for words about a wait. */
export function useWaitingTime(moving: boolean, since: number, until: number | null): number {
  const clock = useContext(ClockContext)
  if (!clock) throw new Error('no clock above this component')
  return useSyncExternalStore(moving ? clock.subscribe : still, () => waitingTime(clock.now(), since, until))
}

/**
 * The current time in milliseconds, new every second. Only the component that calls it is drawn again.
 * @param moving false for a word that no longer changes: then nothing is drawn again
 */
export function useNow(moving = true): number {
  const clock = useContext(ClockContext)
  if (!clock) throw new Error('no clock above this component')
  return useSyncExternalStore(moving ? clock.subscribe : still, clock.now)
}

/** @param signal takes the work out of the line while it waits; its reason is thrown then */
export type Lane = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>

/** Runs work in the order in which it comes, at most `width` at a time. */
export function createLane(width: number): Lane {
  const waiting: (() => void)[] = []
  let running = 0
  const turn = (signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      signal?.throwIfAborted()
      if (running < width) {
        running++
        return resolve()
      }
      const begin = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        waiting.splice(waiting.indexOf(begin), 1)
        reject(signal?.reason)
      }
      waiting.push(begin)
      signal?.addEventListener('abort', leave, { once: true })
    })
  return async (work, signal) => {
    await turn(signal)
    try {
      return await work()
    } finally {
      // The place goes straight to the next in line, so that nobody who comes later gets in between.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}

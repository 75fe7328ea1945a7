export type Lane = <T>(work: () => Promise<T>) => Promise<T>

/** Runs work in the order in which it comes, at most `width` at a time. */
export function createLane(width: number): Lane {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
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

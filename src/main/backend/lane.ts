/** Lets so many pieces of work run at the same time; the others wait in order. */
export function createQueue(atOnce: number): { run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> } {
  let running = 0
  const waiting: (() => void)[] = []
  const turn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      signal.throwIfAborted()
      if (running < atOnce) {
        running++
        return resolve()
      }
      const begin = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        waiting.splice(waiting.indexOf(begin), 1)
        reject(signal.reason)
      }
      waiting.push(begin)
      signal.addEventListener('abort', leave, { once: true })
    })
  return {
    async run(signal, work) {
      await turn(signal)
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else running--
      }
    },
  }
}

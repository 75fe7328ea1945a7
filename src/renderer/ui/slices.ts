/** Long enough to get on, short enough that a key or a frame never waits for it. */
const sliceMs = 8

/**
 * Runs work that yields now and then, a few milliseconds at a time, so that typing and drawing go first.
 * @throws what the work throws, and the signal's reason once it is aborted.
 */
export async function inSlices<T>(work: Generator<void, T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    signal?.throwIfAborted()
    const until = performance.now() + sliceMs
    do {
      const { done, value } = work.next()
      if (done) return value
    } while (performance.now() < until)
    await others()
  }
}

/** Lets everything go first that waits already. A timer of 0 ms would wait 4 ms each time (HTML, timers, step 11). */
function others(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}

/**
 * Turns many wishes to ask again into few questions: one is under way at most, and one more follows it when something
 * was wished meanwhile, at the earliest `everyMs` after the last began.
 */
export function coalesced(ask: () => Promise<void>, everyMs = 400): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastBegan = Number.NEGATIVE_INFINITY
  let underWay = false
  let wished = false
  const begin = async () => {
    timer = undefined
    underWay = true
    wished = false
    lastBegan = performance.now()
    try {
      await ask()
    } finally {
      underWay = false
      if (wished) wish()
    }
  }
  const wish = () => {
    if (underWay) {
      wished = true
      return
    }
    if (timer !== undefined) return
    const wait = lastBegan + everyMs - performance.now()
    if (wait <= 0) void begin()
    else timer = setTimeout(begin, wait)
  }
  return wish
}

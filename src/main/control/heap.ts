import { setFlagsFromString } from 'node:v8'

/**
 * Keeps the host's heaps near what is alive in them. On a machine with much memory V8 lets a heap grow to several times
 * that before it looks; with a worker's sandbox in a thread of its own this came to 400 MB after a thousand runs, for a
 * host that needs 100. Threads that start later inherit it.
 *
 * `--heap-growing-percent` is V8's own option (`node --v8-options`): a heap may grow by this much between collections.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=25')
}

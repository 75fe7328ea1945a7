import { renameSync } from 'node:fs'

/** Makes room for a new `FILE.1`: each earlier one gets the next number, and the one that would pass `keep` goes. */
export function shiftEarlier(file: string, keep: number): void {
  for (let n = keep; n > 1; n--) {
    try {
      renameSync(`${file}.${n - 1}`, `${file}.${n}`)
    } catch {
      // There are fewer of them yet.
    }
  }
}

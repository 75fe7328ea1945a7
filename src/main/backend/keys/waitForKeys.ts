import type { KeyRing } from './createKeyRing.ts'

type Keys = Pick<KeyRing, 'problem' | 'onChange'>

/** Resolves once the keys can be had. @throws the signal's reason when it is aborted before */
export const untilKeysAreThere = (keys: Keys, signal: AbortSignal) => until(keys, signal, () => keys.problem() === null, 0)

/** Resolves once the keys could not be had for so long, in milliseconds. @throws the signal's reason when it is aborted before */
export const untilKeysAreAway = (keys: Keys, forMs: number, signal: AbortSignal) =>
  until(keys, signal, () => keys.problem() !== null, forMs)

function until(keys: Keys, signal: AbortSignal, holds: () => boolean, forMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | null = null
    const look = () => {
      if (holds()) timer ??= setTimeout(() => finish(resolve), forMs)
      else if (timer) {
        clearTimeout(timer)
        timer = null
      }
    }
    const off = keys.onChange(look)
    const onAbort = () => finish(() => reject(signal.reason))
    const finish = (settle: () => void) => {
      if (timer) clearTimeout(timer)
      off()
      signal.removeEventListener('abort', onAbort)
      settle()
    }
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    look()
  })
}

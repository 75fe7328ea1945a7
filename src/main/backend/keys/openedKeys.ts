import type { DataKey } from '../../../temporal/codec/keySource.ts'

/** Opened keys in memory, each for a bounded time; of those that other data folders made, a bounded number. */
export interface OpenedKeys {
  /** null when it is not here, or its time is over. */
  get(name: string): DataKey | null
  /** When its time is over, in milliseconds of the epoch. */
  until(name: string): number
  put(name: string, key: DataKey, keepMs: number): void
  /**
   * Asks once for however many wait for the same key, and keeps what it gets. A refusal is kept for `refusedMs`: each ask
   * of a locked keychain may put a prompt on the screen.
   */
  ask(name: string, refusedMs: number, work: () => Promise<{ key: DataKey; keepMs: number } | null>): Promise<DataKey | null>
  /** Asks again at once for what was refused. */
  forgetRefusals(): void
  forget(keep: (name: string) => boolean): void
}

/** Enough for a key a day over the retention of a year. */
const mostKeys = 400

export function createOpenedKeys(): OpenedKeys {
  /** In the order in which they were put. */
  const keys = new Map<string, { key: DataKey; until: number }>()
  const asked = new Map<string, Promise<{ key: DataKey; keepMs: number } | null>>()
  const refusals = new Map<string, { error: unknown; until: number }>()

  const get = (name: string) => {
    const found = keys.get(name)
    return found && found.until > Date.now() ? found.key : null
  }
  const put = (name: string, key: DataKey, keepMs: number) => {
    keys.delete(name)
    keys.set(name, { key, until: Date.now() + keepMs })
    for (const [each, { until }] of keys) {
      if (keys.size <= mostKeys) break
      if (until !== Number.POSITIVE_INFINITY) keys.delete(each)
    }
  }
  return {
    get,
    put,
    until: (name) => keys.get(name)?.until ?? 0,
    async ask(name, refusedMs, work) {
      const refusal = refusals.get(name)
      if (refusal && refusal.until > Date.now()) throw refusal.error
      const running = asked.get(name) ?? work().finally(() => asked.delete(name))
      asked.set(name, running)
      try {
        const found = await running
        if (found) put(name, found.key, found.keepMs)
        refusals.delete(name)
        return found?.key ?? null
      } catch (error) {
        if (refusals.size > mostKeys) refusals.clear()
        refusals.set(name, { error, until: Date.now() + refusedMs })
        throw error
      }
    },
    forgetRefusals: () => refusals.clear(),
    forget(keep) {
      for (const name of keys.keys()) if (!keep(name)) keys.delete(name)
    },
  }
}

import { type DataKey, type KeySource, UnknownKey } from './keySource.ts'

/** One key for everything, never rotated: for the self-test, tests and benches. */
export const singleKey = (key: DataKey): KeySource => ({
  sealingKey: () => key,
  openingKey(id) {
    if (id !== key.id) throw new UnknownKey(id)
    return key
  },
})

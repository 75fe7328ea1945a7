/** How the console says moments: as clock times or from now, in which zone. One choice for every view, remembered. */
import { createContext, useContext, useMemo } from 'react'
import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'
import { exactWords, momentWords, type SentenceOptions } from '../../contract/sentence.ts'
import { useWaitingTime } from './clock.ts'

export interface TimesChoice {
  relative: boolean
  /** `local` follows the machine; else an IANA name. */
  zone: string
}
export interface TimesState extends TimesChoice {
  /** The zone that was chosen beside local and UTC; a key comes back to it. */
  other: string | null
  choose(choice: Partial<TimesChoice>): void
  /** Local, UTC, and the chosen zone where there is one. */
  nextZone(): void
}

const rememberedAs = 'gatehouse.times'

/** Whether Intl knows a zone by this name. */
export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name })
    return name !== ''
  } catch {
    return false
  }
}

/** What was remembered, as far as it still holds: a private window has no storage, and a zone may be unknown here. */
function remembered(storage: Pick<Storage, 'getItem'>): TimesChoice & { other: string | null } {
  const usual = { relative: false, zone: 'local', other: null }
  try {
    const kept: unknown = JSON.parse(storage.getItem(rememberedAs) ?? 'null')
    if (typeof kept !== 'object' || kept === null) return usual
    const { relative, zone, other } = kept as Record<string, unknown>
    const known = (name: unknown): name is string => typeof name === 'string' && isZone(name)
    return {
      relative: relative === true,
      zone: known(zone) ? zone : 'local',
      other: known(other) ? other : null,
    }
  } catch {
    return usual
  }
}

export function createTimesStore(page: { readonly localStorage: Pick<Storage, 'getItem' | 'setItem'> }) {
  return createStore<TimesState>()((set, get) => ({
    ...remembered({ getItem: (key) => page.localStorage.getItem(key) }),
    choose(choice) {
      const { relative, zone, other } = { ...get(), ...choice }
      const next = { relative, zone, other: zone === 'local' || zone === 'UTC' ? other : zone }
      set(next)
      try {
        page.localStorage.setItem(rememberedAs, JSON.stringify(next))
      } catch {
        // Without storage the choice lasts as long as the window.
      }
    },
    nextZone() {
      const { zone, other, choose } = get()
      const zones = ['local', 'UTC', ...(other === null ? [] : [other])]
      choose({ zone: zones[(zones.indexOf(zone) + 1) % zones.length] ?? 'local' })
    },
  }))
}
export type TimesStore = ReturnType<typeof createTimesStore>

export const TimesContext = createContext<TimesStore | null>(null)

/** What `momentWords` and `describeRun` need to say moments as the operator chose; the same object until that changes. */
export function useTimes(): SentenceOptions {
  const store = useContext(TimesContext)
  if (!store) throw new Error('no times above this component')
  const relative = useStore(store, (s) => s.relative)
  const zone = useStore(store, (s) => s.zone)
  return useMemo(() => (zone === 'local' ? { relative } : { relative, timeZone: zone, zoneName: true }), [relative, zone])
}

/**
 * A moment in the operator's way; its title is exact.
 * @param brief leaves the zone's name out, where there is no room for it: the status line says it too
 * @param seconds says them, for what follows within a minute
 */
export function Moment({ at, brief = false, seconds = false }: { at: string; brief?: boolean; seconds?: boolean }) {
  const times = useTimes()
  const now = useWaitingTime(times.relative === true, Date.parse(at), null)
  return (
    <time dateTime={at} title={exactWords(at, times)}>
      {momentWords(at, new Date(now), { ...times, seconds, ...(brief ? { zoneName: false } : {}) })}
    </time>
  )
}

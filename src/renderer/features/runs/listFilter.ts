/** The filter of the run list: as it is chosen, as the host is asked for it, and as it stands in the address. */
import { stages as allStages, type Stage } from '../../../contract/model.ts'
import type { RunFilter } from '../../../contract/runFilter.ts'

export const spans = ['hour', 'today', 'day', 'week'] as const
/** Accepted since when; `today` begins at this machine's midnight, the others move with the clock. */
export type Span = (typeof spans)[number]

export interface ListFilter {
  text: string
  /** Empty: every stage. */
  stages: readonly Stage[]
  accepted: Span | null
  retrying: boolean
  paused: boolean
  /** Awaits a decision for longer than this, in minutes. */
  waitingOver: number | null
}

export const wholeList: ListFilter = {
  text: '',
  stages: [],
  accepted: null,
  retrying: false,
  paused: false,
  waitingOver: null,
}
/** A year, as the contract has it. */
const mostMinutes = 525_600

export const isNarrowed = (filter: ListFilter): boolean => formatFilter({ ...filter, text: filter.text.trim() }) !== ''
/** Whether what fits changes while nothing happens to any run. */
export const movesByItself = ({ accepted, waitingOver }: ListFilter): boolean => accepted !== null || waitingOver !== null

const spanMs = { hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000 }
const beginOf = (span: Span, now: number) => (span === 'today' ? new Date(now).setHours(0, 0, 0, 0) : now - spanMs[span])

/** @param now in milliseconds */
export function filterOf({ text, stages, accepted, retrying, paused, waitingOver }: ListFilter, now: number): RunFilter {
  const words = text.trim()
  return {
    ...(words === '' ? {} : { text: words }),
    ...(stages.length === 0 ? {} : { stages: [...stages] }),
    ...(accepted === null ? {} : { acceptedFrom: new Date(beginOf(accepted, now)).toISOString() }),
    ...(retrying ? { retrying } : {}),
    ...(paused ? { paused } : {}),
    ...(waitingOver === null ? {} : { waitingOver: waitingOver * 60 }),
  }
}

/** As the query of an address, without its question mark; empty for the whole list. */
export function formatFilter({ text, stages, accepted, retrying, paused, waitingOver }: ListFilter): string {
  const query = new URLSearchParams()
  if (text !== '') query.set('text', text)
  if (stages.length > 0) query.set('stages', stages.join(','))
  if (accepted !== null) query.set('accepted', accepted)
  if (retrying) query.set('retrying', 'now')
  if (paused) query.set('paused', 'now')
  if (waitingOver !== null) query.set('waiting', String(waitingOver))
  return query.toString()
}

/** What an address asks for; null when nothing in it is a filter. A part that means nothing narrows nothing. */
export function parseFilter(text: string): ListFilter | null {
  const query = new URLSearchParams(text)
  const named = query.get('stages')?.split(',') ?? []
  const minutes = query.get('waiting') ?? ''
  const filter: ListFilter = {
    text: (query.get('text') ?? '').slice(0, 200),
    stages: allStages.filter((stage) => named.includes(stage)),
    accepted: spans.find((span) => span === query.get('accepted')) ?? null,
    retrying: query.get('retrying') === 'now',
    paused: query.get('paused') === 'now',
    waitingOver: /^[1-9]\d{0,5}$/.test(minutes) && Number(minutes) <= mostMinutes ? Number(minutes) : null,
  }
  return isNarrowed(filter) ? filter : null
}

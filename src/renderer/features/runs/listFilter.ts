/** The filter, order and columns of the run list: as they are chosen, as the host is asked, and as they stand in the address. */
import { stages as allStages } from '../../../contract/model.ts'
import type { RunFilter } from '../../../contract/runFilter.ts'
import { isText, newestFirst, type RunColumn, type RunSort, runColumn } from '../../../contract/runSort.ts'
import { acceptedSpans, chosenColumns, type ListFilter, listFilter } from '../../../contract/runViews.ts'

export type { ListFilter }
/** Accepted since when; `today` begins at this machine's midnight, the others move with the clock. */
export type Span = (typeof acceptedSpans)[number]

export const wholeList: ListFilter = {
  text: '',
  stages: [],
  accepted: null,
  acceptedFrom: null,
  acceptedTo: null,
  ended: null,
  retrying: false,
  paused: false,
  waitingOver: null,
}

export const isNarrowed = (filter: ListFilter): boolean => formatFilter({ ...filter, text: filter.text.trim() }) !== ''
/** Whether what fits changes while nothing happens to any run. */
export const movesByItself = ({ accepted, ended, waitingOver }: ListFilter): boolean =>
  accepted !== null || ended !== null || waitingOver !== null

const spanMs = { hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000 }
const beginOf = (span: Span, now: number) => (span === 'today' ? new Date(now).setHours(0, 0, 0, 0) : now - spanMs[span])
/** This machine's midnight at which the day, or one so many days later, begins. */
const midnight = (day: string, later = 0) => {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number]
  return new Date(year, month - 1, date + later).toISOString()
}

/** @param now in milliseconds */
export function filterOf(filter: ListFilter, now: number): RunFilter {
  const { text, stages, accepted, acceptedFrom, acceptedTo, ended, retrying, paused, waitingOver } = filter
  const words = text.trim()
  return {
    ...(words === '' ? {} : { text: words }),
    ...(stages.length === 0 ? {} : { stages: [...stages] }),
    ...(accepted === null ? {} : { acceptedFrom: new Date(beginOf(accepted, now)).toISOString() }),
    ...(acceptedFrom === null ? {} : { acceptedFrom: midnight(acceptedFrom) }),
    ...(acceptedTo === null ? {} : { acceptedBefore: midnight(acceptedTo, 1) }),
    ...(ended === null ? {} : { endedFrom: new Date(beginOf(ended, now)).toISOString() }),
    ...(retrying ? { retrying } : {}),
    ...(paused ? { paused } : {}),
    ...(waitingOver === null ? {} : { waitingOver: waitingOver * 60 }),
  }
}

function filterParts(filter: ListFilter): URLSearchParams {
  const { text, stages, accepted, acceptedFrom, acceptedTo, ended, retrying, paused, waitingOver } = filter
  const query = new URLSearchParams()
  if (text !== '') query.set('text', text)
  if (stages.length > 0) query.set('stages', stages.join(','))
  if (accepted !== null) query.set('accepted', accepted)
  if (acceptedFrom !== null) query.set('from', acceptedFrom)
  if (acceptedTo !== null) query.set('to', acceptedTo)
  if (ended !== null) query.set('ended', ended)
  if (retrying) query.set('retrying', 'now')
  if (paused) query.set('paused', 'now')
  if (waitingOver !== null) query.set('waiting', String(waitingOver))
  return query
}
/** As the query of an address, without its question mark; empty for the whole list. */
export const formatFilter = (filter: ListFilter): string => filterParts(filter).toString()

/** What an address asks for; null when nothing in it is a filter. A part that means nothing narrows nothing. */
export function parseFilter(text: string): ListFilter | null {
  const query = new URLSearchParams(text)
  const { shape } = listFilter
  const named = query.get('stages')?.split(',') ?? []
  const minutes = query.get('waiting') ?? ''
  const filter: ListFilter = {
    text: (query.get('text') ?? '').slice(0, 200),
    stages: allStages.filter((stage) => named.includes(stage)),
    accepted: acceptedSpans.find((span) => span === query.get('accepted')) ?? null,
    acceptedFrom: shape.acceptedFrom.safeParse(query.get('from')).data ?? null,
    acceptedTo: shape.acceptedTo.safeParse(query.get('to')).data ?? null,
    ended: acceptedSpans.find((span) => span === query.get('ended')) ?? null,
    retrying: query.get('retrying') === 'now',
    paused: query.get('paused') === 'now',
    waitingOver: /^[1-9]\d{0,5}$/.test(minutes) ? (shape.waitingOver.safeParse(Number(minutes)).data ?? null) : null,
  }
  const checked = listFilter.safeParse(filter).data ?? { ...filter, acceptedFrom: null, acceptedTo: null }
  return isNarrowed(checked) ? checked : null
}

/** How the list is laid out, as far as an address says it. */
export interface Layout {
  sort: RunSort | null
  columns: readonly RunColumn[] | null
}

/** `error` and `-error`: a minus sorts descending. */
export function formatLayout({ sort, columns }: Layout): string {
  const query = new URLSearchParams()
  if (sort !== null && !sameSort(sort, newestFirst)) query.set('sort', `${sort.descending ? '-' : ''}${sort.by}`)
  if (columns !== null) query.set('columns', columns.join(','))
  return query.toString()
}

/** What an address says of order and columns; what means nothing is null, and the list stays as it is. */
export function parseLayout(text: string): Layout {
  const query = new URLSearchParams(text)
  const sort = query.get('sort') ?? ''
  const by = runColumn.safeParse(sort.replace(/^-/, '')).data
  return {
    sort: by === undefined ? null : { by, descending: sort.startsWith('-') },
    columns: chosenColumns.safeParse(query.get('columns')?.split(',')).data ?? null,
  }
}

export const sameSort = (a: RunSort, b: RunSort) => a.by === b.by && a.descending === b.descending
/** First the way that one usually wants, then the other, then newest first again. */
export function nextSort(now: RunSort, by: RunColumn): RunSort {
  const usual = !isText(by)
  if (now.by !== by) return { by, descending: usual }
  return now.descending === usual ? { by, descending: !usual } : newestFirst
}

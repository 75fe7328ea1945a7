import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import type { HistoryHit, HistorySearch } from '../../../contract/history.ts'
import { historyPages } from '../../../temporal/historyPages.ts'
import { matchJson, matchText, wantedText } from './matchJson.ts'
import { viewEvents } from './viewEvents.ts'

export interface SearchAsked {
  workflowId: string
  runId: string
  text: string
  /** Whether values under secret names are looked at too. */
  reveal: boolean
}

export interface HistorySearcher {
  /**
   * Looks through the decoded values of a run, as far as they were read by then; the reading goes on, and whoever asks again
   * while `done` is false gets more.
   * @throws a gRPC error when Temporal does not give the history
   */
  search(client: Client, asked: SearchAsked): Promise<HistorySearch>
  /** Forgets every decoded value: the keys are gone, or nobody is to read them any more. */
  forget(): void
}

/** Decoded characters that are kept over all runs; a history has 50 MB at most by Temporal's own limit. */
const mostCharacters = 128 * 1024 * 1024
/** Runs whose values are kept; the one that was asked for longest ago goes first. */
const mostRuns = 3
/** Decoded values stay in memory only for as long as somebody works with them. */
const forgetAfterMs = 600_000
/** How long one answer waits for the reading to go on. */
const answerAfterMs = 400
/** Nobody asked for so long: the reading stops until somebody does. */
const abandonedMs = 5_000
const mostHits = 200
/** Nobody is kept waiting by it: an answer comes meanwhile, and what was not decoded by then would never be found. */
const decodingWithinMs = 60_000

/** Something of an event that can be searched. */
interface Entry {
  eventId: string
  type: string
  subject: string | null
  at: string | null
  /** Of the payload or failure in its event. */
  label: string
  text: string
  isJson: boolean
}

interface Read {
  entries: Entry[]
  characters: number
  events: number
  unreadable: number
  /** Values that were left out, as there is no more room for them. */
  left: number
  /** Of the page that is read next, the history's first one without it, and how many writes that asks for. */
  token: Uint8Array | undefined
  writes: number | undefined
  lastId: bigint
  askedAt: number
  reading: Promise<void> | null
  failure: unknown
}

/** Search through the decoded values of runs: on the host, in memory, never on a disk. */
export function createHistorySearch(): HistorySearcher {
  const runs = new Map<string, Read>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const forget = () => {
    clearTimeout(timer)
    runs.clear()
  }

  function readOf(runId: string): Read {
    const known = runs.get(runId)
    const read: Read = known ?? {
      ...{ entries: [], characters: 0, events: 0, unreadable: 0, left: 0, lastId: 0n },
      ...{ token: undefined, writes: undefined, askedAt: 0, reading: null, failure: null },
    }
    runs.delete(runId)
    runs.set(runId, read)
    for (const old of [...runs.keys()].slice(0, -mostRuns)) runs.delete(old)
    return read
  }

  /** Reads on from where it stopped, to the newest event, or until nobody asks any more. */
  async function readOn(client: Client, execution: { workflowId: string; runId: string }, read: Read): Promise<void> {
    const { payloadCodecs } = client.options.loadedDataConverter
    for await (const page of historyPages(client, execution, { from: read.token, writes: read.writes })) {
      const stored = page.events.filter(({ eventId }) => BigInt(String(eventId)) > read.lastId)
      for (const event of await viewEvents(stored, payloadCodecs, { refOf: () => null, waitMs: decodingWithinMs })) {
        const about = { eventId: event.id, type: event.type, subject: event.subject, at: event.at }
        for (const { path, message, type, stack } of event.failures) {
          // A text that was decoded is found in its payload.
          const inPayload = event.payloads.some(({ label, json }) => label === `${path}.encodedAttributes` && json !== null)
          const texts = inPayload ? [type] : [type, message, stack]
          keep(read, { ...about, label: path, text: texts.filter(Boolean).join('\n'), isJson: false })
        }
        for (const { label, json, plain, unreadable } of event.payloads) {
          if (unreadable !== null) read.unreadable++
          else keep(read, { ...about, label, text: json ?? plain ?? '', isJson: json !== null })
        }
      }
      read.events += stored.length
      read.lastId = BigInt(String(stored.at(-1)?.eventId ?? read.lastId))
      // The last page is read again later: a run under way grows.
      if (page.next === undefined) return
      read.token = page.next
      read.writes = page.nextWrites
      if (runs.get(execution.runId) !== read || Date.now() - read.askedAt >= abandonedMs) break
    }
    throw new Abandoned()
  }

  function keep(read: Read, entry: Entry): void {
    if (entry.text === '') return
    const held = [...runs.values()].reduce((sum, { characters }) => sum + characters, 0)
    if (held + entry.text.length > mostCharacters) {
      read.left++
      return
    }
    read.entries.push(entry)
    read.characters += entry.text.length
  }

  return {
    forget,
    async search(client, { workflowId, runId, text, reveal }) {
      clearTimeout(timer)
      timer = setTimeout(forget, forgetAfterMs)
      timer.unref()
      const read = readOf(runId)
      read.askedAt = Date.now()
      let done = false
      read.reading ??= readOn(client, { workflowId, runId }, read).finally(() => {
        read.reading = null
      })
      const reading = read.reading.then(() => {
        done = true
      })
      await Promise.race([reading, wait(answerAfterMs)]).catch((error) => {
        if (!(error instanceof Abandoned)) throw error
      })
      reading.catch(() => {})
      const { hits, total, covered } = look(read.entries, text, reveal)
      return { hits, total, covered, events: read.events, unreadable: read.unreadable, left: read.left, done }
    },
  }
}

class Abandoned extends Error {}

/** The newest hits first. */
function look(entries: readonly Entry[], text: string, reveal: boolean) {
  const wanted = wantedText(text)
  const hits: HistoryHit[] = []
  let total = 0
  let covered = 0
  for (const { text: held, isJson, label, ...about } of entries.toReversed()) {
    const found = isJson ? matchJson(held, wanted, reveal) : { match: matchText(held, wanted), covered: false }
    if (found.covered) covered++
    if (!found.match) continue
    total++
    if (hits.length < mostHits) hits.push({ ...about, label, ...found.match })
  }
  return { hits, total, covered }
}

import { randomUUID } from 'node:crypto'
import type { PayloadCodec } from '@temporalio/common'
import { invalid, notFound } from '../../../contract/errors.ts'
import type { HistoryFile, HistoryPage, PayloadPiece } from '../../../contract/history.ts'
import type { FilePayloadRef } from '../../../contract/model.ts'
import { firstEvents } from '../../../temporal/historyPages.ts'
import type { HistoryEvent } from '../runs/timeline.ts'
import { payloadsOfEvent } from './findPayloads.ts'
import { fitEvents } from './fitMessage.ts'
import { payloadPiece } from './payloadPieces.ts'
import { readHistoryFile } from './readHistoryFile.ts'
import { viewEvents } from './viewEvents.ts'

export interface HistoryFiles {
  /**
   * Takes a file in pieces of its text; the last one is answered with what the file is. Kept in memory only.
   * @throws CallFailed `invalid` with what is wrong with it
   */
  open(piece: { upload: string; fileName: string; text: string; last: boolean }): HistoryFile | null
  /** @throws CallFailed `notFound` when it is no more there */
  page(asked: { id: string; older: string | null; limit: number }): Promise<HistoryPage>
  /**
   * One piece of a payload's bytes.
   * @throws CallFailed `notFound` when the file or the payload is no more there, `conflict` when it cannot be decoded
   */
  payload(asked: { ref: FilePayloadRef; part: 'stored' | 'decoded'; from: number }): Promise<PayloadPiece>
}

/** Characters of a file; a history of Temporal's own limit has 50 MB. */
const longest = 128 * 1024 * 1024
/** Of events in one page, as they are in the file: all that their values say goes into one answer. */
const pageBytes = 4 * 1024 * 1024
/** Files that stay open; the one that was looked at longest ago goes first. */
const mostFiles = 3

/** Histories that were opened from files: read-only, in memory, decoded by the keys at hand while they are looked at. */
export function createHistoryFiles(codecs: () => PayloadCodec[]): HistoryFiles {
  const files = new Map<string, HistoryEvent[]>()
  const eventsOf = (id: string): HistoryEvent[] => {
    const events = files.get(id)
    if (!events) throw notFound('This file is no more open here. Open it again.')
    files.delete(id)
    files.set(id, events)
    return events
  }
  let incoming: { upload: string; parts: string[]; length: number } | null = null
  return {
    open({ upload, fileName, text, last }) {
      if (incoming?.upload !== upload) incoming = { upload, parts: [], length: 0 }
      incoming.parts.push(text)
      incoming.length += text.length
      if (incoming.length > longest) {
        incoming = null
        throw invalid(
          `${fileName} is larger than ${longest / 1024 / 1024} MB, more than Temporal lets a history grow. It was not opened.`,
        )
      }
      if (!last) return null
      const whole = incoming.parts.join('')
      incoming = null
      const events = readHistoryFile(whole)
      const id = randomUUID()
      files.set(id, events)
      for (const old of [...files.keys()].slice(0, -mostFiles)) files.delete(old)
      const started = events[0]?.workflowExecutionStartedEventAttributes
      return {
        id,
        fileName,
        events: events.length,
        workflowId: started?.workflowId || null,
        runId: started?.originalExecutionRunId || null,
        workflowType: started?.workflowType?.name || null,
      }
    },
    async page({ id, older, limit }) {
      const events = eventsOf(id)
      // Pages are counted from the newest event.
      const from = older === null ? 0 : Number(older)
      if (!Number.isSafeInteger(from) || from < 0) throw invalid('There is no such page.', 'older')
      const asked = events.slice(Math.max(0, events.length - from - limit), events.length - from).reverse()
      const shown = firstEvents(asked, pageBytes)
      const next = from + shown.length
      const read = await viewEvents(shown, codecs(), {
        refOf: (eventId, index) => ({ in: 'file', file: id, eventId, index }),
      })
      return {
        events: fitEvents(read),
        older: next < events.length ? String(next) : null,
        unreadable: read.flatMap(({ payloads }) => payloads).filter(({ unreadable }) => unreadable !== null).length,
      }
    },
    async payload({ ref: { file, eventId, index }, part, from }) {
      const event = eventsOf(file).find((each) => String(each.eventId) === eventId)
      const payload = event ? payloadsOfEvent(event).payloads[index]?.payload : undefined
      if (!payload) throw notFound('There is no such value in this file.')
      return payloadPiece(payload, { part, from }, codecs())
    },
  }
}

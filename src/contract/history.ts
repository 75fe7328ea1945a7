/** Temporal's history of a run as the console shows it: one row per event, newest first. */
import { z } from 'zod'
import { payloadView, stepName, timestamp } from './model.ts'

/** One failure of a cause chain, the outermost first. */
export const historyFailure = z.object({
  /** Where in the event it stands, such as `failure.cause`. */
  path: z.string(),
  /** null when it is sealed and could not be decoded: why stands with it among the event's payloads. */
  message: z.string().nullable(),
  type: z.string().nullable(),
  stack: z.string().nullable(),
})
export type HistoryFailure = z.infer<typeof historyFailure>

/** Something that an event says beside its values and failures, as text. */
export const historyFact = z.object({
  /** Where in the event's attributes it stands, such as `retryPolicy.maximumAttempts`. */
  name: z.string(),
  value: z.string(),
})
export type HistoryFact = z.infer<typeof historyFact>

/** Lives in memory only, as its payloads do. */
export const historyEvent = z.object({
  /** A 64-bit number, as its digits. */
  id: z.string(),
  /** As Temporal names it, such as `ActivityTaskScheduled`. */
  type: z.string(),
  at: timestamp.nullable(),
  /** What it is about in the run's own words: an activity's id, a signal's, update's or timer's name; null for the rest. */
  subject: z.string().nullable(),
  /** Id of the event that it answers (an activity's schedule, an update's acceptance); null for the rest. */
  answers: z.string().nullable(),
  failures: z.array(historyFailure),
  facts: z.array(historyFact),
  payloads: z.array(payloadView),
})
export type HistoryEvent = z.infer<typeof historyEvent>

export const historyPage = z.object({
  events: z.array(historyEvent),
  /** Asks for the events before these; null when these are the oldest. */
  older: z.string().nullable(),
  /** How many of the payloads could not be decoded. */
  unreadable: z.number().int(),
})
export type HistoryPage = z.infer<typeof historyPage>

export const historyHit = z.object({
  eventId: z.string(),
  type: z.string(),
  subject: z.string().nullable(),
  at: timestamp.nullable(),
  /** Which of the event's payloads or failures, and where in its value. */
  label: z.string(),
  path: z.string(),
  excerpt: z.string(),
})
export type HistoryHit = z.infer<typeof historyHit>

export const historySearch = z.object({
  /** Newest first; `total` counts the ones that are not told too. */
  hits: z.array(historyHit),
  total: z.number().int(),
  /** Values that hold the text where they are covered. */
  covered: z.number().int(),
  /** Events that were looked through, values that could not be decoded, and those for which there was no room. */
  events: z.number().int(),
  unreadable: z.number().int(),
  left: z.number().int(),
  /** false: the reading goes on; asked again there may be more. */
  done: z.boolean(),
})
export type HistorySearch = z.infer<typeof historySearch>

/** Characters of a file's text in one message. */
export const historyFilePiece = 2 * 1024 * 1024

/** A history that was opened from a file. */
export const historyFile = z.object({
  id: z.string(),
  fileName: z.string(),
  events: z.number().int(),
  workflowId: z.string().nullable(),
  runId: z.string().nullable(),
  workflowType: z.string().nullable(),
})
export type HistoryFile = z.infer<typeof historyFile>

/** A part of a history's JSON text. */
export const historyPiece = z.object({
  text: z.string(),
  /** How many events it holds, and how many of their payloads could not be decoded. */
  events: z.number().int(),
  unreadable: z.number().int(),
  /** Asks for the piece after this one; null when this is the last one. */
  next: z.string().nullable(),
})
export type HistoryPiece = z.infer<typeof historyPiece>

/** Values of one step's latest scheduling. */
export const stepPayloads = z.object({
  step: stepName,
  inputs: z.array(payloadView),
  results: z.array(payloadView),
  /** Of the attempt under way, or of the last one that ran out of time: what its worker reported last. */
  heartbeat: z.array(payloadView),
  /** The last failure that Temporal keeps, as its chain of causes, and the values in it: sealed texts and details. */
  failures: z.array(historyFailure),
  failureValues: z.array(payloadView),
  headers: z.array(payloadView),
  /** Why something may be missing, in a sentence; null when the whole history was read. */
  incomplete: z.string().nullable(),
})
export type StepPayloads = z.infer<typeof stepPayloads>

/** Values of a run that belong to no step. */
export const runValues = z.object({
  /** What the run answers to `get_status` now; null when nobody answered, and `statusProblem` says why. */
  status: payloadView.nullable(),
  statusProblem: z.string().nullable(),
  input: z.array(payloadView),
  memo: z.array(payloadView),
  searchAttributes: z.array(payloadView),
  headers: z.array(payloadView),
})
export type RunValues = z.infer<typeof runValues>

/** A piece of a payload's bytes. */
export const payloadPiece = z.object({
  /** Of the whole payload. */
  sizeBytes: z.number().int(),
  from: z.number().int(),
  /** base64. */
  bytes: z.string(),
})
export type PayloadPiece = z.infer<typeof payloadPiece>
/** Bytes in one piece: as base64 within the least that a message may hold (8 MiB), with room for others beside it. */
export const payloadPieceBytes = 1_048_576

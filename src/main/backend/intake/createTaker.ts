import { performance } from 'node:perf_hooks'
import { unavailable } from '../../../contract/errors.ts'
import type { FileOrigin, IntakeEntry, Settings } from '../../../contract/model.ts'
import { assertNever } from '../../../contract/model.ts'
import { isDiskFull } from '../../../temporal/diskFull.ts'
import type { RunSettings } from '../../../temporal/types.ts'
import type { IntakeEntries } from '../ledger/intakeEntries.ts'
import { isLedgerHeld } from '../ledger/isLedgerHeld.ts'
import { isLedgerFree, whileHeldMs } from '../ledger/ledgerTurn.ts'
import type { Ledger } from '../ledger/openLedger.ts'
import type { Runs } from '../ledger/runs.ts'
import { type Sightings, type Stamp, sameContentStamp, sameStamp } from '../ledger/sightings.ts'
import type { Log } from '../log.ts'
import { addAcceptedRun } from './acceptance.ts'
import type { IntakeThread } from './intakeThreadClient.ts'
import {
  acceptedMessage,
  alreadyProcessedMessage,
  type Kept,
  type OwnRefusalCode,
  refusalMessage,
  waitMessage,
} from './messages.ts'
import { fileNameOf, isCsvName, isPassedOver, workflowIdFor } from './names.ts'
import type { RefusalCode, TakeResult, WaitCode } from './takeFile.ts'

export interface Taker {
  /** Something may have come or changed at a path. Known and unchanged files cost one look-up and nothing more. */
  observe(path: string, stamp: Stamp | null): void
  /** What was at a path is gone, so there is nothing left to wait for. */
  observeGone(path: string): void
  /**
   * Takes a file of the inbox because somebody asked for it, and answers what became of it; with `settled` for a file
   * that is known to be complete.
   * @throws when the intake is closed meanwhile; the file is found again at the next launch.
   */
  take(path: string, options: { origin: FileOrigin; stamp: Stamp | null; settled: boolean }): Promise<IntakeEntry>
  /** Writes and tells a refusal that needs no look at a file of the inbox. */
  refuse(code: OwnRefusalCode | RefusalCode, about: RefusedFile): IntakeEntry
  /** The same, once for ever: nothing that changes in the file changes the answer. */
  refuseOnce(code: OwnRefusalCode, about: RefusedFile, stamp: Stamp): void
  /** true when what is at this path was already dealt with. */
  isDealtWith(path: string, stamp: Stamp): boolean
  /** Files that are not dealt with yet. */
  queue(): IntakeQueue
  /** What keeps files from being taken now (a full disk), and what to do about it; null when nothing does. */
  problem(): { detail: string; remedy: string } | null
  close(): void
}

/** Files by what they wait for: for quiet, for the thread and the ledger, or for room and writers that go on. */
export interface IntakeQueue {
  settling: number
  working: number
  waiting: number
}

export interface RefusedFile {
  path: string
  name: string
  size: number | null
  detail?: string
  kept: Kept
}

interface Options {
  ledger: Ledger
  runs: Runs
  entries: IntakeEntries
  sightings: Sightings
  thread: Pick<IntakeThread, 'take'>
  settings: () => Settings
  submittedBy: () => string
  runSettings: (path: string) => RunSettings
  /** Real paths of the inbox folders. */
  roots: () => string[]
  onEntry(entry: IntakeEntry): void
  onAccepted(workflowIds: string[]): void
  /** A file was accepted this long after it was first seen. */
  onLag?(seconds: number): void
  onProblem(): void
  log: Log
}

/** One path on its way from "seen" to "dealt with". Moments are on `performance.now()`: a clock that is set moves nothing. */
interface Candidate {
  readonly path: string
  stamp: Stamp | null
  /** Since when the stamp is as it is. */
  since: number
  readonly firstSeen: number
  dueAt: number
  phase: 'settling' | 'working' | 'recording'
  origin: FileOrigin
  /** Somebody asked and gets an entry in any case. */
  asked: boolean
  /** Seen again while it was worked on. */
  seenAgain: boolean
  /** The entry that says that it waits. */
  waiting: IntakeEntry | null
  tries: number
  waiters: { resolve(entry: IntakeEntry): void; reject(error: Error): void }[]
}

interface Outcome {
  candidate: Candidate
  result: Exclude<TakeResult, { kind: 'changed' }>
}

const intakeClosed = () =>
  unavailable(
    'inbox',
    'The app is closing. What lies in the inbox stays there and is taken at the next launch; send anything else again.',
  )

/** Files in one transaction: each commit waits for the disk, and each file costs the main thread about 0.1 ms. */
const groupSize = 40
/** Results are gathered this long, so that many files share a commit and one file hardly waits. */
const gatherMs = 5
/** Files handed to the thread before the main thread turns to something else. */
const sendAtOnce = 50
/** Another program may hold the ledger for so long before anybody hears of it. */
const tellHeldAfterMs = 2_000
const heldWords = 'Another program holds the ledger.'
/** A file that is still not settled after this long is shown as waiting. */
const tellAfterMs = 5_000
/** A program that keeps a file open but has not written for this long is taken to have finished. */
const writerPatienceMs = 60_000
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
const retryMs = (tries: number) => Math.min(60_000, 1_000 * 2 ** tries)

/** Lets files settle, has them taken by the thread, and writes what became of them, many in one transaction. */
export function createTaker(options: Options): Taker {
  const { ledger, runs, entries, sightings, thread, settings, roots, log } = options
  const candidates = new Map<string, Candidate>()
  /** Why files cannot be stored now, by path. */
  const stuck = new Map<string, string>()
  let outcomes: Outcome[] = []
  let flushTimer: NodeJS.Timeout | null = null
  let tickTimer: NodeJS.Timeout | null = null
  let ledgerProblem: string | null = null
  /** Since when another program holds the ledger. */
  let heldSince: number | null = null
  /** Entries that the ledger had no room for are told under numbers that it never gives. */
  let unrecorded = 0
  let closed = false

  const settleMs = () => settings().settleSeconds * 1000

  // Settling

  const arm = (ms = Math.min(250, Math.max(20, settleMs() / 8))) => {
    if (closed || tickTimer || candidates.size === 0) return
    tickTimer = setTimeout(tick, ms)
  }

  function tick(): void {
    tickTimer = null
    const now = performance.now()
    let sent = 0
    for (const candidate of candidates.values()) {
      if (candidate.phase !== 'settling' || candidate.dueAt > now) continue
      if (++sent > sendAtOnce) {
        arm(1)
        return
      }
      void work(candidate)
    }
    arm()
  }

  const settleFrom = (candidate: Candidate, stamp: Stamp | null) => {
    const now = performance.now()
    candidate.phase = 'settling'
    candidate.stamp = stamp
    candidate.since = now
    candidate.dueAt = now + settleMs()
  }

  const add = (path: string, stamp: Stamp | null, origin: FileOrigin, asked: boolean) => {
    const now = performance.now()
    const candidate: Candidate = {
      ...{ path, stamp, since: now, firstSeen: now, dueAt: now + settleMs(), phase: 'settling', origin, asked },
      ...{ seenAgain: false, waiting: null, tries: 0, waiters: [] },
    }
    // A file that waited when the app was closed goes on with the entry that says so.
    const last = entries.lastOfPath(path)
    if (last?.outcome === 'waiting') candidate.waiting = last
    // Without a stamp the first look finds it out at once; settling begins then.
    if (stamp === null) candidate.dueAt = now
    candidates.set(path, candidate)
    arm()
    return candidate
  }

  function observe(path: string, stamp: Stamp | null): void {
    if (closed || isPassedOver(fileNameOf(path))) return
    const candidate = candidates.get(path)
    if (!candidate) {
      const known = stamp && sightings.get(path)
      if (!known || !sameStamp(known, stamp)) add(path, stamp, 'inbox', false)
    } else if (candidate.phase !== 'settling') {
      candidate.seenAgain = true
    } else if (stamp && candidate.stamp && !sameStamp(stamp, candidate.stamp)) {
      settleFrom(candidate, stamp)
    }
  }

  function observeGone(path: string): void {
    const candidate = candidates.get(path)
    // Not at once: a file that is being renamed is seen under its new name within the same moment.
    if (candidate?.phase === 'settling') candidate.dueAt = Math.min(candidate.dueAt, performance.now() + settleMs())
  }

  async function work(candidate: Candidate): Promise<void> {
    candidate.phase = 'working'
    candidate.seenAgain = false
    const patience = Math.max(writerPatienceMs, 10 * settleMs())
    try {
      const result = await thread.take({
        path: candidate.path,
        stamp: candidate.stamp,
        quietForMs: performance.now() - candidate.since,
        roots: roots(),
        maxFileBytes: settings().maxFileBytes,
        writerPatienceMs: patience,
      })
      if (closed) return
      if (result.kind === 'changed') changed(candidate, result.stamp)
      else report({ candidate, result })
    } catch (error) {
      if (closed) return
      log.error({ err: error, path: candidate.path }, 'a file could not be looked at; it is tried again')
      putBack(candidate)
    }
    arm()
  }

  function changed(candidate: Candidate, stamp: Stamp): void {
    const known = sightings.get(candidate.path)
    if (!candidate.asked && !candidate.waiting && known && sameStamp(known, stamp)) {
      candidates.delete(candidate.path) // seen without a stamp, and it is what was dealt with before
      return
    }
    settleFrom(candidate, stamp)
    const tellIt = performance.now() - candidate.firstSeen > tellAfterMs && isCsvName(candidate.path)
    if (tellIt && candidate.waiting?.code !== 'beingWritten')
      report({ candidate, result: { kind: 'waiting', code: 'beingWritten', detail: '', stamp } })
  }

  const putBack = (candidate: Candidate) => {
    candidate.phase = 'settling'
    candidate.dueAt = performance.now() + retryMs(candidate.tries++)
    arm()
  }

  // Recording

  function report(outcome: Outcome): void {
    outcome.candidate.phase = 'recording'
    outcomes.push(outcome)
    flushTimer ??= setTimeout(flush, gatherMs)
  }

  function flush(): void {
    flushTimer = null
    if (closed) return
    if (!isLedgerFree(ledger)) {
      waitForLedger()
      return
    }
    heldSince = null
    const group = outcomes.slice(0, groupSize)
    outcomes = outcomes.slice(groupSize)
    // The next group only after whatever else the main thread has to do.
    if (outcomes.length > 0) flushTimer = setTimeout(flush, 1)
    const problemBefore = problem()?.detail
    try {
      finish(group, commit(group))
    } catch (error) {
      log.error({ err: error, files: group.length }, 'a group of files could not be recorded; each is tried by itself')
      for (const outcome of group) recordAlone(outcome)
    }
    if (problem()?.detail !== problemBefore) options.onProblem()
    arm()
  }

  /** Another program holds the ledger: what was found stays found, and is written once it lets go. */
  function waitForLedger(): void {
    flushTimer = setTimeout(flush, whileHeldMs)
    heldSince ??= performance.now()
    // A moment is nothing to speak of; whoever asked is told after some.
    if (performance.now() - heldSince < tellHeldAfterMs) return
    for (const { candidate } of outcomes) answerUnrecorded(candidate, 'storeFailed', heldWords)
    if (ledgerProblem === heldWords) return
    ledgerProblem = heldWords
    options.onProblem()
  }

  /** So that one file that cannot be recorded does not hold up the others. */
  function recordAlone(outcome: Outcome): void {
    try {
      finish([outcome], commit([outcome]))
    } catch (error) {
      ledgerProblem = isLedgerHeld(error) ? heldWords : `${messageOf(error)}.`
      putBack(outcome.candidate)
      answerUnrecorded(outcome.candidate, isDiskFull(error) ? 'diskFull' : 'storeFailed', ledgerProblem)
    }
  }

  /** Whoever asked is not kept waiting for somebody to free a disk, or to close a tool. */
  function answerUnrecorded({ path, waiters, stamp }: Candidate, code: 'diskFull' | 'storeFailed', detail: string): void {
    if (waiters.length === 0) return
    const name = fileNameOf(path)
    const told = { fileName: name, path, sizeBytes: stamp?.size ?? null, at: new Date().toISOString(), workflowId: null }
    const entry: IntakeEntry = { id: --unrecorded, outcome: 'waiting', code, message: waitMessage(code, name, detail), ...told }
    for (const { resolve } of waiters.splice(0)) resolve(entry)
  }

  interface Recorded {
    entry: IntakeEntry | null
    accepted: string | null
  }

  const commit = ledger.transaction((group: Outcome[]) => group.map((outcome) => record(outcome, new Date())))

  /** What a file's entry says; it takes the place of an entry that said that the file waits. */
  const tell = ({ path, waiting }: Candidate, entry: Omit<IntakeEntry, 'id' | 'path' | 'fileName'>): IntakeEntry => {
    const whole = { fileName: fileNameOf(path), path, ...entry }
    if (!waiting) return entries.add(whole)
    entries.update({ id: waiting.id, ...whole })
    return { id: waiting.id, ...whole }
  }

  function record({ candidate, result }: Outcome, now: Date): Recorded {
    const { path, asked, waiting } = candidate
    const name = fileNameOf(path)
    const at = now.toISOString()
    const nothing: Recorded = { entry: null, accepted: null }
    const silentIf = (known: boolean) => known && !asked && !waiting

    const refuse = (code: RefusalCode | 'deleted', detail: string, size: number | null): Recorded => {
      const message = refusalMessage(code, { name, detail, size, kept: 'inInbox' })
      const entry = { outcome: 'refused' as const, code, message, workflowId: null, sizeBytes: size, at }
      return { entry: tell(candidate, entry), accepted: null }
    }

    if (result.kind === 'gone') {
      // Only what was really seen can have been deleted; and what goes on under another name was renamed.
      const seen = candidate.stamp !== null && isCsvName(name)
      return silentIf(!seen || wasRenamed(candidate)) ? nothing : refuse('deleted', '', candidate.stamp?.size ?? null)
    }
    if (result.kind === 'waiting') {
      const message = waitMessage(result.code, name, result.detail)
      const entry = {
        outcome: 'waiting' as const,
        code: result.code,
        message,
        workflowId: null,
        sizeBytes: result.stamp.size,
        at,
      }
      return waiting?.code === result.code
        ? { entry: waiting, accepted: null }
        : { entry: tell(candidate, entry), accepted: null }
    }

    const before = sightings.get(path)
    // Permissions changed, or it was moved away and back: nothing that anybody dropped.
    const sameAsBefore = before !== null && sameContentStamp(before, result.stamp)
    sightings.put(path, result.stamp)
    switch (result.kind) {
      case 'passedOver':
        return silentIf(true) ? nothing : refuse('notAFile', 'a folder', null)
      case 'refused': {
        const last = sameAsBefore || result.code === 'notCsv' ? entries.lastOfPath(path) : null
        const known = last?.outcome === 'refused' && last.code === result.code
        return silentIf(known) ? nothing : refuse(result.code, result.detail, result.stamp.size)
      }
      case 'stored': {
        const { file } = result
        const common = { code: null, sizeBytes: file.size_bytes, at }
        const known = runs.ofFile(name, file.sha256)
        if (known) {
          if (silentIf(sameAsBefore)) return nothing
          const message = alreadyProcessedMessage(name, known)
          return {
            entry: tell(candidate, { outcome: 'alreadyProcessed', message, workflowId: known, ...common }),
            accepted: null,
          }
        }
        const workflowId = workflowIdFor({ fileName: name, sha256: file.sha256, again: 0 }, now, runs.has)
        addAcceptedRun(runs, {
          ...{ workflowId, fileName: name, file, sourcePath: path, origin: candidate.origin, acceptedAt: at },
          ...{ submittedBy: options.submittedBy(), settings: options.runSettings(path), again: 0, requestId: null },
        })
        const message = acceptedMessage(name, workflowId)
        return { entry: tell(candidate, { outcome: 'accepted', message, workflowId, ...common }), accepted: workflowId }
      }
      default:
        return assertNever(result)
    }
  }

  const wasRenamed = ({ path, stamp }: Candidate) => {
    if (stamp === null) return false
    for (const other of candidates.values())
      if (other.path !== path && other.stamp && sameContentStamp(other.stamp, stamp)) return true
    return sightings.isElsewhere(path, stamp)
  }

  function finish(group: Outcome[], recorded: Recorded[]): void {
    ledgerProblem = null
    let roomAgain = false
    group.forEach(({ candidate, result }, i) => {
      const entry = recorded[i]?.entry ?? null
      const toldBefore = entry !== null && entry === candidate.waiting
      if (entry && !toldBefore) options.onEntry(entry)
      if (recorded[i]?.accepted) options.onLag?.((performance.now() - candidate.firstSeen) / 1000)
      if (result.kind === 'waiting' && entry) keepWaiting(candidate, result.code, result.stamp, entry)
      else {
        roomAgain ||= result.kind === 'stored'
        candidates.delete(candidate.path)
        stuck.delete(candidate.path)
        if (entry) for (const { resolve } of candidate.waiters) resolve(entry)
        if (candidate.seenAgain) observe(candidate.path, null)
      }
    })
    if (roomAgain && stuck.size > 0) hurryStuck()
    const accepted = recorded.flatMap(({ accepted }) => accepted ?? [])
    if (accepted.length === 0) return
    try {
      options.onAccepted(accepted)
    } catch (error) {
      log.error({ err: error, accepted }, 'accepted runs could not be told of; they are in the ledger')
    }
  }

  function keepWaiting(candidate: Candidate, code: WaitCode, stamp: Stamp, entry: IntakeEntry): void {
    candidate.waiting = entry
    if (code === 'diskFull' || code === 'storeFailed') stuck.set(candidate.path, entry.message)
    else stuck.delete(candidate.path)
    if (code === 'beingWritten') {
      // Its quiet time goes on: only a change begins it anew.
      candidate.phase = 'settling'
      candidate.stamp = stamp
      candidate.dueAt = performance.now() + settleMs()
      return
    }
    putBack(candidate)
    // Whoever asked is not kept waiting for somebody to free a disk.
    for (const { resolve } of candidate.waiters.splice(0)) resolve(entry)
  }

  /** One file found room: the others need not wait for their time. */
  const hurryStuck = () => {
    for (const path of stuck.keys()) {
      const other = candidates.get(path)
      if (other?.phase === 'settling') other.dueAt = performance.now()
    }
  }

  function problem(): { detail: string; remedy: string } | null {
    const kept = 'Files stay in the inbox and are tried again.'
    if (ledgerProblem === heldWords) {
      return { detail: `${heldWords} ${kept}`, remedy: 'Close what has ledger.sqlite open, such as a database tool.' }
    }
    const remedy = 'Free some space on the disk.'
    if (ledgerProblem) return { detail: `The ledger could not be written (${ledgerProblem.slice(0, -1)}). ${kept}`, remedy }
    const [message] = stuck.values()
    return message === undefined ? null : { detail: message, remedy }
  }

  function queue(): IntakeQueue {
    const count: IntakeQueue = { settling: 0, working: 0, waiting: 0 }
    for (const { phase, waiting } of candidates.values())
      count[waiting ? 'waiting' : phase === 'settling' ? 'settling' : 'working']++
    return count
  }

  // On request

  function take(path: string, { origin, stamp, settled }: Parameters<Taker['take']>[1]): Promise<IntakeEntry> {
    if (closed) return Promise.reject(intakeClosed())
    const current = candidates.get(path)
    const isAnother = current && current.phase !== 'settling' && stamp && current.stamp && !sameStamp(current.stamp, stamp)
    if (isAnother) {
      // What is being worked on is what was there before; this one follows.
      const before = new Promise<unknown>((resolve, reject) => current.waiters.push({ resolve, reject }))
      current.asked = true
      return before.then(() => take(path, { origin, stamp, settled }))
    }
    const candidate = current ?? add(path, stamp, origin, true)
    candidate.asked = true
    candidate.origin = origin
    if (candidate.phase === 'settling') {
      if (stamp && (!candidate.stamp || !sameStamp(candidate.stamp, stamp))) settleFrom(candidate, stamp)
      // Whoever asks does not wait for the next try of a file that waits for room.
      if (stuck.has(path)) candidate.dueAt = performance.now()
      if (settled) {
        candidate.since = Number.NEGATIVE_INFINITY
        candidate.dueAt = performance.now()
        void work(candidate)
      }
    }
    return new Promise((resolve, reject) => candidate.waiters.push({ resolve, reject }))
  }

  function refuse(code: OwnRefusalCode | RefusalCode, { path, name, size, detail = '', kept }: RefusedFile): IntakeEntry {
    if (closed) throw intakeClosed()
    const message = refusalMessage(code, { name, detail, size, kept })
    const at = new Date().toISOString()
    const told = { fileName: name, path, sizeBytes: size, outcome: 'refused' as const, code, message, workflowId: null, at }
    let entry: IntakeEntry
    try {
      entry = entries.add(told)
    } catch (error) {
      log.error({ err: error, path, code }, 'a refusal could not be recorded')
      entry = { id: --unrecorded, ...told } // whoever handed the file in still hears why it was not taken
    }
    options.onEntry(entry)
    return entry
  }

  return {
    observe,
    observeGone,
    take,
    refuse,
    refuseOnce(code, about, stamp) {
      // What cannot be noted now is found again by the next walk.
      if (sightings.get(about.path) || !isLedgerFree(ledger)) return
      sightings.put(about.path, stamp)
      refuse(code, about)
    },
    isDealtWith(path, stamp) {
      const known = sightings.get(path)
      return known !== null && sameStamp(known, stamp)
    },
    queue,
    problem,
    close() {
      closed = true
      if (tickTimer) clearTimeout(tickTimer)
      if (flushTimer) clearTimeout(flushTimer)
      for (const { waiters } of candidates.values()) for (const { reject } of waiters) reject(intakeClosed())
      candidates.clear()
    },
  }
}

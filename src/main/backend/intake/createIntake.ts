import type { Readable } from 'node:stream'
import { conflict, invalid, notFound } from '../../../contract/errors.ts'
import type { Emit } from '../../../contract/events.ts'
import type { FileOrigin, IntakeEntry, Part, Settings } from '../../../contract/model.ts'
import type { RunSettings } from '../../../temporal/types.ts'
import { createIntakeEntries } from '../ledger/intakeEntries.ts'
import { whenLedgerFree } from '../ledger/ledgerTurn.ts'
import type { Ledger } from '../ledger/openLedger.ts'
import { createRuns } from '../ledger/runs.ts'
import { createSightings } from '../ledger/sightings.ts'
import type { Log } from '../log.ts'
import type { LocalFileStore } from '../store/fileStore.ts'
import { addAcceptedRun } from './acceptance.ts'
import { createSubmitter, oddName } from './createSubmitter.ts'
import { createTaker, type IntakeQueue } from './createTaker.ts'
import { createIntakeThread } from './intakeThreadClient.ts'
import { makeFolders } from './makeFolders.ts'
import { workflowIdFor } from './names.ts'
import { stampOf } from './takeFile.ts'
import type { Found } from './walk.ts'
import { createWatchedFolder, type WatchedFolder } from './watchFolder.ts'

export interface Intake {
  /** Settles once every folder is watched (or known to be missing) and the first walk through each has begun. */
  start(): Promise<void>
  /** To be called after the settings changed: folders come and go while it runs. */
  settingsChanged(): void
  /** Copies files (folders: every file below) into the first inbox folder and answers what became of each, in order. */
  submit(paths: string[], origin: FileOrigin): Promise<IntakeEntry[]>
  /**
   * Takes a file that comes as a stream.
   * @throws CallFailed `refused` when the sender broke off; nothing of the file is kept then.
   */
  receiveUpload(fileName: string, body: Readable): Promise<IntakeEntry[]>
  /** Newest first. */
  list(limit: number): IntakeEntry[]
  /**
   * Starts the same dataset once more. Idempotent by `requestId`.
   * @throws CallFailed `notFound` for an unknown run, `conflict` when its dataset is not in the store.
   */
  runAgain(workflowId: string, requestId: string): Promise<{ workflowId: string }>
  health(): Part
  /** Files in the inbox that are not dealt with yet. */
  queue(): IntakeQueue
  onHealth(listener: () => void): () => void
  /** Stops; a copy under way is dropped and taken again at the next launch. */
  close(): Promise<void>
}

interface Options {
  ledger: Ledger
  store: LocalFileStore
  settings: () => Settings
  submittedBy: () => string
  /** How the run of the file at this path is to be made. */
  runSettings: (path: string) => RunSettings
  /** Entry file of the intake's worker thread (AppPaths.threads.intake). */
  thread: string
  emit: Emit
  log: Log
  /** Called after the commit; the runs' starts are in the outbox. */
  onAccepted(workflowIds: string[]): void
  /** A file was accepted this long after it was first seen. */
  onLag?(seconds: number): void
}

/** Entries are told to the console in batches this far apart. */
const emitEveryMs = 100
/** Watches can miss things (network shares, queues that overflow): every folder is walked now and then. */
const walkEveryMs = 60_000
/** The same where the system gives no watches at all. */
const walkLimitedEveryMs = 5_000

/** The way of a file from an inbox folder into the ledger. */
export function createIntake(options: Options): Intake {
  const { ledger, store, settings, emit, log } = options
  const runs = createRuns(ledger)
  const entries = createIntakeEntries(ledger)
  const sightings = createSightings(ledger)
  const thread = createIntakeThread(options.thread, store, log)
  const folders = new Map<string, WatchedFolder>()
  const listeners = new Set<() => void>()
  const walking = new Map<string, 'once' | 'again'>()
  let untold = new Map<number, IntakeEntry>()
  let emitTimer: NodeJS.Timeout | null = null
  let walkTimer: NodeJS.Timeout | null = null
  let lastWalkAll = Number.NEGATIVE_INFINITY
  let adjusting: Promise<void> = Promise.resolve()
  let started = false
  let closed = false

  const healthChanged = () => {
    for (const listener of listeners) listener()
  }
  /** In the order of the settings. */
  const watched = () => settings().inboxFolders.flatMap((folder) => folders.get(folder) ?? [])
  const inboxes = () =>
    watched().flatMap((one) => {
      const real = one.realPath()
      return real === null ? [] : [{ folder: one.folder, real }]
    })

  const taker = createTaker({
    ...{ ledger, runs, entries, sightings, thread, settings, log },
    submittedBy: options.submittedBy,
    runSettings: options.runSettings,
    roots: () => inboxes().map(({ real }) => real),
    onEntry(entry) {
      untold.set(entry.id, entry)
      emitTimer ??= setTimeout(tell, emitEveryMs)
    },
    onAccepted: options.onAccepted,
    onLag: options.onLag,
    onProblem: healthChanged,
  })
  const submitter = createSubmitter({ taker, thread, settings, inboxes, owner: store.folder })

  function tell(): void {
    if (emitTimer) clearTimeout(emitTimer)
    emitTimer = null
    if (untold.size === 0) return
    const told = [...untold.values()]
    untold = new Map()
    emit('intake.changed', { entries: told })
  }

  // Walking

  const onFound = (found: Found[]) => {
    for (const one of found) {
      if (one.kind === 'file') taker.observe(one.path, one.stamp)
      else taker.refuseOnce('badName', oddName(one.path, 'inInbox'), one.stamp)
    }
  }

  /** Walks a folder; one that is asked for while it goes on follows once. */
  async function walkFolder(folder: string): Promise<void> {
    if (walking.has(folder)) {
      walking.set(folder, 'again')
      return
    }
    do {
      walking.set(folder, 'once')
      try {
        await thread.walk(folder, onFound)
      } catch (error) {
        if (!closed) log.warn({ err: error, folder }, 'an inbox folder could not be walked; it is tried again')
      }
    } while (!closed && walking.get(folder) === 'again')
    walking.delete(folder)
  }

  const walkNowAndThen = () => {
    const all = performance.now() - lastWalkAll >= walkEveryMs
    if (all) lastWalkAll = performance.now()
    for (const one of watched()) {
      const { folder } = one
      if (one.state() === 'limited' || (all && one.state() === 'watching')) void walkFolder(folder)
    }
  }

  // Folders

  /** A folder that never held a file of ours is made; one that did was taken away, and whoever did brings it back. */
  async function makeFolder(folder: string): Promise<void> {
    if (sightings.anyBelow(folder)) return
    await makeFolders(folder).catch((error) => log.warn({ err: error, folder }, 'an inbox folder could not be made'))
  }

  async function adjustFolders(): Promise<void> {
    const wanted = new Set(settings().inboxFolders)
    for (const [folder, one] of folders) {
      if (wanted.has(folder)) continue
      folders.delete(folder)
      await one.close()
    }
    for (const folder of wanted) {
      if (closed || folders.has(folder)) continue
      await makeFolder(folder)
      const one = createWatchedFolder({
        folder,
        log,
        onSeen: (path, stats) => taker.observe(path, stats && !stats.isSymbolicLink() ? stampOf(stats) : null),
        onGone: taker.observeGone,
        onOddName: () => void walkFolder(folder),
        onReady: () => void walkFolder(folder),
        onState: () => {
          log.info({ folder, state: one.state() }, 'inbox folder')
          healthChanged()
        },
      })
      folders.set(folder, one)
      await one.start()
      if (one.state() !== 'missing') await submitter.clean(folder).catch(() => {}) // leftovers disturb nobody
    }
    healthChanged()
  }

  const adjust = () => {
    adjusting = adjusting.catch(() => {}).then(() => (closed ? undefined : adjustFolders()))
    return adjusting
  }

  function health(): Part {
    const all = watched()
    const missing = all.filter((one) => one.state() === 'missing').map(({ folder }) => folder)
    const limited = all.filter((one) => one.state() === 'limited').map(({ folder }) => folder)
    const address = settings().inboxFolders[0] ?? null
    const count = settings().inboxFolders.length
    const common = { progress: null, address }
    if (!started || all.length < count || all.some((one) => one.state() === 'starting'))
      return { state: 'starting', summary: 'inbox', detail: 'The inbox folders are being opened.', remedy: '', ...common }
    if (missing.length > 0) {
      const detail = `The inbox ${missing.length === 1 ? 'folder is' : 'folders are'} not there: ${missing.join(', ')}. What was accepted from it is safe.`
      const remedy = 'Put the folder back (it is picked up by itself), or choose another one in the settings.'
      return { state: 'down', summary: 'folder missing', detail, remedy, ...common }
    }
    const problem = taker.problem()
    if (problem) return { state: 'down', summary: 'files wait', ...problem, ...common }
    const summary = count === 1 ? 'watching 1 folder' : `watching ${count} folders`
    if (limited.length === 0) return { state: 'up', summary, detail: '', remedy: '', ...common }
    const detail = `The system gives no more watches for ${limited.join(', ')}, so it is looked through every ${walkLimitedEveryMs / 1000} s.`
    return { state: 'up', summary, detail, remedy: 'Raise fs.inotify.max_user_watches and restart.', ...common }
  }

  const again = ledger.transaction((workflowId: string, requestId: string): string => {
    const known = runs.ofRequest(requestId)
    if (known) return known
    const before = runs.get(workflowId)
    if (!before) throw notFound(`There is no run ${workflowId} here.`)
    const now = new Date()
    const { fileName, sha256, sizeBytes, sourcePath } = before
    const nth = runs.lastAgain(fileName, sha256) + 1
    const id = workflowIdFor({ fileName, sha256, again: nth }, now, runs.has)
    addAcceptedRun(runs, {
      ...{ workflowId: id, fileName, sourcePath, origin: 'again', again: nth, requestId, acceptedAt: now.toISOString() },
      file: { sha256, uri: `sha256:${sha256}`, size_bytes: sizeBytes },
      ...{ submittedBy: options.submittedBy(), settings: options.runSettings(sourcePath) },
    })
    return id
  })

  return {
    async start() {
      const left = await store.clean().catch((error) => {
        log.warn({ err: error }, 'the store could not be cleaned')
        return 0
      })
      if (left > 0) log.info({ left }, 'leftovers of killed copies removed')
      started = true
      lastWalkAll = performance.now()
      await adjust()
      if (closed) return
      // Files that waited when the app was closed may be gone by now: nobody else would say so.
      for (const { path } of entries.waiting()) taker.observe(path, null)
      walkTimer = setInterval(walkNowAndThen, walkLimitedEveryMs)
      walkTimer.unref()
    },

    settingsChanged() {
      if (started) adjust().catch((error) => log.error({ err: error }, 'the inbox folders could not be changed'))
    },

    submit: submitter.submit,
    receiveUpload: submitter.receiveUpload,
    list: (limit) => entries.list(limit),

    async runAgain(workflowId, requestId) {
      const known = runs.ofRequest(requestId)
      const before = runs.get(workflowId)
      if (known && runs.get(known)?.sha256 !== before?.sha256) {
        throw invalid('This request id was used for another run already; nothing was started.', 'requestId')
      }
      if (known) return { workflowId: known }
      if (!before) throw notFound(`There is no run ${workflowId} here.`)
      if ((await store.pathOf(before.sha256)) === null)
        throw conflict(`The dataset of ${workflowId} is not in this store, so it cannot be run again here. Drop the file again.`)
      await whenLedgerFree(ledger)
      const id = again(workflowId, requestId)
      options.onAccepted([id])
      return { workflowId: id }
    },

    health,
    queue: taker.queue,
    onHealth(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },

    async close() {
      if (closed) return
      closed = true
      if (walkTimer) clearInterval(walkTimer)
      taker.close()
      tell()
      await adjusting.catch(() => {})
      await Promise.all([...folders.values()].map((one) => one.close()))
      await thread.close()
    },
  }
}

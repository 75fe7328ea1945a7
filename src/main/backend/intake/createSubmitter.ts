import { createHash, randomUUID } from 'node:crypto'
import { constants, createWriteStream, type Stats } from 'node:fs'
import { copyFile, lstat, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { CallFailed, refused } from '../../../contract/errors.ts'
import type { FileOrigin, IntakeEntry, Settings } from '../../../contract/model.ts'
import { createLane } from '../lane.ts'
import { sameStamp } from '../ledger/sightings.ts'
import type { Taker } from './createTaker.ts'
import type { IntakeThread } from './intakeThreadClient.ts'
import { fileNameOf, isPassedOver, safeUploadName } from './names.ts'
import { codeOf, type Refusal, stampOf } from './takeFile.ts'
import { walk } from './walk.ts'

export interface InboxFolder {
  folder: string
  /** Links resolved. */
  real: string
}

export interface Submitter {
  submit(paths: string[], origin: FileOrigin): Promise<IntakeEntry[]>
  receiveUpload(fileName: string, body: Readable): Promise<IntakeEntry[]>
  /** Removes what killed copies of this app left in an inbox folder. */
  clean(folder: string): Promise<void>
}

interface Options {
  taker: Taker
  thread: Pick<IntakeThread, 'look'>
  settings: () => Settings
  /** The folders that are there now, in the order of the settings. */
  inboxes: () => InboxFolder[]
  /** Tells this app's temporary files from those of another app on the same inbox. */
  owner: string
}

/** Copies at a time: each holds one of the four threads that all file work of the process shares. */
const copiesAtOnce = 2
/** Files on their way at a time; most of them wait for the ledger. */
const filesAtOnce = 16

/** Brings files into the inbox: whole or not at all, and never over one that has not been dealt with yet. */
export function createSubmitter({ taker, thread, settings, inboxes, owner }: Options): Submitter {
  const prefix = `.gatehouse-${createHash('sha256').update(owner).digest('hex').slice(0, 12)}-`
  const copies = createLane(copiesAtOnce)
  /** Files of one name go one after the other. */
  const byTarget = new Map<string, Promise<unknown>>()

  const oneAtATime = <T>(target: string, work: () => Promise<T>): Promise<T> => {
    const key = target.normalize('NFC').toLowerCase() // one name on a file system that does not tell them apart
    const result = (byTarget.get(key) ?? Promise.resolve()).then(work, work)
    byTarget.set(key, result)
    const done = () => {
      if (byTarget.get(key) === result) byTarget.delete(key)
    }
    result.then(done, done)
    return result
  }

  const exists = (path: string) =>
    lstat(path).catch((error) => {
      if (codeOf(error) === 'ENOENT') return null
      throw error
    })

  const refusedByLook = (path: string, name: string, refusal: Refusal | { kind: 'gone' }, kept: 'whereItIs' | 'nothing') => {
    if (refusal.kind === 'gone') return taker.refuse('missing', { path, name, size: null, kept })
    return taker.refuse(refusal.code, { path, name, size: refusal.stamp.size, detail: refusal.detail, kept })
  }

  /** Puts a complete temporary file under its name and has it taken. */
  const place = (temp: string, target: string, origin: FileOrigin) =>
    oneAtATime(target, async () => {
      const there = await exists(target)
      if (there && !there.isDirectory() && !taker.isDealtWith(target, stampOf(there))) {
        // Nothing that somebody put into the inbox is replaced before it is safe.
        const entry = await taker.take(target, { origin: 'inbox', stamp: null, settled: false })
        if (entry.outcome === 'waiting') throw new Error(`an earlier file of this name still waits: ${entry.message}`)
      }
      const stamp = stampOf(await lstat(temp))
      await rename(temp, target)
      const placed = stampOf(await lstat(target))
      const ours = placed.inode === stamp.inode && placed.size === stamp.size
      return taker.take(target, { origin, stamp: placed, settled: ours })
    })

  /** A copy of a file as it was at one moment: one that changes under the copy is copied again once it is quiet. */
  async function copyWhole(source: string, temp: string): Promise<void> {
    for (;;) {
      const before = stampOf(await stat(source))
      await copies(() => copyFile(source, temp, constants.COPYFILE_FICLONE))
      if (sameStamp(before, stampOf(await stat(source)))) return
      await delay(settings().settleSeconds * 1000)
    }
  }

  /** The path by which the watch knows a file that lies in an inbox already; null for any other file. */
  async function placeInInbox(path: string): Promise<string | null> {
    const real = join(await realpath(dirname(path)), basename(path))
    const inbox = inboxes().find((one) => real.startsWith(one.real + sep))
    return inbox ? join(inbox.folder, relative(inbox.real, real)) : null
  }

  async function submitFile(path: string, origin: FileOrigin): Promise<IntakeEntry> {
    const name = fileNameOf(path)
    const about = { path, name, size: null, kept: 'whereItIs' as const }
    if (isPassedOver(name)) return taker.refuse('ignoredName', about)
    let temp: string | null = null
    try {
      const inInbox = await placeInInbox(path)
      if (inInbox) return await taker.take(inInbox, { origin, stamp: null, settled: false })
      const refusal = await thread.look(path, name, settings().maxFileBytes)
      if (refusal) return refusedByLook(path, name, refusal, 'whereItIs')
      const inbox = inboxes()[0]
      if (!inbox) return taker.refuse('inboxMissing', { ...about, detail: settings().inboxFolders[0] })
      temp = join(inbox.folder, `${prefix}${randomUUID()}.part`)
      await copyWhole(path, temp)
      return await place(temp, join(inbox.folder, basename(path)), origin)
    } catch (error) {
      if (error instanceof CallFailed) throw error
      const code = codeOf(error)
      if (code === 'ENOSPC' || code === 'EDQUOT') {
        const size = await stat(path).then(
          (stats) => stats.size,
          () => null,
        )
        return taker.refuse('diskFull', { ...about, size })
      }
      if (code === 'ENOENT') return taker.refuse('missing', about)
      return taker.refuse('copyFailed', { ...about, detail: code === 'unknown' ? String((error as Error).message) : code })
    } finally {
      if (temp) await rm(temp, { force: true })
    }
  }

  async function submitPath(path: string, origin: FileOrigin): Promise<IntakeEntry[]> {
    const name = fileNameOf(path)
    let stats: Stats
    try {
      stats = await stat(path)
    } catch (error) {
      const gone = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(codeOf(error))
      const about = { path, name, size: null, detail: codeOf(error), kept: 'whereItIs' as const }
      return [taker.refuse(gone ? 'missing' : 'unreadable', about)]
    }
    if (!stats.isDirectory()) return [await submitFile(path, origin)]
    const results: Promise<IntakeEntry>[] = []
    const files = createLane(filesAtOnce)
    for await (const found of walk(path)) {
      if (found.kind === 'file') results.push(files(() => submitFile(found.path, origin)))
      else results.push(Promise.resolve(taker.refuse('badName', oddName(found.path, 'whereItIs'))))
    }
    if (results.length === 0) return [taker.refuse('noFiles', { path, name, size: null, kept: 'whereItIs' })]
    return Promise.all(results)
  }

  return {
    async submit(paths, origin) {
      const files = createLane(filesAtOnce)
      return (await Promise.all(paths.map((path) => files(() => submitPath(path, origin))))).flat()
    },

    async receiveUpload(fileName, body) {
      const name = safeUploadName(fileName)
      const maxFileBytes = settings().maxFileBytes
      const turnAway = (entry: IntakeEntry) => {
        body.resume() // let the sender finish, so that it gets to read the answer
        return [entry]
      }
      const shown = name ?? fileName.slice(0, 255)
      const about = { path: shown, name: shown, size: null, kept: 'nothing' as const }
      if (name === null) return turnAway(taker.refuse('badName', { ...about, detail: 'nothing is left of it' }))
      if (isPassedOver(name)) return turnAway(taker.refuse('ignoredName', about))
      const inbox = inboxes()[0]
      if (!inbox) return turnAway(taker.refuse('inboxMissing', { ...about, detail: settings().inboxFolders[0] }))
      const temp = join(inbox.folder, `${prefix}${randomUUID()}.part`)
      try {
        const size = await receive(body, temp, maxFileBytes)
        if (size > maxFileBytes) return turnAway(taker.refuse('tooLarge', { ...about, size, detail: String(maxFileBytes) }))
        const refusal = await thread.look(temp, name, maxFileBytes)
        if (refusal) return [refusedByLook(name, name, refusal, 'nothing')]
        return [await place(temp, join(inbox.folder, name), 'window')]
      } catch (error) {
        if (error instanceof CallFailed) throw error
        const code = codeOf(error)
        if (code === 'ENOSPC' || code === 'EDQUOT') return turnAway(taker.refuse('diskFull', about))
        if (body.errored || !body.readableEnded)
          throw refused(`The upload of ${name} broke off. Nothing of it was kept. Send it again.`)
        return [taker.refuse('copyFailed', { ...about, detail: code === 'unknown' ? String((error as Error).message) : code })]
      } finally {
        await rm(temp, { force: true })
      }
    },

    async clean(folder) {
      const left = (await readdir(folder)).filter((name) => name.startsWith(prefix))
      await Promise.all(left.map((name) => rm(join(folder, name), { force: true })))
    },
  }
}

/** What is said of a name whose bytes are no text. */
export const oddName = (path: string, kept: 'whereItIs' | 'inInbox') => ({
  path,
  name: basename(path),
  size: null,
  detail: 'its bytes are not valid UTF-8',
  kept,
})

/** Writes a stream to a new file; stops reading beyond `limit`. Gives the bytes that came. */
async function receive(body: Readable, temp: string, limit: number): Promise<number> {
  let size = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      if (size > limit) done(new TooMuch())
      else done(null, chunk)
    },
  })
  // The body is not destroyed with the pipeline: whoever sent too much still gets an answer.
  const kept = body.iterator({ destroyOnReturn: false })
  try {
    await pipeline(Readable.from(kept, { objectMode: false }), counted, createWriteStream(temp, { flags: 'wx', mode: 0o600 }))
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error
  }
  return size
}

class TooMuch extends Error {}

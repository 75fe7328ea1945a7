import type { Stats } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { watch as chokidarWatch, type FSWatcher } from 'chokidar'
import type { Log } from '../log.ts'
import { isPassedOver } from './names.ts'
import { codeOf } from './takeFile.ts'

export interface WatchedFolder {
  readonly folder: string
  /** `limited`: the system gave no (more) watches, so the folder is walked often instead. */
  state(): 'starting' | 'watching' | 'limited' | 'missing'
  /** Real path of the folder, links resolved; null while it is missing. */
  realPath(): string | null
  /** Looks at the folder, now and then every second; settles once it is watched or known to be missing. */
  start(): Promise<void>
  close(): Promise<void>
}

interface Options {
  folder: string
  log: Log
  /** A file came or changed. `stats` are those of the entry itself, links not followed; null when they are not known. */
  onSeen(path: string, stats: Stats | null): void
  onGone(path: string): void
  /** Something below is called by bytes that are not valid UTF-8; only a walk can tell what. */
  onOddName(): void
  /** The folder is watched (again): whatever came before has to be found by a walk. */
  onReady(): void
  onState(): void
}

/** How soon a folder that goes or comes back without an event (a disk unmounted, a share lost) is noticed. */
const lookEveryMs = 1_000

/** Watches one inbox folder for as long as it is there, and again whenever it comes back. */
export function createWatchedFolder({ folder, log, onSeen, onGone, onOddName, onReady, onState }: Options): WatchedFolder {
  let state: ReturnType<WatchedFolder['state']> = 'starting'
  let watcher: FSWatcher | null = null
  let stopWaitingForReady = () => {}
  /** Device and inode of the folder that is being watched: another folder at the same path is another one. */
  let identity: string | null = null
  let real: string | null = null
  let timer: NodeJS.Timeout | null = null
  let looking: Promise<void> | null = null
  let lookAgain = false
  let closed = false

  const become = (next: typeof state) => {
    if (state === next) return
    state = next
    onState()
  }

  const stopWatching = async () => {
    const old = watcher
    watcher = null
    identity = null
    stopWaitingForReady()
    await old?.close()
  }

  const startWatching = async (realFolder: string) => {
    const current = chokidarWatch(realFolder, {
      ignoreInitial: true, // what is there already is found by a walk, on the intake's thread
      followSymlinks: false, // a link must not make the watch leave the inbox
      alwaysStat: true,
      atomic: false, // the intake lets files settle itself
      ignorePermissionErrors: true,
      ignored: (path) => path !== realFolder && isPassedOver(basename(path)),
    })
    watcher = current
    const asGiven = (path: string) => (realFolder === folder ? path : join(folder, relative(realFolder, path)))
    const seen = (path: string, stats?: Stats) => {
      if (path.includes('\ufffd')) onOddName()
      else onSeen(asGiven(path), stats ?? null)
    }
    current.on('add', seen)
    current.on('change', seen)
    current.on('unlink', (path) => onGone(asGiven(path)))
    current.on('raw', (_event, path) => {
      if (path?.includes('\ufffd')) onOddName()
    })
    current.on('unlinkDir', (path) => {
      if (path !== realFolder) return
      identity = null
      void look()
    })
    current.on('error', (error) => {
      log.warn({ err: error, folder }, 'watching an inbox folder failed in part')
      if (['ENOSPC', 'EMFILE'].includes(codeOf(error))) become('limited')
    })
    await new Promise<void>((resolve) => {
      current.once('ready', resolve)
      stopWaitingForReady = resolve // a closed watcher never says that it is ready
    })
  }

  const lookOnce = async () => {
    let found: string | null = null
    try {
      const stats = await stat(folder)
      if (stats.isDirectory()) found = `${stats.dev}:${stats.ino}`
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR'].includes(codeOf(error))) log.debug({ err: error, folder }, 'an inbox folder cannot be looked at')
    }
    if (closed || (found !== null && found === identity)) return
    await stopWatching()
    if (found === null) {
      real = null
      become('missing')
      return
    }
    try {
      real = await realpath(folder)
    } catch {
      return // gone again; the next look says so
    }
    identity = found
    await startWatching(real)
    if (closed || identity === null) return
    if (state !== 'limited') become('watching')
    onReady()
  }

  /** One look at a time; one that is asked for meanwhile follows. */
  const look = (): Promise<void> => {
    if (closed) return Promise.resolve()
    if (looking) {
      lookAgain = true
      return looking
    }
    looking = lookOnce()
      .catch((error) => log.error({ err: error, folder }, 'an inbox folder could not be watched'))
      .finally(() => {
        looking = null
        if (!lookAgain) return
        lookAgain = false
        void look()
      })
    return looking
  }

  return {
    folder,
    state: () => state,
    realPath: () => real,
    async start() {
      timer = setInterval(() => void look(), lookEveryMs)
      timer.unref()
      await look()
    },
    async close() {
      closed = true
      if (timer) clearInterval(timer)
      await stopWatching() // a look under way ends with its watcher closed or never heard
      await looking
      await stopWatching()
    },
  }
}

import { statfs } from 'node:fs/promises'
import type { Part } from '../../../contract/model.ts'
import { sizeText } from '../intake/messages.ts'
import type { Log } from '../log.ts'
import { type Room, roomOf, type Space } from './room.ts'

export interface DiskWatch {
  /** `up` with a remedy while room is little, `down` while there is none. */
  part(): Part
  /** Looks now. Throws never. */
  look(): Promise<void>
  /** A write was refused for lack of room. */
  refused(): void
  onChange(listener: () => void): () => void
  close(): void
}

interface Options {
  /** The data folder. */
  folder: string
  log: Log
  /** For tests. */
  space?: (folder: string) => Promise<Space>
  now?: () => number
}

const usuallyMs = 60_000
/** While somebody makes room, the console is to see it soon. */
const whileTightMs = 5_000
/** For so long a refusal counts although there seems to be room: a quota, or a disk that takes no more files. */
const refusalCountsMs = 60_000

const spaceOf = async (folder: string): Promise<Space> => {
  const { bavail, blocks, bsize } = await statfs(folder)
  return { free: bavail * bsize, size: blocks * bsize }
}

/** Watches the room on the disk of the data folder, and says what a full one means before it is one. */
export function createDiskWatch({ folder, log, space = spaceOf, now = () => performance.now() }: Options): DiskWatch {
  const listeners = new Set<() => void>()
  let room: Room = 'enough'
  let free: number | null = null
  /** A write was refused, and nobody has looked since. */
  let refused = false
  /** When one was last refused although there seemed to be room. */
  let refusedAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | null = null
  let looking: Promise<void> | null = null
  let closed = false

  async function lookOnce(): Promise<void> {
    if (timer) clearTimeout(timer)
    const before = room
    try {
      const found = await space(folder)
      free = found.free
      const seen = roomOf(found, before)
      if (refused && seen !== 'none') refusedAt = now()
      refused = false
      room = now() - refusedAt < refusalCountsMs ? 'none' : seen
    } catch (error) {
      log.warn({ err: error, folder }, 'how much room is left cannot be told')
    }
    if (closed) return
    timer = setTimeout(() => void look(), room === 'enough' ? usuallyMs : whileTightMs)
    timer.unref()
    if (room !== before) log[room === 'enough' ? 'info' : 'warn']({ room, free }, 'room on the disk')
    for (const listener of listeners) listener()
  }
  /** A disk that hangs is asked once. */
  const look = () => {
    looking ??= lookOnce().finally(() => {
      looking = null
    })
    return looking
  }

  return {
    look,
    refused() {
      refused = true
      void look()
    },
    part() {
      const left = free === null ? '' : `${sizeText(free)} free`
      const part = { summary: left, progress: null, address: folder }
      switch (room) {
        case 'enough':
          return { ...part, state: 'up', detail: '', remedy: '' }
        case 'little':
          return {
            ...part,
            state: 'up',
            detail: `Little room is left on the disk of the data folder (${left}). ${whenFull}`,
            remedy,
          }
        case 'none':
          return { ...part, state: 'down', detail: `The disk of the data folder is full (${left}). ${nowFull}`, remedy }
      }
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      closed = true
      if (timer) clearTimeout(timer)
    },
  }
}

const whenFull =
  'Once it is full, new files stay where they are, decisions and settings are refused, and runs wait; nothing that was accepted is lost.'
const nowFull =
  'New files stay where they are, decisions and settings are refused, and runs wait; nothing that was accepted is lost.'
const remedy =
  'Free some space on it; all goes on by itself. In the data folder only old archives in backups and diagnostics may go.'

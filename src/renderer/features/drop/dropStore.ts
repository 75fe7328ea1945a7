import { createStore } from 'zustand/vanilla'
import type { IntakeEntry } from '../../../contract/model.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'
import type { DroppedFile } from './dropped.ts'

/** Uploads at one time. A browser opens six connections to a host; one stays free for everything else. */
const uploadsAtOnce = 5

export interface TrayItem {
  key: number
  name: string
  sizeBytes: number | null
  state: 'waiting' | 'sending' | 'settling' | 'done' | 'failed'
  /** 0 to 1 of the bytes, while sending. */
  fraction: number
  entry: IntakeEntry | null
  problem: string | null
}

export interface DropState {
  /** What is being dragged over the window; null while nothing is. */
  dragging: 'files' | 'other' | null
  items: readonly TrayItem[]
  /** Said when something was dropped that is no file. */
  hint: string | null
  setDragging(dragging: DropState['dragging']): void
  sayNotFiles(): void
  submit(files: readonly DroppedFile[]): Promise<void>
  clear(): void
  /** Puts away what became a run; what was not taken, or needs another look, stays. */
  clearAccepted(): void
}

export interface DropDeps {
  connection: Connection
  /** Where dropped files have paths, the host copies them by itself; null elsewhere. */
  pathOfFile: ((file: File) => string) | null
  upload: (file: Blob, name: string, onProgress: (sent: number) => void) => Promise<IntakeEntry[]>
  /** Given a single file that is no table but may be a history. */
  onHistory?: (file: File) => void
  /** Called with every answer, so that new runs show at once. */
  onEntries?: (entries: readonly IntakeEntry[]) => void
}

export const isBusy = (item: TrayItem) => item.state === 'waiting' || item.state === 'sending' || item.state === 'settling'

export function createDropStore({ connection, pathOfFile, upload, onHistory, onEntries = () => {} }: DropDeps) {
  let nextKey = 1
  return createStore<DropState>()((set, get) => {
    const change = (key: number, next: Partial<TrayItem>) =>
      set({ items: get().items.map((item) => (item.key === key ? { ...item, ...next } : item)) })
    const itemOf = (name: string, sizeBytes: number | null, entry: IntakeEntry | null = null): TrayItem => ({
      key: nextKey++,
      name,
      sizeBytes,
      state: entry ? 'done' : 'waiting',
      fraction: 0,
      entry,
      problem: null,
    })
    /** One file may have become several entries (a folder), each of which gets its line. */
    const settle = (key: number, entries: readonly IntakeEntry[]) => {
      onEntries(entries)
      const [first, ...more] = entries
      if (!first) return change(key, { state: 'failed', problem: 'There was no file in it.' })
      set({
        items: get().items.flatMap((item) =>
          item.key === key
            ? [
                { ...item, state: 'done' as const, entry: first, name: more.length > 0 ? first.fileName : item.name },
                ...more.map((entry) => itemOf(entry.fileName, entry.sizeBytes, entry)),
              ]
            : [item],
        ),
      })
    }

    const byPath = async (files: readonly DroppedFile[], pathOf: (file: File) => string) => {
      const items = files.map(({ file, name }) => ({ item: itemOf(name, file.size), path: pathOf(file), file }))
      set({ items: [...items.map(({ item }) => item), ...get().items] })
      const onDisk = items.filter(({ path }) => path !== '')
      // A file dragged out of a web page has no path: its bytes would have to be fetched from that page.
      for (const { item } of items.filter(({ path }) => path === ''))
        change(item.key, { state: 'failed', problem: 'It is not on this machine. Save it to disk first, then drop it here.' })
      if (onDisk.length === 0) return
      for (const { item } of onDisk) change(item.key, { state: 'settling' })
      const keys = new Set(onDisk.map(({ item }) => item.key))
      try {
        const { entries } = await connection.call('intake.submit', { paths: onDisk.map(({ path }) => path), origin: 'window' })
        onEntries(entries)
        set({
          items: [
            ...entries.map((entry) => itemOf(entry.fileName, entry.sizeBytes, entry)),
            ...get().items.filter((item) => !keys.has(item.key)),
          ],
        })
      } catch (cause) {
        for (const key of keys) change(key, { state: 'failed', problem: problemText(cause) })
      }
    }

    const byUpload = async (files: readonly DroppedFile[]) => {
      const queue = files.map(({ file, name }) => ({ item: itemOf(name, file.size), file }))
      set({ items: [...queue.map(({ item }) => item), ...get().items] })
      const work = async () => {
        for (let next = queue.shift(); next; next = queue.shift()) {
          const { item, file } = next
          change(item.key, { state: 'sending' })
          try {
            const entries = await upload(file, item.name, (sent) =>
              change(item.key, sent >= file.size ? { fraction: 1, state: 'settling' } : { fraction: sent / file.size }),
            )
            settle(item.key, entries)
          } catch (cause) {
            change(item.key, { state: 'failed', problem: problemText(cause) })
          }
        }
      }
      await Promise.all(Array.from({ length: uploadsAtOnce }, work))
    }

    return {
      dragging: null,
      items: [],
      hint: null,
      setDragging(dragging) {
        if (dragging !== get().dragging) set({ dragging })
      },
      sayNotFiles: () =>
        set({ hint: 'That is text or a link, not a file. Nothing was taken. Drop CSV files or folders from your file manager.' }),
      async submit(files) {
        set({ hint: null })
        if (files.length === 0) return set({ hint: 'There was no file in what was dropped. Nothing was taken.' })
        const [only] = files
        if (onHistory && files.length === 1 && only?.name.toLowerCase().endsWith('.json')) return onHistory(only.file)
        await (pathOfFile ? byPath(files, pathOfFile) : byUpload(files))
      },
      clear: () => set({ items: get().items.filter(isBusy), hint: null }),
      clearAccepted: () => set({ items: get().items.filter((item) => item.entry?.outcome !== 'accepted') }),
    }
  })
}
export type DropStore = ReturnType<typeof createDropStore>

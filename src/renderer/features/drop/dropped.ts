/** What a drag carries, read from the browser's DataTransfer. */

export interface DroppedFile {
  file: File
  /** The file's name, with its folders below the dropped folder. */
  name: string
}

/** Whether a drag carries files; a drag of text or of a link carries none. The names are told only after the drop. */
export const carriesFiles = (transfer: Pick<DataTransfer, 'types'>) => transfer.types.includes('Files')

const readAll = (reader: FileSystemDirectoryReader) =>
  new Promise<FileSystemEntry[]>((resolve, reject) => {
    const found: FileSystemEntry[] = []
    // A reader gives at most 100 entries a time, and none when it is done.
    const next = () =>
      reader.readEntries((entries) => {
        if (entries.length === 0) return resolve(found)
        found.push(...entries)
        next()
      }, reject)
    next()
  })

async function walk(entry: FileSystemEntry, into: DroppedFile[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
    into.push({ file, name: entry.fullPath.replace(/^\//, '') })
  } else {
    for (const child of await readAll((entry as FileSystemDirectoryEntry).createReader())) await walk(child, into)
  }
}

/** Every file that was dropped, also those inside dropped folders. Hidden files (`.DS_Store`) are left out of folders. */
export async function droppedFiles(transfer: DataTransfer): Promise<DroppedFile[]> {
  // Entries must be taken before the first await: the browser empties the transfer after the event.
  const entries = [...transfer.items].filter((item) => item.kind === 'file').map((item) => item.webkitGetAsEntry())
  const plain = [...transfer.files]
  if (entries.length === 0 || entries.some((entry) => entry === null)) return plain.map((file) => ({ file, name: file.name }))
  const found: DroppedFile[] = []
  for (const entry of entries) if (entry) await walk(entry, found)
  return found.filter(({ name }) => !name.includes('/') || !name.split('/').some((part) => part.startsWith('.')))
}

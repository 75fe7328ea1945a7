import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it that are missing, for this user alone.
 *
 * Node's own recursive mkdir never ends, and takes a thread with it for ever, where a folder is there and says of a new one
 * in it that it is not, as /proc and some mounted on demand do.
 * @throws the file system's error
 */
export async function makeFolders(folder: string): Promise<void> {
  const mode = 0o700
  try {
    await mkdir(folder, { mode })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    const above = dirname(folder)
    if (code !== 'ENOENT' || above === folder) throw error
    await makeFolders(above)
    await mkdir(folder, { mode })
  }
}

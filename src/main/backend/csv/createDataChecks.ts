import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataChecks, RunFile, WorkOptions } from '../../../temporal/activities/deps.ts'
import { createCsvReader } from './createCsvReader.ts'
import type { FileJob } from './csvThread.ts'

/** Scratch of a run that nobody has worked on for this long belongs to a run that was lost sight of. */
const forgottenAfterMs = 7 * 24 * 3600 * 1000

/**
 * The data side of a run over threads. What is made on the way (the imported table, the prepared one, checkpoints) lies in
 * `folder` by run, so that another attempt finds it; none of it is needed once the run has ended.
 * @param threadFile absolute path of `csvThread` (TypeScript source or bundle)
 */
export function createDataChecks({
  folder,
  threadFile,
}: {
  folder: string
  threadFile: string
}): DataChecks & { clean(): Promise<void>; close(): Promise<void> } {
  const reader = createCsvReader(threadFile)
  // A run id comes from Temporal and is one name; whatever else it is never becomes a path.
  const scratchOf = (runId: string) =>
    join(folder, /^[\w-]{1,200}$/.test(runId) ? runId : Buffer.from(runId).toString('hex').slice(0, 200))
  const job = ({ path, fileName, runId }: RunFile): FileJob => ({ path, fileName, scratch: scratchOf(runId) })
  const own = async (file: RunFile): Promise<FileJob> => {
    const given = job(file)
    await mkdir(given.scratch, { recursive: true, mode: 0o700 })
    return given
  }

  return {
    async profile(file, pipeline, options: WorkOptions) {
      const { columns, target, task, ignore, quarantineLimit, trainer } = pipeline
      const wanted = { columns, target, task, ignore, quarantineLimit, trainer }
      return reader.run({ kind: 'profile', ...(await own(file)), pipeline: wanted }, options)
    },
    async prepare(file, plan, options) {
      const given = await own(file)
      const prepared = await reader.run({ kind: 'prepare', ...given, plan }, options)
      return { ...prepared, checkpoints: join(given.scratch, 'checkpoints') }
    },
    report: async (file, plan, given, options) => reader.run({ kind: 'report', ...(await own(file)), plan, ...given }, options),
    compare: async (file, plan, given, options) => reader.run({ kind: 'compare', ...(await own(file)), plan, ...given }, options),
    forget: (runId) => rm(scratchOf(runId), { recursive: true, force: true }),
    /** Removes what runs of long ago have left. */
    async clean() {
      const names = await readdir(folder).catch(() => [] as string[])
      for (const name of names) {
        const path = join(folder, name)
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }))
        if (Date.now() - mtimeMs > forgottenAfterMs) await rm(path, { recursive: true, force: true })
      }
    },
    close: reader.close,
  }
}

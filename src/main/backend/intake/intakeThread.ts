/**
 * Entry of the intake's worker thread. It reads, hashes and copies files and walks folders, so that the main thread does
 * none of it. Imports only Node's own modules and files of ours that do the same: it runs as it is and as a bundle.
 */
import { performance } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import { createLane } from '../lane.ts'
import { createFileStore } from '../store/fileStore.ts'
import { createOpenFiles } from './openForWriting.ts'
import { lookAtFile, type Refusal, type TakeJob, type TakeResult, takeFile } from './takeFile.ts'
import { type Found, walk } from './walk.ts'

export interface ThreadData {
  storeFolder: string
  storeOwner: string
}
/** Threads have clocks of their own, so a length of time travels instead of a moment. */
export type TakeRequest = Omit<TakeJob, 'since'> & { quietForMs: number }
export type ThreadRequest =
  | { kind: 'take'; id: number; job: TakeRequest }
  | { kind: 'look'; id: number; path: string; name: string; maxFileBytes: number }
  | { kind: 'walk'; id: number; folder: string }
  | { kind: 'close' }
export type ThreadReply =
  | { kind: 'took'; id: number; result: TakeResult }
  | { kind: 'looked'; id: number; refusal: Refusal | { kind: 'gone' } | null }
  | { kind: 'found'; id: number; found: Found[] }
  | { kind: 'walked'; id: number }
  | { kind: 'failed'; id: number; message: string }

/** Files at a time. All file work of a process shares four threads of libuv: two stay free for everybody else. */
const atOnce = 2
/** Files above this have a lane of their own, so that a small file never waits behind gigabytes. */
const largeBytes = 64 * 1024 * 1024
const walkBatch = 256

const port = parentPort
if (!port) throw new Error('intakeThread runs as a worker thread')
const { storeFolder, storeOwner } = workerData as ThreadData
const store = createFileStore(storeFolder, { owner: storeOwner })
const ending = new AbortController()
let roots: readonly string[] = []
const openFiles = createOpenFiles(() => roots)
const say = (reply: ThreadReply) => port.postMessage(reply)

const smallLane = createLane(atOnce)
const largeLane = createLane(1)

const answering = (id: number, work: () => Promise<void>) => async () => {
  if (ending.signal.aborted) return
  try {
    await work()
  } catch (error) {
    say({ kind: 'failed', id, message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

async function walkFor(id: number, folder: string): Promise<void> {
  let found: Found[] = []
  for await (const one of walk(folder)) {
    if (ending.signal.aborted) return
    found.push(one)
    if (found.length < walkBatch) continue
    say({ kind: 'found', id, found })
    found = []
  }
  if (found.length > 0) say({ kind: 'found', id, found })
  say({ kind: 'walked', id })
}

port.on('message', (request: ThreadRequest) => {
  switch (request.kind) {
    case 'take': {
      const { id, job } = request
      roots = job.roots
      const since = performance.now() - job.quietForMs
      const lane = (job.stamp?.size ?? 0) > largeBytes ? largeLane : smallLane
      void lane(
        answering(id, async () => {
          say({ kind: 'took', id, result: await takeFile({ ...job, since }, { store, openFiles, signal: ending.signal }) })
        }),
      )
      break
    }
    case 'look': {
      const { id, path, name, maxFileBytes } = request
      void smallLane(answering(id, async () => say({ kind: 'looked', id, refusal: await lookAtFile(path, name, maxFileBytes) })))
      break
    }
    case 'walk':
      void answering(request.id, () => walkFor(request.id, request.folder))()
      break
    case 'close':
      // Copies under way stop at their next chunk and take their temporary files with them; then nothing holds the thread.
      ending.abort()
      port.close()
      break
    default:
      unknown(request)
  }
})

const unknown = (request: never) => {
  throw new Error(`unknown request: ${JSON.stringify(request)}`)
}

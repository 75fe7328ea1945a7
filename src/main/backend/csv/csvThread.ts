/** Entry of a worker thread: reads one CSV after another for `createCsvReader`. */
import { open } from 'node:fs/promises'
import { parentPort } from 'node:worker_threads'
import { CsvProblem } from '../../../temporal/activities/deps.ts'
import { type CsvFacts, readCsv } from './readCsv.ts'

export interface CsvJob {
  path: string
  fileName: string
}
export type CsvAnswer =
  | { kind: 'progress'; bytesRead: number; bytesTotal: number }
  | { kind: 'done'; facts: CsvFacts }
  | { kind: 'problem'; code: CsvProblem['code']; message: string }
  /** Anything else, with the system's code (ENOENT …) where there is one. */
  | { kind: 'failed'; code: string | null; message: string }

const chunkBytes = 1024 * 1024

async function run(job: CsvJob, tell: (answer: CsvAnswer) => void): Promise<void> {
  const file = await open(job.path, 'r')
  try {
    const bytesTotal = (await file.stat()).size
    let bytesRead = 0
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for await (const chunk of file.createReadStream({ highWaterMark: chunkBytes, autoClose: false })) {
        yield chunk as Buffer
        // Told once the chunk has been worked off: what counts is how far the reading is.
        bytesRead += (chunk as Buffer).length
        tell({ kind: 'progress', bytesRead, bytesTotal })
      }
    }
    tell({ kind: 'done', facts: await readCsv(chunks(), job.fileName) })
  } finally {
    await file.close()
  }
}

const port = parentPort
if (port === null) throw new Error('csvThread is the entry of a worker thread and cannot be started by itself')
port.on('message', async (job: CsvJob) => {
  const tell = (answer: CsvAnswer) => port.postMessage(answer)
  try {
    await run(job, tell)
  } catch (error) {
    if (error instanceof CsvProblem) tell({ kind: 'problem', code: error.code, message: error.message })
    else {
      const { message, code } = error as NodeJS.ErrnoException
      tell({ kind: 'failed', code: code ?? null, message })
    }
  }
})

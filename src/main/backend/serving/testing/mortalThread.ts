/** For tests: the serving thread as it is, which ends at once when a file named `die` appears beside the deployment records. */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { workerData } from 'node:worker_threads'
import '../servingThread.ts'
import type { ServingData } from '../servingThread.ts'

const order = join((workerData as ServingData).folder, `die-${(workerData as ServingData).environment}`)
setInterval(() => {
  if (!existsSync(order)) return
  rmSync(order)
  process.exit(3)
}, 20)

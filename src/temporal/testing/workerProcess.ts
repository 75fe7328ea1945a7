/** A worker in a process of its own, for tests that kill it: `node workerProcess.ts ADDRESS BUNDLE`. Prints `ready`. */
import { createDataConverter } from '../codec/dataConverter.ts'
import { installRuntime } from '../runtime.ts'
import { createWorker } from '../worker.ts'
import { createFakeDeps } from './fakeDeps.ts'
import { createRecorder } from './recorder.ts'

const [address = '', workflowBundle = ''] = process.argv.slice(2)
const nothing = () => {}
installRuntime({ debug: nothing, info: nothing, warn: nothing, error: nothing })
const worker = await createWorker({
  address,
  namespace: 'default',
  workflowBundle,
  deps: createFakeDeps().deps,
  observer: createRecorder().observer,
  dataConverter: createDataConverter(),
})
console.log('ready')
await worker.stopped

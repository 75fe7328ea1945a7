/** A worker in a process of its own, for tests that kill it: `node workerProcess.ts ADDRESS BUNDLE [STEP]`. Prints `ready`. A step that is
 * named kills it by itself, as the drill does. */
import { createDataConverter } from '../codec/dataConverter.ts'
import { installRuntime } from '../runtime.ts'
import { createWorker } from '../worker.ts'
import { createFakeDeps } from './fakeDeps.ts'
import { createRecorder } from './recorder.ts'

const [address = '', workflowBundle = '', fatalStep] = process.argv.slice(2)
const nothing = () => {}
installRuntime({ debug: nothing, info: nothing, warn: nothing, error: nothing })
const worker = await createWorker({
  address,
  namespace: 'default',
  workflowBundle,
  deps: {
    ...createFakeDeps().deps,
    faults: { before: async ({ step }) => (step === fatalStep ? { kind: 'crash', afterSeconds: 0.5 } : null) },
  },
  observer: createRecorder().observer,
  dataConverter: createDataConverter(),
})
console.log('ready')
await worker.stopped

/** For tests: a process of its own that seals as fast as it can and prints each key that it was given, until it is killed. */

import { homeAt } from '../home.ts'
import { silentLog } from '../log.ts'
import { openSecrets } from '../secrets/openSecrets.ts'
import { createKeyRing } from './createKeyRing.ts'

const [root = '', budget = '0'] = process.argv.slice(2)
const home = homeAt(root)
const secrets = await openSecrets({ home, log: silentLog, wanted: 'file' })
const ring = createKeyRing({ home, secrets, log: silentLog, openRuns: () => [], makesKeys: false, messageBudget: Number(budget) })
for (;;) {
  const key = await ring.patientSource.sealingKey(1)
  // Written before the next is asked for: what a kill cuts off was charged and not counted, which is the safe side.
  if (key) process.stdout.write(`${key.id}\n`)
  await new Promise((resolve) => setImmediate(resolve))
}

/** A process that does nothing but take files in; the crash test kills it. Argument: the data folder. */
import { openIntake } from './harness.ts'

const root = process.argv[2]
if (!root) throw new Error('name the data folder')
const { intake } = await openIntake(root)
await intake.start()
process.send?.('ready')
// Two ways in at once: what the parent drops, and what it asks to be copied.
process.on('message', (path: string) => {
  intake.submit([path], 'cli').catch(() => {})
})

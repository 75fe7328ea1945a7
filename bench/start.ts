/** The second launch, and what a thousand runs weigh. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newHome, removeHome, residentBytes, sampleCsv, startHost } from '../e2e/support/host.ts'
import { waitForStage } from './pipeline.ts'
import { megabytes, type Row, seconds } from './table.ts'

const runs = 1_000
const launches = 5

export async function run(): Promise<Row[]> {
  const home = await newHome({ demoTrainer: { minSeconds: 0, maxSeconds: 0 }, startsPerSecond: 50 })
  try {
    const first = await startHost(home)
    const names = Array.from({ length: runs }, (_, i) => `bad_${i}.csv`)
    const ended = waitForStage(first, 'GateFailed', names)
    await Promise.all(names.map((name, i) => writeFile(join(home.inbox, name), sampleCsv(i))))
    await ended
    const firstBytes = await residentBytes(first.process.pid as number)
    await first.stop()

    const readyMs: number[] = []
    let bytes = 0
    for (let i = 0; i < launches; i++) {
      const host = await startHost(home)
      readyMs.push(host.readyMs)
      const { total } = await host.connection.call('runs.list', { limit: 1000 })
      if (total !== runs) throw new Error(`${total} runs in the list instead of ${runs}`)
      bytes = Math.max(bytes, await residentBytes(host.process.pid as number))
      await host.stop()
    }
    readyMs.sort((a, b) => a - b)
    const median = readyMs[Math.floor(launches / 2)] as number
    return [
      {
        what: `second launch to all parts up, ${runs} runs in the ledger (median of ${launches}, worst ${seconds(readyMs.at(-1) as number)})`,
        measured: seconds(median),
        toReach: '6 s',
        reached: median <= 6_000,
      },
      {
        what: `host process with ${runs} runs in the list, resident`,
        measured: megabytes(bytes),
        toReach: 'under 450 MB',
        reached: bytes < 450 * 1024 ** 2,
      },
      {
        what: `the same in the host that has just made all ${runs} of them in one go`,
        measured: megabytes(firstBytes),
        toReach: 'reported',
        reached: null,
      },
    ]
  } finally {
    await removeHome(home)
  }
}

/**
 * The clock of the host's machine jumps by hours, a month and a year, forth and back, while files go through. The host and
 * Postgres see it (libfaketime), Temporal does not: so it is also two machines whose clocks disagree.
 */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Stage } from '../src/contract/model.ts'
import { type Host, launchHost, newHome, removeHome, sampleCsv } from './support/host.ts'

const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'
const dayMs = 86_400_000
let folder: string
let host: Host

beforeAll(async () => {
  if (!existsSync(library)) throw new Error('libfaketime is not installed: it is a package of the distribution.')
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-clock-'))
  await jump('+0')
  const home = await newHome({ demoTrainer: { minSeconds: 2, maxSeconds: 3 }, settleSeconds: 0.2 })
  // What is measured in passed time is measured by the other clock, which never jumps.
  const faked = { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: join(folder, 'clock'), FAKETIME_NO_CACHE: '1' }
  host = await launchHost(home, { ...faked, FAKETIME_DONT_FAKE_MONOTONIC: '1' }).ready
})
afterAll(async () => {
  await host?.stop()
  if (host) await removeHome(host.home)
  await rm(folder, { recursive: true, force: true })
})

/** Whoever reads the file meanwhile finds the old time or the new one. */
async function jump(offset: string): Promise<void> {
  const next = join(folder, 'next')
  await writeFile(next, `${offset}\n`)
  await rename(next, join(folder, 'clock'))
}

async function reaches(fileName: string, stage: Stage) {
  for (;;) {
    const { runs } = await host.connection.call('runs.list', { limit: 100 })
    const found = runs.filter((run) => run.fileName === fileName)
    if (found[0]?.stage === stage) {
      expect(found).toHaveLength(1)
      return found[0]
    }
    await sleep(100)
  }
}
const drop = (fileName: string, seed: number) => writeFile(join(host.home.inbox, fileName), sampleCsv(seed))

it.each([
  ['+3h', '+30d'],
  ['-5h', '-400d'],
])('it jumps by %s while a model is trained, and by %s while its approval is waited for', async (first, second) => {
  const fileName = `good_${second}.csv`
  await drop(fileName, first.length + second.length)
  await reaches(fileName, 'Training')
  await jump(first)
  const { workflowId, approvalDeadline } = await reaches(fileName, 'AwaitingApproval')
  await jump(second)
  // A file that comes now is taken in too, and nobody's time to decide has run out: the deadline is Temporal's.
  const later = `good_later_${second}.csv`
  await drop(later, 100 + second.length)
  const { acceptedAt } = await reaches(later, 'AwaitingApproval')
  expect(Math.abs(Date.parse(acceptedAt) - Date.now())).toBeGreaterThan(29 * dayMs) // the host has seen the jump
  expect(await reaches(fileName, 'AwaitingApproval')).toMatchObject({ workflowId, approvalDeadline })

  const decision = { decisionId: randomUUID(), decision: 'approve', reason: 'the clock is no matter' } as const
  await host.connection.call('runs.decide', { workflowId, ...decision })
  await reaches(fileName, 'Completed')
  expect(await host.connection.call('runs.experiment', { workflowId })).toMatchObject({ rows: 1 })
  await jump('+0')
})

/** A backup of a host that works: its run goes on in another data folder, with nothing lost and nothing done twice. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { homeAt } from '../src/main/backend/home.ts'
import { type Host, newHome, removeHome, startHost } from './support/host.ts'

const cli = join(resolve(import.meta.dirname, '..'), 'out', 'main', 'cli.cjs')
const gatehouse = async (...args: string[]) => {
  const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args, '--json'])
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}
const stages = async ({ connection }: Host) =>
  (await connection.call('runs.list', {})).runs.map(({ fileName, stage }) => [fileName, stage]).sort()

const cleanUps: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const clean of cleanUps.reverse()) await clean()
})

it('is restored elsewhere, where the run that waited is approved and completes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-backup-'))
  cleanUps.push(() => rm(folder, { recursive: true, force: true }))
  const home = await newHome({ demoTrainer: { minSeconds: 1, maxSeconds: 1 }, settleSeconds: 0.5, operator: 'ada' })
  cleanUps.push(() => removeHome(home))
  const first = await startHost(home)
  const csv = Array.from({ length: 60 }, (_, i) => `${i},${i % 7},${i % 2}`).join('\n')
  const file = async (name: string) => {
    await writeFile(join(folder, name), `a,b,target\n${csv}\n`)
    return join(folder, name)
  }
  await gatehouse('submit', await file('good_one.csv'), '--wait', '--home', home.root)
  // Under way while the backup is made.
  await first.connection.call('intake.submit', { paths: [await file('good_two.csv')], origin: 'cli' })
  await writeFile(join(folder, 'passphrase'), 'correct horse battery staple')
  const archive = join(folder, 'one.zip')
  const made = await gatehouse('backup', '--out', archive, '--passphrase-file', join(folder, 'passphrase'), '--home', home.root)
  expect(made).toMatchObject({ runs: 2, keysMissing: [], notes: [] })
  await first.stop()
  // Also of a folder that nobody works on.
  const still = await gatehouse('backup', '--out', join(folder, 'two.zip'), '--home', home.root)
  expect(still.runs).toBe(2)
  await removeHome(home)

  const elsewhere = homeAt(join(folder, 'elsewhere'))
  const back = ['restore', archive, '--passphrase-file', join(folder, 'passphrase'), '--home', elsewhere.root]
  expect(await gatehouse(...back)).toMatchObject({ runs: 2, keysMissing: [], setAside: null })
  const second = await startHost(elsewhere)
  cleanUps.push(() => second.stop())
  const wanted = [
    ['good_one.csv', 'AwaitingApproval'],
    ['good_two.csv', 'AwaitingApproval'],
  ]
  await expect.poll(() => stages(second), { timeout: 60_000 }).toEqual(wanted)
  const { runs } = await second.connection.call('runs.list', {})
  for (const { workflowId } of runs) {
    const decision = { decision: 'approve', reason: 'restored', decisionId: randomUUID() } as const
    await second.connection.call('runs.decide', { workflowId, ...decision })
  }
  await expect.poll(() => stages(second), { timeout: 60_000 }).toEqual(wanted.map(([name]) => [name, 'Completed']))
  for (const { workflowId } of runs) {
    const { rows, experiment } = await second.connection.call('runs.experiment', { workflowId })
    expect({ rows, file: experiment?.fileName }).toEqual({
      rows: 1,
      file: runs.find((run) => run.workflowId === workflowId)?.fileName,
    })
  }
  const { models } = await second.connection.call('models.list', {})
  expect(models).toHaveLength(2)
}, 240_000)

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from '@temporalio/worker'
import { DeterminismViolationError } from '@temporalio/workflow'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildWorkflowBundle } from './bundle.ts'
import { createDataConverter } from './codec/dataConverter.ts'
import { installRuntime } from './runtime.ts'

/**
 * Runs that wait in somebody's Temporal must go on under today's workflow code. When one of these fails, the code
 * changed what a run does: put the change under `patched()`. See scripts/saveHistories.ts.
 */
const folder = join(import.meta.dirname, 'workflows', 'fixtures', 'histories')
const endings = [
  'borderline',
  'cancelled',
  'cancelled-at-gate',
  'failed',
  'gate-failed',
  'happy',
  'rejected',
  'retried',
  'signal',
  'still-waiting',
  'timed-out',
  'trained-pipelines',
]
const files = (await readdir(folder)).filter((name) => name.endsWith('.json'))

let scratch: string
let codePath: string
beforeAll(async () => {
  const nothing = () => {}
  installRuntime({ debug: nothing, info: nothing, warn: nothing, error: nothing })
  scratch = await mkdtemp(join(tmpdir(), 'gatehouse-replay-'))
  codePath = join(scratch, 'bundle.js')
  await buildWorkflowBundle(codePath)
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

interface SavedHistory {
  events: { workflowExecutionStartedEventAttributes?: object; activityTaskScheduledEventAttributes?: { activityId: string } }[]
}
const read = async (file: string) => JSON.parse(await readFile(join(folder, file), 'utf8')) as SavedHistory
const replay = (history: SavedHistory) =>
  Worker.runReplayHistory({ workflowBundle: { codePath }, dataConverter: createDataConverter() }, history)

test('there is a history of every way in which a run ends', () => {
  expect(files).toEqual(expect.arrayContaining(endings.map((name) => `${name}.json`)))
})

test.each(files)('%s replays', async (file) => {
  await replay(await read(file))
})

test('a replay that does something else is noticed', async () => {
  const history = await read('happy.json')
  const scheduled = history.events.find((event) => event.activityTaskScheduledEventAttributes?.activityId === 'log_experiment')
  if (scheduled?.activityTaskScheduledEventAttributes)
    scheduled.activityTaskScheduledEventAttributes.activityId = 'something_else'
  await expect(replay(history)).rejects.toThrow(DeterminismViolationError)
})

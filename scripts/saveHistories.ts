/**
 * Saves the histories that `src/temporal/replay.test.ts` replays: one JSON file per kind of ending, made by the present
 * workflow code on a real dev server.
 *
 *   GATEHOUSE_TEMPORAL_CLI=/path/to/temporal npx node scripts/saveHistories.ts [suffix]
 *
 * Saved histories stand for runs that wait in somebody's Temporal. Never overwrite one to make a failing replay pass:
 * change the workflow under `patched()` and add new histories beside the old ones, with a suffix that names the change.
 */
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { defaultPipelines } from '../src/contract/pipelines.ts'
import { DatabaseProblem } from '../src/temporal/activities/deps.ts'
import { approveSignalName } from '../src/temporal/names.ts'
import { cancelRun, decide, runResult, startRun } from '../src/temporal/operations.ts'
import { createTestBench, inputFor, type TestBench } from '../src/temporal/testing/bench.ts'

const folder = join(import.meta.dirname, '..', 'src', 'temporal', 'workflows', 'fixtures', 'histories')

const decideAtGate = async (bench: TestBench, workflowId: string, decision: 'approve' | 'reject') => {
  await bench.reaches(workflowId, 'AwaitingApproval')
  await decide(bench.client, {
    workflowId,
    decisionId: `decision-${decision}`,
    decision,
    reason: 'For the record.',
    operator: 'ana',
  })
}

/** Each starts one run, brings it where it should go, and gives its workflow id. */
const stories: Record<string, (bench: TestBench) => Promise<string>> = {
  async happy(bench) {
    const workflowId = await bench.start('good')
    await decideAtGate(bench, workflowId, 'approve')
    return workflowId
  },
  async rejected(bench) {
    const workflowId = await bench.start('good')
    await decideAtGate(bench, workflowId, 'reject')
    return workflowId
  },
  async signal(bench) {
    const workflowId = await bench.start('good')
    await bench.client.workflow.getHandle(workflowId).signal(approveSignalName) // too early: ignored
    await bench.reaches(workflowId, 'AwaitingApproval')
    await bench.client.workflow.getHandle(workflowId).signal(approveSignalName)
    return workflowId
  },
  'timed-out': (bench) => bench.start('good', { approval_timeout_seconds: 1 }),
  'gate-failed': (bench) => bench.start('bad'),
  borderline: (bench) => bench.start('borderline'),
  async failed(bench) {
    const workflowId = 'mlops-failed'
    bench.interfere(workflowId, {
      log: () => {
        throw new DatabaseProblem('configuration', 'The password was refused.', '28P01')
      },
    })
    await startRun(bench.client, workflowId, inputFor(workflowId))
    return workflowId
  },
  async retried(bench) {
    const workflowId = 'mlops-retried'
    let failures = 0
    bench.interfere(workflowId, {
      read: () => {
        if (++failures < 3) throw new Error('GPU temporarily unavailable')
      },
    })
    await startRun(bench.client, workflowId, inputFor(workflowId))
    await decideAtGate(bench, workflowId, 'approve')
    return workflowId
  },
  async cancelled(bench) {
    const workflowId = await bench.start('good', { demo_trainer: { min_seconds: 60, max_seconds: 60 } })
    await bench.until(({ kind, event }) => kind === 'progress' && event.workflowId === workflowId && event.step === 'train_model')
    await cancelRun(bench.client, workflowId, { by: 'ada', reason: 'For the record.' })
    return workflowId
  },
  async 'cancelled-at-gate'(bench) {
    const workflowId = await bench.start('good')
    await bench.reaches(workflowId, 'AwaitingApproval')
    await cancelRun(bench.client, workflowId, { by: 'ada', reason: 'For the record.' })
    return workflowId
  },
  /** A real training: what the pipeline in the run's input asks for. */
  async trained(bench) {
    const workflowId = await bench.start('shells', { pipeline: defaultPipelines.at(-1) })
    await decideAtGate(bench, workflowId, 'approve')
    return workflowId
  },
  async 'still-waiting'(bench) {
    const workflowId = await bench.start('good')
    await bench.reaches(workflowId, 'AwaitingApproval')
    return workflowId
  },
}

/** Stacks name folders of this machine, and a replay does not look at them. */
const withoutStacks = (json: string) => JSON.stringify(JSON.parse(json), (key, value) => (key === 'stackTrace' ? '' : value), 2)

const suffix = process.argv[2] ? `-${process.argv[2]}` : ''
const bench = await createTestBench()
try {
  await mkdir(folder, { recursive: true })
  for (const [name, play] of Object.entries(stories)) {
    const file = join(folder, `${name}${suffix}.json`)
    if (existsSync(file)) {
      console.log(`${name}${suffix}: kept as it is`)
      continue
    }
    const workflowId = await play(bench)
    if (name !== 'still-waiting') await runResult(bench.client, workflowId).catch(() => undefined) // some are to fail
    const history = await bench.client.workflow.getHandle(workflowId).fetchHistory()
    await writeFile(file, `${withoutStacks(historyToJSON(history))}\n`)
    console.log(`${name}${suffix}: ${history.events?.length} events`)
  }
} finally {
  await bench.close()
}

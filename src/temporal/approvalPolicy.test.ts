/** Who has to agree before production changes: several operators, certain ones, not the one whose file it is. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApprovalPolicy, defaultPipelines, type Pipeline } from '../contract/pipelines.ts'
import { approveSignalName } from './names.ts'
import { decide, queryStatus, runResult, startRun } from './operations.ts'
import { createTestBench, inputFor, type TestBench } from './testing/bench.ts'

let bench: TestBench
let started = 0
beforeAll(async () => {
  bench = await createTestBench()
})
afterAll(() => bench?.close())

/** A run of a good file that waits at its gate. */
async function atTheGate(policy: Partial<ApprovalPolicy>, submittedBy?: string): Promise<string> {
  const workflowId = `mlops-${++started}-good`
  const [demonstration] = defaultPipelines as [Pipeline]
  const approval = { ...demonstration.approval, ...policy }
  const input = inputFor(workflowId, { pipeline: { ...demonstration, approval } })
  await startRun(bench.client, workflowId, { ...input, submitted_by: submittedBy })
  await bench.reaches(workflowId, 'AwaitingApproval')
  return workflowId
}
const say = (workflowId: string, decision: 'approve' | 'reject', operator: string, decisionId: string = randomUUID()) =>
  decide(bench.client, { workflowId, decisionId, decision, reason: `${operator} says ${decision}.`, operator, host: 'desk-1' })
const status = (workflowId: string) => queryStatus(bench.client, workflowId)

describe('two of three', () => {
  const policy = { approvals: 2, approvers: ['Ana', 'Ben', 'Cleo'] }

  test('the first approval changes nothing in production, the second one deploys, and both are on record', async () => {
    const workflowId = await atTheGate(policy)
    expect(await say(workflowId, 'approve', 'ana')).toMatchObject({ state: 'delivered' })
    expect(await status(workflowId)).toMatchObject({
      stage: 'AwaitingApproval',
      awaiting_approval: true,
      prod_approved: false,
      decision: null,
      approvals_needed: 2,
      approvals: [{ operator: 'ana', reason: 'ana says approve.' }],
    })
    await say(workflowId, 'approve', 'Ben')
    expect(await runResult(bench.client, workflowId)).toMatchObject({
      status: 'completed',
      decision: { operator: 'Ben' },
      approvals: [{ operator: 'ana' }, { operator: 'Ben' }],
    })
    expect(bench.done(workflowId)).toContain('decision approve by ana and Ben')
  })

  test('one operator counts once, however often and under whatever id', async () => {
    const workflowId = await atTheGate(policy)
    const decisionId = randomUUID()
    await say(workflowId, 'approve', 'ana', decisionId)
    expect(await say(workflowId, 'approve', 'ana', decisionId)).toMatchObject({ state: 'delivered' })
    expect(await say(workflowId, 'approve', 'ANA ')).toEqual({
      state: 'refused',
      message: 'ANA has approved already; one more approval by somebody else is needed.',
    })
    expect((await status(workflowId)).approvals).toHaveLength(1)
    await say(workflowId, 'reject', 'Cleo')
    expect(await runResult(bench.client, workflowId)).toMatchObject({ status: 'rejected', decision: { operator: 'Cleo' } })
  })

  test('two that come at once are two, and a third is told that it is decided', async () => {
    const workflowId = await atTheGate(policy)
    const all = await Promise.all(['ana', 'Ben', 'Cleo'].map((operator) => say(workflowId, 'approve', operator)))
    expect(all.map(({ state }) => state).sort()).toEqual(['delivered', 'delivered', 'refused'])
    expect(await runResult(bench.client, workflowId)).toMatchObject({ status: 'completed' })
    expect(bench.done(workflowId).filter((deed) => deed === 'deploy prod')).toHaveLength(1)
  })

  test('who is not named may not decide, and a bare signal is refused, on record', async () => {
    const workflowId = await atTheGate(policy)
    expect(await say(workflowId, 'reject', 'Dan')).toEqual({
      state: 'refused',
      message: 'Dan may not decide on this run: its policy names Ana, Ben, Cleo.',
    })
    await bench.client.workflow.getHandle(workflowId).signal(approveSignalName)
    const { notes, approvals } = await status(workflowId)
    expect(approvals).toEqual([])
    expect(notes).toEqual([expect.stringContaining('was refused: it carries no name, and this run’s policy asks for 2 named')])
    await say(workflowId, 'reject', 'Ben')
  })

  test('too few by the end of the time is a rejection, never an approval', async () => {
    const workflowId = `mlops-${++started}-good`
    const [demonstration] = defaultPipelines as [Pipeline]
    const pipeline = { ...demonstration, approval: { ...demonstration.approval, ...policy } }
    await startRun(bench.client, workflowId, inputFor(workflowId, { pipeline, approval_timeout_seconds: 3 }))
    await bench.reaches(workflowId, 'AwaitingApproval')
    await say(workflowId, 'approve', 'ana')
    expect(await runResult(bench.client, workflowId)).toMatchObject({
      status: 'timed_out',
      decision: { decision: 'timeout', reason: 'Only 1 of 2 approvals came within 3 seconds.' },
    })
    expect(bench.done(workflowId)).not.toContain('deploy prod')
  })
})

describe('not by who submitted it', () => {
  test('the submitter may reject and may not approve; a signal has no name to tell', async () => {
    const workflowId = await atTheGate({ notSubmitter: true }, 'Ana')
    expect(await say(workflowId, 'approve', 'ana')).toMatchObject({
      state: 'refused',
      message: expect.stringContaining('submitted this file'),
    })
    await bench.client.workflow.getHandle(workflowId).signal(approveSignalName)
    expect(await status(workflowId)).toMatchObject({ decision: null, notes: [expect.stringContaining('not Ana, who submitted')] })
    await say(workflowId, 'approve', 'Ben')
    expect(await runResult(bench.client, workflowId)).toMatchObject({ status: 'completed', decision: { operator: 'Ben' } })
  })
})

test('where one approval by anybody is enough, the bare signal counts as one by an unnamed client', async () => {
  const workflowId = await atTheGate({})
  await bench.client.workflow.getHandle(workflowId).signal(approveSignalName)
  expect(await runResult(bench.client, workflowId)).toMatchObject({
    status: 'completed',
    decision: { operator: null, via: 'signal' },
    approvals: [{ operator: null }],
  })
})

import { expect, it } from 'vitest'
import type { DeploymentCause } from '../../../temporal/activities/deps.ts'
import type { DeploymentEvent } from '../endpoints/deployments.ts'
import { deploymentRecords } from './deploymentRecords.ts'

const at = (day: number) => `2026-01-0${day}T00:00:00.000Z`
const event = (
  model_id: string,
  day: number,
  cause?: DeploymentCause,
  kind: DeploymentEvent['event'] = 'deployed',
): DeploymentEvent => ({
  event: kind,
  at: at(day),
  deployment: { model_id, sha256: 'a'.repeat(64), size_bytes: 1, metrics: {}, deployed_at: at(day), cause },
})
const run = (workflow_id: string): DeploymentCause => ({ kind: 'run', workflow_id, run_id: 'r' })
const back: DeploymentCause = { kind: 'rollBack', request_id: 'q', operator: 'grace', host: 'desk', reason: 'it drifts' }
const runs: Record<string, string> = { w1: 'one.csv', w2: 'two.csv' }
const runOf = (workflowId: string) =>
  runs[workflowId] === undefined
    ? null
    : {
        fileName: runs[workflowId],
        decision: {
          decisionId: 'd',
          decision: 'approve' as const,
          reason: 'good',
          operator: 'ada',
          host: null,
          via: 'update' as const,
          at: at(1),
        },
      }

it('tells who decided, why, and until when each model was served, newest first', () => {
  const events = [
    event('m-1', 1, run('w1')),
    event('m-2', 2, run('w2')),
    event('m-bad', 3, run('w3'), 'undone'),
    event('m-1', 4, back),
  ]
  const shown = deploymentRecords('prod', events, runOf).map(({ modelId, kind, operator, reason, fileName, workflowId, until }) =>
    [modelId, kind, operator, reason, fileName, workflowId, until].join(' | '),
  )
  expect(shown).toEqual([
    'm-1 | rollBack | grace | it drifts | one.csv | w1 | ',
    `m-bad | undone |  |  |  | w3 | ${at(3)}`,
    `m-2 | run | ada | good | two.csv | w2 | ${at(4)}`,
    `m-1 | run | ada | good | one.csv | w1 | ${at(2)}`,
  ])
  expect(new Set(deploymentRecords('prod', events, runOf).map(({ id }) => id)).size).toBe(4)
})

it('names nobody where nobody had to decide, or where nothing is known', () => {
  expect(deploymentRecords('dev', [event('m-1', 1, run('w1'))], runOf)).toMatchObject([
    { operator: null, reason: null, fileName: 'one.csv' },
  ])
  expect(deploymentRecords('prod', [event('m-0', 1)], runOf)).toMatchObject([
    { operator: null, fileName: null, workflowId: null },
  ])
})

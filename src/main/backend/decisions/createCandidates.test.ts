import { expect, test } from 'vitest'
import type { DataProfile } from '../../../contract/training.ts'
import { fakeRun } from '../../testing/fakeBackend.ts'
import type { RegisteredModel } from '../postgres/modelRegistry.ts'
import { emptySealedPart, type RunRecord } from '../projection/runRecord.ts'
import { createCandidates } from './createCandidates.ts'

const column = (name: string, change: object) => ({ name, missing: 0, role: 'feature', ...change })
const profile = {
  rows: 200,
  duplicates: 3,
  quarantined: { count: 2, share: 0.01, examples: [] },
  columns: [column('sex', { missing: 4 }), column('age', { role: 'leak' })],
} as unknown as DataProfile

function setUp(change: { registry?: () => Promise<RegisteredModel | null>; served?: string | null } = {}) {
  const records = new Map<string, RunRecord>(
    ['w-1', 'gone'].map((id) => [id, { ...emptySealedPart, ...fakeRun(id), modelId: `m-${id}` }]),
  )
  records.set('gone', { ...(records.get('gone') as RunRecord), stage: 'Completed' })
  let reads = 0
  const { served = 'm-0' } = change
  const candidates = createCandidates({
    run: (id) => records.get(id),
    files: {
      profile: async () => {
        reads++
        return profile
      },
      report: async () => {
        throw new Error('no such file')
      },
    },
    endpoints: {
      record: async () => ({ confirmed: served && { model_id: served, deployed_at: '2026-11-25T10:00:00.000Z' } }) as never,
    },
    registry: {
      get:
        change.registry ??
        (async () => ({ fileName: 'old.csv', task: 'regression', target: 'rings', metrics: { mae: 2 } }) as never),
    },
  })
  return { candidates, reads: () => reads }
}

test('each run that still waits brings its data in short; its files are read once', async () => {
  const { candidates, reads } = setUp()
  await candidates.list(['w-1', 'gone', 'unknown'])
  expect(await candidates.list(['w-1'])).toMatchObject({
    candidates: [
      {
        workflowId: 'w-1',
        modelId: 'm-w-1',
        target: null,
        data: { rows: 200, columns: 2, quarantined: 2, missing: 0.01, duplicates: 3, leaks: ['age'] },
      },
    ],
    production: { modelId: 'm-0', fileName: 'old.csv', metrics: { mae: 2 } },
    problem: null,
  })
  expect(reads()).toBe(1)
})

test('without Postgres the candidates are told all the same, and why there is nothing beside them', async () => {
  const { candidates } = setUp({ registry: () => Promise.reject(new Error('Postgres cannot be reached.')) })
  const answer = await candidates.list(['w-1'])
  expect(answer.candidates).toHaveLength(1)
  expect(answer).toMatchObject({ production: null, problem: 'Postgres cannot be reached.' })
  expect(await setUp({ served: null }).candidates.list(['w-1'])).toMatchObject({ production: null, problem: null })
})

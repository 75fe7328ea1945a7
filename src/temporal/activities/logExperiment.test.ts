import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TrainingReport } from '../../contract/training.ts'
import type { LogExperimentInput } from '../types.ts'
import type { ActivityDeps } from './deps.ts'
import { logExperiment } from './logExperiment.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-log-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const report: TrainingReport = {
  modelId: 'm',
  trainer: 'boosting',
  task: 'regression',
  target: 'rings',
  settings: { depth: 4 },
  rows: { training: 1, validation: 1, test: 1 },
  loss: 'RMSE',
  curve: [],
  bestRound: 1,
  importance: [],
  metrics: { mae: 1 },
  baseline: { mae: 2 },
  tolerance: 1,
  slices: [],
  predictions: [],
  confusion: null,
  roc: null,
}

test.each([
  ['is in the store', JSON.stringify(report), { depth: 4 }],
  ['is gone', null, undefined],
  ['cannot be read', '{"modelId": ', undefined],
  ['is something else', '{}', undefined],
])('an experiment is logged when its report %s', async (_, text, settings) => {
  const path = join(folder, 'report.json')
  if (text !== null) writeFileSync(path, text)
  const logged: unknown[] = []
  const deps = {
    store: { pathOf: async () => (text === null ? null : path) },
    experiments: {
      async logExperiment(...given: unknown[]) {
        logged.push((given[3] as TrainingReport | null)?.settings)
        return { experimentId: 7, inserted: true }
      },
    },
  } as unknown as Pick<ActivityDeps, 'store' | 'experiments'>
  const input = { prepared: {}, trained: { report: { sha256: 'a', uri: '', size_bytes: 1 } } } as LogExperimentInput
  const step = { ids: { workflowId: 'w', runId: 'r' }, signal: new AbortController().signal, reportProgress() {} }
  expect(await logExperiment(input, step, deps)).toEqual({ experiment_id: 7, inserted: true })
  expect(logged).toEqual([settings])
})

import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { failureTypes } from '../retries.ts'
import { createFakeDeps } from '../testing/fakeDeps.ts'
import type { DeployInput } from '../types.ts'
import { deployToEnvironment } from './deployToEnvironment.ts'
import { CsvProblem, DatabaseProblem } from './deps.ts'
import { databaseUnavailable, toActivityFailure } from './failures.ts'
import { modelIdOf } from './modelId.ts'
import { preprocessData } from './preprocessData.ts'
import type { StepContext } from './stepContext.ts'
import { trainModelMock } from './trainModelMock.ts'

const step: StepContext = {
  ids: { workflowId: 'mlops-1-a', runId: 'run-1' },
  signal: new AbortController().signal,
  reportProgress: () => {},
}
const failureOf = async (work: Promise<unknown>) => {
  const error = await work.catch((e) => e)
  expect(error).toBeInstanceOf(ApplicationFailure)
  return error as ApplicationFailure
}

test.each([
  [new CsvProblem('notACsv', 'x'), failureTypes.notACsv, true],
  [new CsvProblem('noUsableTarget', 'x'), failureTypes.noUsableTarget, true],
  [new CsvProblem('tooFewRows', 'x'), failureTypes.tooFewRows, true],
  [new DatabaseProblem('configuration', 'x', '28P01'), failureTypes.databaseConfiguration, true],
  [new DatabaseProblem('bug', 'x', '22001'), failureTypes.databaseConfiguration, true],
  [new DatabaseProblem('weather', 'x', '57P03'), databaseUnavailable, false],
])('%o is %s, never retried: %s', (problem, type, nonRetryable) => {
  expect(toActivityFailure(problem)).toMatchObject({ message: 'x', type, nonRetryable })
})

test('what nobody knows is passed on as it is, and so retried', () => {
  const unknown = new Error('GPU temporarily unavailable')
  expect(toActivityFailure(unknown)).toBe(unknown)
  expect(toActivityFailure('a text')).toMatchObject({ message: 'a text' })
})

describe('preprocess_data', () => {
  const failing = (error: unknown) => {
    const { deps } = createFakeDeps()
    return preprocessData({ file_path: '/in/a.csv', dataset: null }, step, {
      ...deps,
      store: { ...deps.store, putFile: () => Promise.reject(error) },
    })
  }
  const nodeError = (code: string) => Object.assign(new Error(code), { code, errno: -1 })

  test('takes a file that is named by its path alone into the store', async () => {
    const { deps } = createFakeDeps()
    const result = await preprocessData({ file_path: '/in/a.csv', dataset: null }, step, deps)
    expect(result.dataset.file_name).toBe('a.csv')
    expect(await deps.store.verify(result.dataset.sha256)).toBe(true)
  })

  test.each([
    ['ENOENT', failureTypes.fileMissing],
    ['ENOTDIR', failureTypes.fileMissing],
    ['EACCES', failureTypes.fileMissing],
    ['EISDIR', failureTypes.notACsv],
  ])('%s is %s', async (code, type) => {
    expect(await failureOf(failing(nodeError(code)))).toMatchObject({
      type,
      nonRetryable: true,
      message: expect.stringContaining('/in/a.csv'),
    })
  })

  test('a trouble of the disk or of the store itself passes, so it is retried', async () => {
    const full = nodeError('ENOSPC')
    await expect(failing(full)).rejects.toBe(full)
    const ofTheStore = Object.assign(new Error('The store could not be written.'), { code: 'EACCES' })
    await expect(failing(ofTheStore)).rejects.toBe(ofTheStore)
  })

  test('a dataset that is damaged in the store is named, and nothing is made of what is left of it', async () => {
    const { deps } = createFakeDeps()
    const dataset = { file_name: 'a.csv', ...(await deps.store.putBytes(Buffer.from('a,b\n1,2\n'))) }
    let wasRead = false
    const damaged = {
      ...deps,
      store: { ...deps.store, verify: async () => false },
      data: {
        ...deps.data,
        profile: () => {
          wasRead = true
          return Promise.reject(new Error('read'))
        },
      },
    }
    const failure = await failureOf(preprocessData({ file_path: '/in/a.csv', dataset }, step, damaged))
    expect(failure).toMatchObject({ type: failureTypes.fileMissing, nonRetryable: true })
    const path = await deps.store.pathOf(dataset.sha256)
    expect(failure.message).toBe(
      `The stored copy of a.csv (${path}) is damaged: its bytes are no longer those that were stored. It was left as it is, and nothing was made of it. Restore the store, or drop the file again and choose "Run again".`,
    )
    expect(wasRead).toBe(false)
  })

  test('a dataset that is not in the store is missing', async () => {
    const dataset = { file_name: 'a.csv', sha256: 'f'.repeat(64), uri: `sha256:${'f'.repeat(64)}`, size_bytes: 1 }
    const { deps } = createFakeDeps()
    const failure = await failureOf(preprocessData({ file_path: '/in/a.csv', dataset }, step, deps))
    expect(failure).toMatchObject({ type: failureTypes.fileMissing, nonRetryable: true })
  })
})

describe('train_model_mock', () => {
  const train = async (ids = step.ids, seconds = { min_seconds: 0, max_seconds: 0 }) => {
    const { deps } = createFakeDeps()
    const prepared = await preprocessData({ file_path: '/in/good.csv', dataset: null }, step, deps)
    const trained = await trainModelMock({ prepared, demo_trainer: seconds }, { ...step, ids }, deps)
    return { trained, stored: await deps.store.verify(trained.model.sha256) }
  }

  test('gives one model per run, the same in every attempt, and keeps its file', async () => {
    const [first, again, other] = await Promise.all([train(), train(), train({ workflowId: 'mlops-1-a', runId: 'run-2' })])
    expect(first.stored).toBe(true)
    expect(again.trained.model_id).toBe(first.trained.model_id)
    expect(again.trained.model).toEqual(first.trained.model)
    expect(other.trained.model_id).not.toBe(first.trained.model_id)
    expect(modelIdOf('demo', step.ids)).toMatch(/^demo-[0-9a-f]{16}$/)
  })

  test('a configuration that no trainer can work with is never retried', async () => {
    expect(await failureOf(train(step.ids, { min_seconds: 2, max_seconds: 1 }))).toMatchObject({
      type: failureTypes.badTrainerConfiguration,
      nonRetryable: true,
    })
  })
})

describe('deploy_to_environment', () => {
  const prepare = async () => {
    const fake = createFakeDeps()
    const model = await fake.deps.store.putBytes(new TextEncoder().encode('model'))
    const input: DeployInput = { environment: 'dev', model_id: 'demo-1', model, metrics: { accuracy: 1, mae: 0, r2: 1 } }
    const switched: string[] = []
    const deployer = {
      async deploy({ environment }: DeployInput) {
        switched.push(environment)
        return { url: 'http://127.0.0.1/models/demo-1', deployedAt: '2030-01-01T00:00:00.000Z' }
      },
    }
    return { input, switched, deps: { ...fake.deps, deployer } }
  }

  test('answers where the model is served', async () => {
    const { input, deps } = await prepare()
    expect(await deployToEnvironment(input, step, deps)).toEqual({
      environment: 'dev',
      model_id: 'demo-1',
      url: 'http://127.0.0.1/models/demo-1',
      status: 'deployed',
      deployed_at: '2030-01-01T00:00:00.000Z',
    })
  })

  test.each([
    ['an unknown environment', { environment: 'staging' as never }, failureTypes.unknownEnvironment],
    ['a model whose file is gone', { model: { sha256: 'f'.repeat(64), uri: 'x', size_bytes: 1 } }, failureTypes.modelFileMissing],
  ])('%s is refused before anything is switched', async (_, over, type) => {
    const { input, deps, switched } = await prepare()
    expect(await failureOf(deployToEnvironment({ ...input, ...over }, step, deps))).toMatchObject({ type, nonRetryable: true })
    expect(switched).toEqual([])
  })

  test('a model whose file was changed is refused before anything is switched', async () => {
    const { input, deps, switched } = await prepare()
    const changed = { ...deps, store: { ...deps.store, verify: async () => false } }
    expect(await failureOf(deployToEnvironment(input, step, changed))).toMatchObject({
      type: failureTypes.modelHashMismatch,
      nonRetryable: true,
    })
    expect(switched).toEqual([])
  })

  test('while it waits for the database it can be cancelled', async () => {
    const { input, deps } = await prepare()
    const controller = new AbortController()
    const experiments = {
      ...deps.experiments,
      recordDeployment: async () => {
        throw new DatabaseProblem('weather', 'The database is away.', null)
      },
    }
    const told: string[] = []
    const waiting = deployToEnvironment(
      input,
      {
        ...step,
        signal: controller.signal,
        reportProgress: (_, message) => {
          told.push(message)
          if (message.startsWith('Deployed;')) controller.abort()
        },
      },
      { ...deps, experiments },
    )
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    expect(told.at(-1)).toBe('Deployed; waiting for the database to write it down. The database is away.')
  })
})

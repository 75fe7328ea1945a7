import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BadTrainerConfiguration, TrainerProblem, type TrainRequest } from '../../../temporal/activities/trainers/trainer.ts'
import type { FeatureSchema } from '../../../training/featureSchema.ts'
import { readModel } from '../../../training/predictor.ts'
import { type TrainingTable, testPart } from '../../../training/table.ts'
import { writeTableFile } from '../../../training/tableFile.ts'
import { drawTable, rowOf } from '../../../training/testing/tables.ts'
import { findAppRoot, sourcePaths } from '../../paths.ts'
import { type BoostingTrainerOptions, createBoostingTrainer } from './createBoostingTrainer.ts'

const threadFile = sourcePaths(findAppRoot(import.meta.dirname)).threads.training
const trainer = (options: Partial<BoostingTrainerOptions> = {}) => createBoostingTrainer({ threadFile, threads: 2, ...options })

let folder: string
let small: { table: TrainingTable; schema: FeatureSchema; path: string }
/** Large enough that its phases are shared, and that a round takes a while. */
let large: typeof small
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-boosting-'))
  const write = async (name: string, drawn: ReturnType<typeof drawTable>) => {
    const path = join(folder, name)
    await writeTableFile(path, { ...drawn, slices: [] })
    return { ...drawn, path }
  }
  small = await write('small', drawTable({ rows: 1000, task: 'binary', missing: 0.1 }))
  large = await write('large', drawTable({ rows: 60_000, features: 12, task: 'multiclass', missing: 0.05 }))
})
afterAll(() => rmSync(folder, { recursive: true }))

let requests = 0
const request = (of: typeof small, settings: Record<string, unknown>, change: Partial<TrainRequest> = {}): TrainRequest => ({
  modelId: 'boosting-1',
  tablePath: of.path,
  schema: of.schema,
  settings,
  checkpoints: join(folder, `checkpoints-${++requests}`),
  signal: new AbortController().signal,
  onProgress: () => {},
  ...change,
})
const text = (artifact: Uint8Array) => new TextDecoder().decode(artifact)
const someRounds = { rounds: 12, depth: 6, rowSample: 0.8, earlyStoppingRounds: 0 }

describe('a training in threads', () => {
  it('gives a model, its curve, importance, the settings used, and predictions for the test rows', async () => {
    const told: { fraction: number; message: string; round: number | undefined; secondsLeft: number | undefined }[] = []
    const trained = await trainer().train(
      request(
        small,
        { rounds: 30 },
        {
          onProgress: (fraction, message, detail) =>
            told.push({ fraction, message, round: detail?.point?.round, secondsLeft: detail?.secondsLeft }),
        },
      ),
    )
    expect(trained).toMatchObject({ format: 'xgboost-json', loss: 'log loss', settings: { rounds: 30, depth: 5, seed: 1 } })
    expect(trained.curve.map((point) => point.round)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
    expect(trained.importance[0]?.column).toBe('f0')
    expect(trained.importance.reduce((sum, { gain }) => sum + gain, 0)).toBeCloseTo(1)
    const predictor = readModel(text(trained.artifact))
    const tested = Array.from({ length: small.table.rows }, (_, row) => row).filter((row) => small.table.part[row] === testPart)
    expect([...trained.testPredictions]).toEqual(tested.flatMap((row) => [...predictor.predict(rowOf(small.table, row))]))
    expect(told.at(-1)).toEqual({ fraction: 1, message: 'Round 30 of at most 30', round: 30, secondsLeft: 0 })
    expect(told.map(({ fraction }) => fraction)).toEqual(told.map(({ fraction }) => fraction).sort((a, b) => a - b))
  })

  it('gives the same bytes with one, two and five threads', async () => {
    const models = await Promise.all(
      [1, 2, 5].map(async (threads) => text((await trainer({ threads, atOnce: 3 }).train(request(large, someRounds))).artifact)),
    )
    expect(models[1] === models[0]).toBe(true)
    expect(models[2] === models[0]).toBe(true)
  })

  it('the others wait while so many train', async () => {
    const one = trainer({ atOnce: 1 })
    const order: string[] = []
    const named = (name: string) => request(small, { rounds: 5 }, { onProgress: () => order.push(name) })
    const controller = new AbortController()
    const first = one.train(named('first'))
    const second = one.train({ ...named('second'), signal: controller.signal })
    const third = one.train(named('third'))
    controller.abort(new Error('not wanted any more'))
    await expect(second).rejects.toThrow('not wanted any more')
    await Promise.all([first, third])
    expect([...new Set(order)]).toEqual(['first', 'third'])
  })
})

describe('a thread that ends', () => {
  const threadOf = (name: string, lead: string) => {
    const path = join(folder, `${name}.mjs`)
    const script = `import { parentPort, workerData } from 'node:worker_threads'\nif (workerData.role === 'lead') ${lead}\n`
    writeFileSync(path, script)
    return path
  }
  const done = `setTimeout(() => parentPort.postMessage({ kind: 'done', artifact: new Uint8Array([1]), curve: [] }), 300)`

  it('is no failure where it helped and is not needed any more, before the lead is heard', async () => {
    const { artifact } = await trainer({ threadFile: threadOf('helped', done), threads: 3 }).train(request(small, {}))
    expect([...artifact]).toEqual([1])
  })

  it('is one where it was the lead and gave no answer', async () => {
    const training = trainer({ threadFile: threadOf('silent', 'parentPort.unref()'), threads: 3 }).train(request(small, {}))
    await expect(training).rejects.toThrow('A thread of the training ended with code 0. What it had reached is kept.')
  })
})

describe('going on from a checkpoint', () => {
  it('after a kill of the whole process the model is that of an undisturbed training, to the byte', async () => {
    const settings = { ...someRounds, rounds: 40 }
    const undisturbed = await trainer().train(request(large, settings))
    const again = request(large, settings)
    const script = `
      import { createBoostingTrainer } from ${JSON.stringify(new URL('./createBoostingTrainer.ts', import.meta.url).href)}
      const { request, threadFile } = JSON.parse(process.argv[1])
      await createBoostingTrainer({ threadFile, threads: 2, checkpointEveryMs: 0 }).train({ ...request, signal: new AbortController().signal, onProgress() {} })`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, JSON.stringify({ request: again, threadFile })])
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)))
    const file = join(again.checkpoints, 'boosting.checkpoint')
    // The first line is written at the start; rounds follow.
    while (!existsSync(file) || readFileSync(file, 'utf8').split('\n').length < 4) await sleep(20)
    child.kill('SIGKILL')
    expect(await ended).toBe('SIGKILL')

    const messages: string[] = []
    const resumed = await trainer({ threads: 3 }).train({ ...again, onProgress: (_, message) => messages.push(message) })
    expect(messages[0]).toMatch(/^Round \d+ of at most 40, went on after round \d+$/)
    expect(text(resumed.artifact) === text(undisturbed.artifact)).toBe(true)
    expect(resumed.curve).toEqual(undisturbed.curve)
    expect(resumed.testPredictions).toEqual(undisturbed.testPredictions)
  })

  it('a damaged or half written line and what follows it are left out; another table or other settings begin anew', async () => {
    const first = request(small, { rounds: 20, earlyStoppingRounds: 0 })
    const model = text((await trainer().train(first)).artifact)
    const file = join(first.checkpoints, 'boosting.checkpoint')
    const whole = readFileSync(file, 'utf8')
    const resumedFrom = async (change: Partial<TrainRequest> = {}) => {
      const messages: string[] = []
      const { artifact } = await trainer().train({ ...first, ...change, onProgress: (_, message) => messages.push(message) })
      if (Object.keys(change).length === 0) expect(text(artifact)).toBe(model)
      return Number(/after round (\d+)/.exec(messages.join())?.[1] ?? (messages.length === 0 ? 20 : 0))
    }
    expect(await resumedFrom()).toBe(20)
    const lines = whole.split('\n')
    writeFileSync(file, lines.map((line, i) => (i === 7 ? line.replace('"left"', '"LEFT"') : line)).join('\n'))
    expect(await resumedFrom()).toBe(6)
    writeFileSync(file, whole.slice(0, Math.floor(whole.length / 2)))
    expect(await resumedFrom()).toBeGreaterThan(5)
    appendFileSync(file, 'half a li')
    expect(await resumedFrom()).toBe(20)
    writeFileSync(file, 'something else')
    expect(await resumedFrom()).toBe(0)
    expect(await resumedFrom({ settings: { rounds: 20, earlyStoppingRounds: 0, seed: 5 } })).toBe(0)
    expect(readdirSync(first.checkpoints)).toEqual(['boosting.checkpoint'])
  })

  it('a folder that cannot be written is an error at once, not half-way', async () => {
    const blocked = request(small, { rounds: 5 })
    writeFileSync(blocked.checkpoints, 'a file where the folder should be')
    await expect(trainer().train(blocked)).rejects.toThrow(/EEXIST|ENOTDIR/)
  })
})

describe('cancelling', () => {
  it('stops within a second, in the middle of a round', async () => {
    const controller = new AbortController()
    let progress = () => {}
    const begun = new Promise<void>((resolve) => {
      progress = resolve
    })
    const training = trainer().train(
      request(
        large,
        { rounds: 10_000, depth: 12, earlyStoppingRounds: 0 },
        { signal: controller.signal, onProgress: () => progress() },
      ),
    )
    await begun
    const asked = performance.now()
    controller.abort(new Error('cancelled by the operator'))
    await expect(training).rejects.toThrow('cancelled by the operator')
    const took = performance.now() - asked
    console.info(`cancelled in ${Math.round(took)} ms`)
  })

  it('before it began', async () => {
    await expect(trainer().train(request(small, {}, { signal: AbortSignal.abort(new Error('too late')) }))).rejects.toThrow(
      'too late',
    )
  })
})

describe('refused or failed in words', () => {
  it.each([
    [{ depth: 0 }, /depth: /],
    [{ learningRate: 'fast' }, /learningRate: /],
    [{ rounds: 1.5, rowSample: 0 }, /rounds: .*rowSample: /],
    [{ speed: 1 }, /speed/],
  ])('settings %j', async (settings, words) => {
    const training = trainer().train(request(small, settings))
    await expect(training).rejects.toThrow(BadTrainerConfiguration)
    await expect(training).rejects.toThrow(words)
  })

  it('more memory than it may take', async () => {
    const training = trainer({ maxBytes: 50 * 1024 ** 2 }).train(request(large, {}))
    await expect(training).rejects.toThrow(BadTrainerConfiguration)
    await expect(training).rejects.toThrow(/takes about 0\.\d GB of memory, and 0\.0 GB may be used/)
  })

  it('a table that was damaged', async () => {
    const path = join(folder, 'damaged')
    writeFileSync(path, readFileSync(small.path))
    appendFileSync(path, 'x')
    await expect(trainer().train(request({ ...small, path }, {}))).rejects.toThrow('damaged or changed')
  })

  it('a thread that dies', async () => {
    const dying = join(folder, 'dying.mjs')
    writeFileSync(
      dying,
      `import { workerData } from 'node:worker_threads'; if (workerData.role === 'helper') throw new Error('out of luck'); setInterval(() => {}, 1000)`,
    )
    const training = trainer({ threadFile: dying }).train(request(small, {}))
    await expect(training).rejects.toThrow(TrainerProblem)
    await expect(training).rejects.toThrow('A thread of the training died: out of luck. What it had reached is kept.')
  })

  it('a thread that runs out of memory', async () => {
    const greedy = join(folder, 'greedy.mjs')
    writeFileSync(greedy, `const kept = []; for (;;) kept.push(new Array(1e6).fill(Math.random()))`)
    await expect(trainer({ threadFile: greedy, threads: 1 }).train(request(small, {}))).rejects.toThrow('ran out of memory')
  })
})

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { pythonPeer } from '../../../../scripts/pythonPeer.ts'
import { xgboostPackages } from '../../../../scripts/xgboostPeer.ts'
import type { Task } from '../../../contract/training.ts'
import { BadTrainerConfiguration, TrainerProblem, type TrainRequest } from '../../../temporal/activities/trainers/trainer.ts'
import { readModel } from '../../../training/predictor.ts'
import { testPart } from '../../../training/table.ts'
import { writeTableFile } from '../../../training/tableFile.ts'
import { drawTable, rowOf } from '../../../training/testing/tables.ts'
import { findAppRoot, sourcePaths } from '../../paths.ts'
import { silentLog } from '../log.ts'
import { processIdentity } from '../stack/processes.ts'
import { cleanTrainerFolders, createCommandTrainer } from './createCommandTrainer.ts'
import { trainerJob, trainerLine } from './trainerContract.ts'

const root = findAppRoot(import.meta.dirname)
const threadFile = sourcePaths(root).threads.training

let scratch: string
let folder: string
let drawn: ReturnType<typeof drawTable>
let tablePath: string
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'gatehouse-command-'))
  folder = join(scratch, 'trainers')
  drawn = drawTable({ rows: 60, task: 'regression', missing: 0.1 })
  tablePath = join(scratch, 'table')
  await writeTableFile(tablePath, { ...drawn, slices: [] })
})
afterAll(() => rmSync(scratch, { recursive: true }))

/** A trainer in JavaScript: `job`, `tell` and node's modules are there. */
let scripts = 0
function command(body: string): string[] {
  const path = join(scratch, `trainer-${++scripts}.mjs`)
  writeFileSync(
    path,
    `import fs from 'node:fs'; import path from 'node:path'; import { spawn } from 'node:child_process'
     const job = JSON.parse(fs.readFileSync(process.argv.at(-1), 'utf8'))
     const tell = (line) => process.stdout.write(JSON.stringify(line) + '\\n')
     const predictions = (rows) => fs.writeFileSync(job.testPredictions, ['prediction', ...rows].join('\\n') + '\\n')
     ${body}`,
  )
  return [process.execPath, path]
}
const trainer = (of: string[], timeLimitMinutes = 5) =>
  createCommandTrainer({ command: of, timeLimitMinutes, folder, threadFile, log: silentLog })
const request = (change: Partial<TrainRequest> = {}): TrainRequest => ({
  modelId: 'command-1',
  tablePath,
  schema: drawn.schema,
  settings: { speed: 3 },
  checkpoints: join(scratch, 'checkpoints'),
  signal: new AbortController().signal,
  onProgress: () => {},
  ...change,
})
const train = (body: string, change: Partial<TrainRequest> = {}) => trainer(command(body)).train(request(change))
const artifact = `fs.writeFileSync(job.artifact, 'model'); predictions(Array(12).fill(50)); tell({ type: 'artifact', format: 'other' })`
const isGone = async (pid: number) => {
  for (let i = 0; i < 250 && processIdentity(pid) !== null; i++) await sleep(20)
  return processIdentity(pid) === null
}

describe('a command that keeps to the contract', () => {
  it('gets tables, settings and a clean environment, and gives model, curve and predictions', async () => {
    process.env.GATEHOUSE_TEST_SECRET = 'do not tell'
    const told: unknown[] = []
    const trained = await train(
      `const { training, validation, test, label } = job.tables
       tell({ type: 'log', message: 'hello' })
       tell({ type: 'progress', fraction: 0.5, message: 'half', round: 1, training: 2, validation: 3, secondsLeft: 4 })
       tell({ type: 'progress', fraction: 1, message: 'all', round: 2, training: 1 })
       tell({ type: 'metrics', values: { mae: 0 } })
       fs.writeFileSync(job.artifact, JSON.stringify({ job, env: process.env, cwd: process.cwd(), label,
         training: fs.readFileSync(training, 'utf8'), validation: fs.readFileSync(validation, 'utf8'), test: fs.readFileSync(test, 'utf8') }))
       predictions(Array.from({ length: 12 }, (_, i) => i))
       tell({ type: 'artifact', format: 'other', loss: 'RMSE', bestRound: 2, importance: [{ feature: 'f1', gain: 3 }, { feature: 'f0', gain: 1 }] })`,
      { onProgress: (...args) => told.push(args) },
    )
    delete process.env.GATEHOUSE_TEST_SECRET
    expect(trained).toMatchObject({
      format: 'other',
      loss: 'RMSE',
      bestRound: 2,
      curve: [
        { round: 1, training: 2, validation: 3 },
        { round: 2, training: 1, validation: null },
      ],
      importance: [
        { column: 'f1', gain: 0.75 },
        { column: 'f0', gain: 0.25 },
      ],
      settings: { speed: 3 },
    })
    expect([...trained.testPredictions]).toEqual(Array.from({ length: 12 }, (_, i) => i))
    expect(told[0]).toEqual([0.5, 'half', { point: { round: 1, training: 2, validation: 3 }, secondsLeft: 4 }])
    const saw = JSON.parse(new TextDecoder().decode(trained.artifact))
    expect(trainerJob.parse(saw.job)).toMatchObject({ task: 'regression', settings: { speed: 3 } })
    expect(saw.label).toBe('y')
    expect(JSON.stringify(saw.env)).not.toContain('do not tell')
    expect(Object.keys(saw.env)).not.toContain('VITEST')
    // Numbers come back to the bit, missing values are empty, the test part does not tell the label.
    const [header, ...lines] = (saw.training as string).trim().split('\n')
    expect(header).toBe('f0,f1,f2,f3,f4,y')
    const { table } = drawn
    const rows = Array.from({ length: table.rows }, (_, row) => row).filter((row) => table.part[row] === 0)
    expect(lines.map((line) => line.split(',').map((cell) => (cell === '' ? Number.NaN : Math.fround(Number(cell)))))).toEqual(
      rows.map((row) => [...rowOf(table, row), table.label[row]]),
    )
    expect((saw.test as string).split('\n')[0]).toBe('f0,f1,f2,f3,f4')
    expect((saw.validation as string).trim().split('\n')).toHaveLength(13)
    expect(existsSync(saw.cwd)).toBe(false)
    expect(readdirSync(folder)).toEqual([])
  })

  it('finds in a later attempt what it kept in an earlier one', async () => {
    const body = `const kept = path.join(job.checkpoints, 'kept'); if (!fs.existsSync(kept)) { fs.writeFileSync(kept, 'x'); process.exit(9) }; ${artifact}`
    await expect(train(body)).rejects.toThrow('exit code 9')
    expect((await train(body)).format).toBe('other')
  })
})

describe('bad output is named', () => {
  it.each([
    ['no JSON', `console.log('{}'.slice(1))`, 'line 1 of its output is not JSON. It reads: }'],
    [
      'an unknown line',
      `tell({ type: 'log', message: 'a' }); tell({ type: 'party' })`,
      'line 2 of its output is not in the contract (type',
    ],
    ['a fraction above 1', `tell({ type: 'progress', fraction: 7 })`, 'line 1 of its output is not in the contract (fraction'],
    [
      'a curve that goes back',
      `for (const round of [2, 1]) tell({ type: 'progress', fraction: 0, round, training: 1 })`,
      'line 2 of its output tells round 1 after round 2',
    ],
    ['two models', `${artifact}; tell({ type: 'artifact', format: 'other' })`, 'tells of a second model'],
    [
      'an endless line',
      `for (let i = 0; i < 70; i++) process.stdout.write('x'.repeat(1024))`,
      'Line 1 of its output is longer than 65536 bytes',
    ],
    [
      'no end of output',
      `const line = JSON.stringify({ type: 'log', message: 'x'.repeat(9000) }) + '\\n'; for (;;) fs.writeSync(1, line)`,
      'more than 67108864 bytes',
    ],
    ['no model', `predictions(Array(12).fill(1)); tell({ type: 'artifact', format: 'other' })`, 'but there is none'],
    ['no artifact line', `console.error('I forgot')`, /without saying that it wrote a model.*I forgot/s],
    [
      'no predictions',
      `fs.writeFileSync(job.artifact, 'm'); tell({ type: 'artifact', format: 'other' })`,
      'wrote no test predictions',
    ],
    ['too few predictions', artifact.replace('12', '11'), 'The test predictions have 11 rows; the test table has 12'],
    ['too many predictions', artifact.replace('12', '13'), 'Line 14 of the test predictions is one too many'],
    [
      'a prediction that is no number',
      artifact.replace('fill(50)', `fill(50).fill('nan', 5, 6)`),
      'Line 7 of the test predictions holds "nan", which is no number',
    ],
    [
      'two values in a row',
      artifact.replace('fill(50)', `fill('1,2')`),
      'Line 2 of the test predictions has 2 values where 1 are wanted',
    ],
    [
      'a model that cannot be served',
      artifact.replace(`format: 'other'`, `format: 'xgboost-json'`),
      'cannot be served: The model is not JSON',
    ],
    [
      'importance of nothing',
      artifact.replace(`'other'`, `'other', importance: [{ feature: 'f9', gain: 1 }]`),
      'importance of f9, which is none of the features',
    ],
  ])('%s', async (_, body, words) => {
    const training = train(body)
    await expect(training).rejects.toThrow(words)
    expect(readdirSync(folder)).toEqual([])
  })

  it('probabilities that are none', async () => {
    const binary = drawTable({ rows: 10, task: 'binary' })
    const path = join(scratch, 'binary')
    await writeTableFile(path, { ...binary, slices: [] })
    const write = (line: string) =>
      `fs.writeFileSync(job.artifact, 'm'); predictions(['0.4,0.6', '${line}']); tell({ type: 'artifact', format: 'other' })`
    const of = { tablePath: path, schema: binary.schema }
    await expect(train(write('0.4,0.7'), of)).rejects.toThrow(
      'Line 3 of the test predictions has probabilities that add up to 1.1',
    )
    await expect(train(write('-1,2'), of)).rejects.toThrow('Line 3 of the test predictions holds -1, which is no probability')
    expect([...(await train(write('0.25,0.75'), of)).testPredictions]).toEqual([0.4, 0.6, 0.25, 0.75])
  })

  it('an exit code, with the end of standard error', async () => {
    const training = train(`console.error('x'.repeat(100_000) + ' no graphics card'); process.exit(3)`)
    await expect(training).rejects.toThrow(
      /^The trainer ended with exit code 3\. The end of its standard error:\nx+ no graphics card$/,
    )
    await expect(training).rejects.toThrow(TrainerProblem)
    expect(((await training.catch((error) => error)) as Error).message.length).toBeLessThan(5000)
  })

  it('a program that is not there is never tried again', async () => {
    const training = trainer(['/nowhere/trainer']).train(request())
    await expect(training).rejects.toThrow(BadTrainerConfiguration)
    await expect(training).rejects.toThrow('/nowhere/trainer could not be started')
  })
})

describe('the whole tree of processes ends', () => {
  /** Starts a child that ignores SIGTERM, and one that leaves the group; tells their numbers in a file. */
  const family = (pids: string, then: string) => `
    const stubborn = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'
    const child = spawn(process.execPath, ['-e', stubborn], { stdio: 'inherit' })
    const stray = spawn(process.execPath, ['-e', stubborn], { stdio: 'ignore', detached: true })
    process.on('SIGTERM', () => {})
    fs.writeFileSync(${JSON.stringify(pids)}, JSON.stringify([process.pid, child.pid, stray.pid]))
    ${then}`
  const readPids = async (file: string): Promise<number[]> => {
    for (;;) {
      try {
        return JSON.parse(readFileSync(file, 'utf8'))
      } catch {
        await sleep(20)
      }
    }
  }
  // Who left the group is found by its environment, which only Linux shows.
  const ours = (pids: number[]) => (process.platform === 'linux' ? pids : pids.slice(0, 2))

  it('on cancel, within a second', async () => {
    const file = join(scratch, 'pids-cancel')
    const controller = new AbortController()
    const training = train(family(file, 'setInterval(() => {}, 1000)'), { signal: controller.signal })
    training.catch(() => {})
    const pids = await readPids(file)
    controller.abort(new Error('cancelled by the operator'))
    await expect(training).rejects.toThrow('cancelled by the operator')
    for (const pid of ours(pids)) expect(await isGone(pid)).toBe(true)
    expect(readdirSync(folder)).toEqual([])
  })

  it('after the time limit', async () => {
    const file = join(scratch, 'pids-limit')
    const training = trainer(command(family(file, 'setInterval(() => {}, 1000)')), 2 / 60).train(request())
    await expect(training).rejects.toThrow(/^The trainer was stopped: it ran longer than 0\.03\d* minutes\.$/)
    for (const pid of ours(await readPids(file))) expect(await isGone(pid)).toBe(true)
  })

  it('when the command itself ends well and leaves children behind', async () => {
    const file = join(scratch, 'pids-left')
    await train(family(file, `${artifact}; process.exitCode = 0; setTimeout(() => process.exit(0), 50)`))
    for (const pid of ours(await readPids(file))) expect(await isGone(pid)).toBe(true)
  })

  it('at the next start, after the host was killed', async () => {
    const file = join(scratch, 'pids-orphan')
    const script = `
      import { createCommandTrainer } from ${JSON.stringify(new URL('./createCommandTrainer.ts', import.meta.url).href)}
      import { silentLog } from ${JSON.stringify(new URL('../log.ts', import.meta.url).href)}
      const { request, options } = JSON.parse(process.argv[1])
      await createCommandTrainer({ ...options, log: silentLog }).train({ ...request, signal: new AbortController().signal, onProgress() {} })`
    const options = { command: command(family(file, 'setInterval(() => {}, 1000)')), timeLimitMinutes: 5, folder, threadFile }
    const host = execFile(process.execPath, [
      '--input-type=module',
      '-e',
      script,
      JSON.stringify({ request: request(), options }),
    ])
    const pids = await readPids(file)
    host.kill('SIGKILL')
    await new Promise((resolve) => host.once('exit', resolve))
    expect(processIdentity(pids[0] as number)).not.toBeNull()
    await cleanTrainerFolders(folder, silentLog)
    for (const pid of ours(pids)) expect(await isGone(pid)).toBe(true)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('the sample in scikit-learn', () => {
  const sample = join(root, 'resources', 'trainers', 'scikit_learn.py')
  it.each<Task>(['regression', 'binary', 'multiclass'])(
    '%s: its model is served as it predicts, and loads into XGBoost',
    async (task) => {
      const python = await pythonPeer(['scikit-learn==1.9.1', ...xgboostPackages])
      if (python === null) return
      const { table, schema } = drawTable({ rows: 400, task, missing: 0.05 })
      const path = join(scratch, `sample-${task}`)
      await writeTableFile(path, { table, schema, slices: [] })
      const trained = await trainer([python, sample]).train(
        request({ tablePath: path, schema, settings: { n_estimators: 30, learning_rate: 0.2 } }),
      )
      expect(trained).toMatchObject({ format: 'xgboost-json', settings: { n_estimators: 30 } })
      expect(trained.curve).toHaveLength(30)
      expect(trained.importance[0]?.column).toBe('f0')
      const text = new TextDecoder().decode(trained.artifact)
      const predictor = readModel(text)
      expect(predictor.schema).toEqual(schema)
      const rows = Array.from({ length: table.rows }, (_, row) => row).filter((row) => table.part[row] === testPart)
      const ours = rows.flatMap((row) => [...predictor.predict(rowOf(table, row))])
      expect(ours).toHaveLength(trained.testPredictions.length)
      ours.forEach((value, i) => {
        // scikit-learn adds up in 64 bits, XGBoost's format is for 32.
        expect(Math.abs(value - (trained.testPredictions[i] as number))).toBeLessThan(1e-5 + 1e-6 * Math.abs(value))
      })
      const model = join(scratch, `sample-${task}.json`)
      writeFileSync(model, text)
      const load = `import sys, xgboost as xgb; print(xgb.Booster(model_file=sys.argv[1]).num_boosted_rounds())`
      expect((await promisify(execFile)(python, ['-c', load, model])).stdout.trim()).toBe(String(trained.bestRound))
    },
    300_000,
  )
})

describe('the published contract', () => {
  it.each([
    ['job', trainerJob],
    ['output', trainerLine],
  ] as const)('resources/trainers/%s.schema.json is what is checked', (name, schema) => {
    const path = join(root, 'resources', 'trainers', `${name}.schema.json`)
    const current = `${JSON.stringify(z.toJSONSchema(schema, { io: name === 'output' ? 'input' : 'output' }), null, 2)}\n`
    if (process.env.WRITE_SCHEMAS) {
      mkdirSync(join(root, 'resources', 'trainers'), { recursive: true })
      writeFileSync(path, current)
    }
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(current))
  })
})

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DrillName, DrillOrder, StepAttempt } from '../../../contract/drills.ts'
import type { StepName } from '../../../contract/model.ts'
import { createEventHub } from '../events.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { silentLog } from '../log.ts'
import type { LinkCondition } from '../stack/tcpProxy.ts'
import type { WorkerProcessControl } from '../workerProcess/createWorkerProcess.ts'
import { createDrills, type Drills } from './createDrills.ts'
import { createDrillWorker } from './drillWorker.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-drills-'))
const gpu = { kind: 'fail', message: 'GPU temporarily unavailable' }
let config = ''
let homes = 0
let ledger: ReturnType<typeof openLedger>
let clock = 0
let canPause = true
let canSetLinks = true
let network: Record<string, { condition: LinkCondition; name: string | null }> = {}
let dice: number[] = []
const postgres: string[] = []
const temporal: string[] = []
let ended = new Set<string>()
/** What the drills asked of the worker process, and whether one runs that a drill brought along. */
let asked: string[] = []
let processForDrill = false
let through = new Set<string>()
const opened: Drills[] = []

beforeEach(() => {
  config = join(folder, `config-${++homes}`)
  mkdirSync(config)
  ledger = openLedger(':memory:')
  clock = Date.parse('2026-03-01T10:00:00.000Z')
  canPause = true
  canSetLinks = true
  network = {}
  dice = []
  postgres.length = 0
  temporal.length = 0
  ended = new Set()
  asked = []
  processForDrill = false
  through = new Set()
})
afterEach(() => {
  for (const drills of opened.splice(0)) drills.close()
  ledger.close()
})

let production: string | null = null

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const told = (words: string[]) => ({
  canPause: () => canPause,
  pause: async () => void words.push('pause'),
  resume: () => void words.push('resume'),
})

const linkTold = (server: 'postgres' | 'temporal') => ({
  canSet: () => canSetLinks,
  set: (condition: LinkCondition, name: string | null) => void Object.assign(network, { [server]: { condition, name } }),
})

const worker = createDrillWorker({
  process: {
    state: () => ({ forDrill: processForDrill }) as ReturnType<WorkerProcessControl['state']>,
    async start({ by, forDrill }) {
      processForDrill = forDrill === true
      asked.push(`start by ${by}`)
    },
    async stop({ by }) {
      processForDrill = false
      asked.push(`stop by ${by}`)
    },
  },
  isThrough: (workflowId) => through.has(workflowId),
})

/** As a host makes it on this data folder, now or after a restart. */
function open(): Drills {
  const drills = createDrills({
    home: { config },
    ledger,
    emit: createEventHub(silentLog).emit,
    log: silentLog,
    operator: () => 'ada',
    host: 'desk-1',
    runs: {
      fileName: (id) => (id === 'unknown' ? null : `${id.replace(/^mlops-\d+-/, '')}.csv`),
      hasEnded: (id) => ended.has(id),
    },
    servers: { postgres: told(postgres), temporal: told(temporal) },
    links: { postgres: linkTold('postgres'), temporal: linkTold('temporal') },
    worker,
    production: () => production,
    random: () => dice.shift() ?? 0.999,
    now: () => clock,
  })
  opened.push(drills)
  return drills
}
const attempt = (workflowId: string, step: StepName = 'train_model', number = 1): StepAttempt => ({
  workflowId,
  runId: `run of ${workflowId}`,
  step,
  attempt: number,
})
const meets = (drills: Drills, workflowId: string, step?: StepName, number?: number) =>
  drills.faults.before(attempt(workflowId, step, number))
const on = (drills: Drills, name: DrillName, order: DrillOrder = {}) => drills.set(name, order)
const active = (drills: Drills, name: DrillName) => drills.list().drills.find((drill) => drill.name === name)?.on
const auditOf = (drills: Drills) => drills.list().audit.map(({ event, drill }) => `${event} ${drill}`)

describe('scope', () => {
  test('nothing is on at first, and no attempt meets anything', async () => {
    const drills = open()
    expect(drills.list().drills.every((drill) => drill.on === null)).toBe(true)
    expect(await meets(drills, 'a')).toBeNull()
    expect(drills.list().audit).toEqual([])
  })

  test('the next run: the first one that trains, in every attempt, and no other', async () => {
    const drills = open()
    await on(drills, 'training-fails')
    expect(await meets(drills, 'a', 'preprocess_data')).toBeNull()
    expect(active(drills, 'training-fails')?.run).toBeNull()
    expect(await meets(drills, 'b')).toEqual(gpu)
    expect(await meets(drills, 'a')).toBeNull()
    expect(await meets(drills, 'b', 'train_model', 2)).toEqual(gpu)
    expect(active(drills, 'training-fails')).toMatchObject({ run: { workflowId: 'b', fileName: 'b.csv' }, uses: 2 })
  })

  test('the next run is bound also where chance spares its first attempt', async () => {
    const drills = open()
    await on(drills, 'deployment-flaps')
    dice = [0.5, 0.49]
    expect(await meets(drills, 'a', 'deploy_dev')).toBeNull()
    expect(await meets(drills, 'b', 'deploy_dev')).toBeNull()
    expect(await meets(drills, 'a', 'deploy_prod')).toMatchObject({ kind: 'fail' })
    expect(active(drills, 'deployment-flaps')).toMatchObject({ run: { workflowId: 'a' }, uses: 1, probability: 0.5 })
  })

  test('ends with the run that it was for, also when that ended while the host was away', async () => {
    const drills = open()
    await on(drills, 'training-fails')
    await meets(drills, 'a')
    drills.runEnded('b')
    expect(active(drills, 'training-fails')).not.toBeNull()
    drills.runEnded('a')
    expect(active(drills, 'training-fails')).toBeNull()

    await on(drills, 'training-fails')
    await meets(drills, 'c')
    ended.add('c')
    const later = open()
    later.start()
    expect(active(later, 'training-fails')).toBeNull()
    expect(later.list().audit[0]).toMatchObject({ event: 'off', detail: 'Its run ended.' })
  })

  test.each([
    ['demo_*.csv', 'mlops-1-demo_1', true],
    ['demo_*.csv', 'mlops-1-other', false],
    ['{a,b}.csv', 'mlops-1-b', true],
    ['[', 'mlops-1-b', false],
  ])('files like %s: %s', async (pattern, workflowId, hits) => {
    const drills = open()
    await on(drills, 'training-fails', { scope: { kind: 'files', pattern } })
    expect(await meets(drills, workflowId)).toEqual(hits ? gpu : null)
  })

  test('a run that is not known here yet goes by the stem in its workflow id', async () => {
    const drills = createDrills({
      home: { config },
      ledger,
      emit: () => {},
      log: silentLog,
      operator: () => 'ada',
      host: 'desk-1',
      runs: { fileName: () => null, hasEnded: () => false },
      servers: { postgres: told([]), temporal: told([]) },
      links: { postgres: linkTold('postgres'), temporal: linkTold('temporal') },
      worker,
      production: () => null,
    })
    opened.push(drills)
    await on(drills, 'training-fails', { scope: { kind: 'files', pattern: 'from_afar.csv' } })
    expect(await meets(drills, 'mlops-1700000000-from_afar')).toEqual(gpu)
  })
})

describe('automatic end', () => {
  test('after so many hits; attempts that were spared do not count', async () => {
    const drills = open()
    await on(drills, 'random-failures', { scope: { kind: 'all' }, count: 2, probability: 0.3 })
    dice = [0.2, 0.3, 0.9, 0.29]
    const met = []
    for (const id of ['a', 'b', 'c', 'd', 'e']) met.push((await meets(drills, id, 'log_experiment')) !== null)
    expect(met).toEqual([true, false, false, true, false])
    expect(active(drills, 'random-failures')).toBeNull()
    expect(auditOf(drills)).toEqual(['off random-failures', 'used random-failures', 'used random-failures', 'on random-failures'])
  })

  test('two attempts at once never take the same last use', async () => {
    const drills = open()
    await on(drills, 'training-fails', { scope: { kind: 'all' }, count: 3 })
    const met = await Promise.all(Array.from({ length: 20 }, (_, i) => meets(drills, `r${i}`)))
    expect(met.filter((fault) => fault !== null)).toHaveLength(3)
  })

  test('after so long, for whoever asks first', async () => {
    const drills = open()
    await on(drills, 'training-fails', { scope: { kind: 'all' }, minutes: 5 })
    expect(active(drills, 'training-fails')?.until).toBe('2026-03-01T10:05:00.000Z')
    clock += 5 * 60_000 - 1
    expect(await meets(drills, 'a')).toEqual(gpu)
    clock += 1
    expect(await meets(drills, 'b')).toBeNull()
    expect(drills.list().audit[0]).toMatchObject({ event: 'off', detail: 'Its time was over.', operator: 'ada' })
  })
})

describe('what an attempt meets', () => {
  test('at most one fault, and only that one counts', async () => {
    const drills = open()
    await on(drills, 'training-fails', { scope: { kind: 'all' } })
    await on(drills, 'slow-step', { scope: { kind: 'all' }, seconds: 4 })
    expect(await meets(drills, 'a')).toEqual(gpu)
    expect(await meets(drills, 'a', 'log_experiment')).toEqual({ kind: 'delay', seconds: 4 })
    expect([active(drills, 'training-fails')?.uses, active(drills, 'slow-step')?.uses]).toEqual([1, 1])
  })

  test('the gate is refused only where it judges', async () => {
    const drills = open()
    await on(drills, 'gate-fails', { scope: { kind: 'all' } })
    expect(await meets(drills, 'a')).toBeNull()
    expect(await meets(drills, 'a', 'assess_model_quality')).toMatchObject({ kind: 'gate' })
  })

  test('every use is recorded with run, step, attempt, operator and host', async () => {
    const drills = open()
    await on(drills, 'training-fails', { count: 3 })
    await meets(drills, 'a', 'train_model', 2)
    expect(drills.list().audit[0]).toMatchObject({
      event: 'used',
      drill: 'training-fails',
      operator: 'ada',
      host: 'desk-1',
      workflowId: 'a',
      step: 'train_model',
      attempt: 2,
      at: '2026-03-01T10:00:00.000Z',
      detail: 'The attempt failed: GPU temporarily unavailable. Hit 1 of 3.',
    })
  })

  test('options that a drill does not take are refused, and nothing is switched', async () => {
    const drills = open()
    await expect(on(drills, 'training-fails', { probability: 0.2 })).rejects.toThrow(/takes no probability/)
    await expect(on(drills, 'postgres-down', { count: 2 })).rejects.toThrow(/takes no count/)
    await expect(on(drills, 'postgres-down', { scope: { kind: 'next' } })).rejects.toThrow(/takes no scope/)
    expect(drills.list().drills.every((drill) => drill.on === null)).toBe(true)
    expect(postgres).toEqual([])
  })
})

describe('a worker crash', () => {
  test('is for bare workers: the host’s own is spared, and its attempt does not use the drill up', async () => {
    const drills = open()
    await on(drills, 'worker-crash', { count: 1 })
    expect(await meets(drills, 'a')).toBeNull()
    expect(active(drills, 'worker-crash')).toMatchObject({ run: null, uses: 0 })
    expect(await drills.bareWorkerFaults.before(attempt('a'))).toEqual({ kind: 'crash', afterSeconds: 0.5 })
    // Written down before the process dies, so that the next worker is not killed by the same one.
    expect(
      open()
        .list()
        .drills.find(({ name }) => name === 'worker-crash')?.on,
    ).toBeNull()
    expect(auditOf(drills)).toEqual(['off worker-crash', 'used worker-crash', 'on worker-crash'])
  })

  test('brings a worker process along, which stays until the runs that were hit are through their steps', async () => {
    const drills = open()
    await on(drills, 'worker-crash', { count: 2, scope: { kind: 'all' }, startsWorker: true })
    await drills.bareWorkerFaults.before(attempt('a'))
    await drills.bareWorkerFaults.before(attempt('b'))
    expect(active(drills, 'worker-crash')).toBeNull()
    through.add('a')
    worker.look()
    expect(asked).toEqual(['start by ada'])
    through.add('b')
    worker.look()
    expect(asked).toEqual(['start by ada', 'stop by the drill "Worker crash"'])
    expect(drills.list().audit.at(-1)?.detail).toBe('For everything, for 2 attempts, with a worker process of its own.')
  })

  test('switched off before it hit anybody, the process ends at once; one that somebody else asked for stays', async () => {
    const drills = open()
    await on(drills, 'worker-crash', { startsWorker: true })
    await drills.set('worker-crash', null)
    expect(asked).toEqual(['start by ada', 'stop by the drill "Worker crash"'])
    await on(drills, 'worker-crash', { startsWorker: true })
    processForDrill = false
    await drills.set('worker-crash', null)
    expect(asked).toEqual(['start by ada', 'stop by the drill "Worker crash"', 'start by ada'])
  })

  test('that is on at the start of a host brings its process along again', async () => {
    await on(open(), 'worker-crash', { startsWorker: true })
    asked = []
    open().start()
    expect(asked).toEqual(['start by ada'])
  })

  test('no other drill brings a worker process along', async () => {
    await expect(on(open(), 'gate-fails', { startsWorker: true })).rejects.toThrow(/takes no worker process/)
    expect(asked).toEqual([])
  })
})

describe('the network', () => {
  const unharmed = { condition: { kind: 'open' }, name: null }

  test('is as the drill has it until its time is over, and the other server’s is left open', async () => {
    const drills = open()
    await on(drills, 'temporal-slow', { seconds: 2, minutes: 1 })
    expect(network).toEqual({
      postgres: unharmed,
      temporal: { condition: { kind: 'slow', seconds: 2, bytesPerSecond: 65_536 }, name: 'Slow link to Temporal' },
    })
    clock += 60_000
    await meets(drills, 'a')
    expect(network).toEqual({ postgres: unharmed, temporal: unharmed })
    expect(auditOf(drills)).toEqual(['off temporal-slow', 'on temporal-slow'])
  })

  test('the worse of two drills holds, and the other one goes on when it ends', async () => {
    const drills = open()
    await on(drills, 'postgres-slow')
    await on(drills, 'postgres-cut')
    expect(network.postgres?.condition.kind).toBe('cut')
    await drills.set('postgres-cut', null)
    expect(network.postgres?.condition).toMatchObject({ kind: 'slow', seconds: 0.3 })
  })

  test('is cut again at the next launch, before anything connects', async () => {
    await on(open(), 'temporal-silent')
    network = {}
    open().start()
    expect(network.temporal).toEqual({ condition: { kind: 'silent' }, name: 'Network to Temporal silent' })
  })

  test('to servers elsewhere is left alone, and the drills are absent', async () => {
    canSetLinks = false
    const drills = open()
    expect(drills.list().drills.filter(({ name }) => /cut|silent|-slow/.test(name))).toEqual([])
    await expect(on(drills, 'postgres-cut')).rejects.toThrow(
      /network to Postgres .* is not on this machine.*Nothing was switched/,
    )
    expect(network).toEqual({})
  })

  test('takes no scope and no count: it is everybody’s', async () => {
    await expect(on(open(), 'temporal-cut', { scope: { kind: 'all' } })).rejects.toThrow(/takes no scope/)
    await expect(on(open(), 'temporal-cut', { count: 1 })).rejects.toThrow(/takes no count/)
    expect(network).toEqual({})
  })
})

describe('Postgres', () => {
  test('is stopped, started again, and stopped again at the next launch', async () => {
    const drills = open()
    await on(drills, 'postgres-down')
    expect(postgres).toEqual(['pause'])
    postgres.length = 0
    const later = open()
    later.start()
    expect(postgres).toEqual(['pause'])
    await later.set('postgres-down', null)
    expect(postgres).toEqual(['pause', 'resume'])
  })

  test('is started again when the time is over', async () => {
    const drills = open()
    await on(drills, 'postgres-down', { minutes: 1 })
    clock += 60_000
    await meets(drills, 'a')
    expect(postgres).toEqual(['pause', 'resume'])
  })

  test('of somebody else is never touched, and the drill is absent', async () => {
    await on(open(), 'postgres-down')
    canPause = false
    postgres.length = 0
    const drills = open()
    drills.start()
    expect(drills.list().drills.map((drill) => drill.name)).not.toContain('postgres-down')
    await expect(on(drills, 'postgres-down')).rejects.toThrow(/does not own its Postgres/)
    expect(postgres).toEqual([])
  })
})

describe('Temporal', () => {
  test('is stopped and started again as Postgres is', async () => {
    const drills = open()
    await on(drills, 'temporal-down', { minutes: 1 })
    expect([temporal, postgres]).toEqual([['pause'], []])
    clock += 60_000
    await meets(drills, 'a')
    expect(temporal).toEqual(['pause', 'resume'])
  })
})

describe('the login to Postgres', () => {
  const right = { host: '127.0.0.1', user: 'gatehouse', password: 'right', database: 'gatehouse' }

  test('is wrong for as long as a drill has it wrong, in what the drill names alone', async () => {
    const drills = open()
    expect(drills.login(right)).toEqual(right)
    await on(drills, 'postgres-password')
    expect(drills.login(right)).toEqual({ ...right, password: expect.not.stringContaining('right') })
    await drills.set('postgres-password', null)
    await on(drills, 'postgres-database')
    expect(drills.login(right)).toEqual({ ...right, database: 'gatehouse_drill' })
    await drills.set('postgres-database', null)
    expect(drills.login(right)).toEqual(right)
    expect(drills.login(null)).toBeNull()
  })
})

describe('config/drills.json', () => {
  test('keeps what is on, with its count, over a restart', async () => {
    const drills = open()
    await on(drills, 'training-fails', { scope: { kind: 'all' }, count: 3 })
    await meets(drills, 'a')
    const later = open()
    expect(active(later, 'training-fails')).toEqual(active(drills, 'training-fails'))
    expect(await meets(later, 'b')).toEqual(gpu)
    expect(await meets(later, 'c')).toEqual(gpu)
    expect(await meets(later, 'd')).toBeNull()
    expect(active(open(), 'training-fails')).toBeNull()
  })

  const sound = () => JSON.parse(readFileSync(join(config, 'drills.json'), 'utf8'))
  test.each<[string, (on: ReturnType<typeof sound>) => string, RegExp]>([
    ['half written', (value) => JSON.stringify(value).slice(0, 60), /JSON/],
    ['empty', () => '', /is empty/],
    ['a list', () => '[]', /expected object/],
    ['of a newer version', (value) => JSON.stringify({ ...value, version: 2 }), /newer Gatehouse/],
    [
      'with a drill that there is not',
      (value) => JSON.stringify({ ...value, drills: { 'earth-quake': value.drills['training-fails'] } }),
      /earth-quake/,
    ],
    [
      'with a count below nought',
      (value) => JSON.stringify({ ...value, drills: { 'training-fails': { ...value.drills['training-fails'], count: -1 } } }),
      /count/,
    ],
  ])('%s: is named, kept aside, never obeyed, and written anew by the next switch', async (_, broken, says) => {
    await on(open(), 'training-fails', { scope: { kind: 'all' } })
    const text = broken(sound())
    writeFileSync(join(config, 'drills.json'), text)

    for (const drills of [open(), open()]) {
      expect(drills.list().problem).toMatch(says)
      expect(drills.list().problem).toContain(join(config, 'drills.json'))
      expect(await meets(drills, 'a')).toBeNull()
    }
    const aside = readdirSync(config).filter((name) => name.includes('.broken-'))
    expect(aside.map((name) => readFileSync(join(config, name), 'utf8'))).toEqual([text])

    const drills = open()
    await on(drills, 'gate-fails')
    expect(drills.list().problem).toBeNull()
    expect(Object.keys(sound().drills)).toEqual(['gate-fails'])
  })
})

describe('config/failure_simulation.json', () => {
  const put = (content: unknown) =>
    writeFileSync(
      join(config, 'failure_simulation.json'),
      typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content),
    )

  test('makes training fail for as long as it is there', async () => {
    const drills = open()
    put({ simulate_failure: true, activity: 'training' })
    expect(await meets(drills, 'a')).toEqual(gpu)
    expect(await meets(drills, 'a', 'log_experiment')).toBeNull()
    expect(await meets(drills, 'b')).toEqual(gpu)
    expect(drills.list().failureFile).toMatchObject({ state: 'on', activity: 'training' })
    expect(auditOf(drills)).toEqual(['used failure_simulation.json', 'used failure_simulation.json'])
    put({ simulate_failure: false, activity: 'training' })
    expect(await meets(drills, 'b')).toBeNull()
    rmSync(join(config, 'failure_simulation.json'))
    expect(await meets(drills, 'c')).toBeNull()
    expect(drills.list().failureFile).toMatchObject({ state: 'absent', problem: null })
  })

  test('does not use up a drill that would have hit the same attempt', async () => {
    const drills = open()
    put('\uFEFF{"simulate_failure": true, "activity": "training"}\r\n')
    await on(drills, 'training-fails', { scope: { kind: 'all' }, count: 1 })
    expect(await meets(drills, 'a')).toEqual(gpu)
    expect(active(drills, 'training-fails')?.uses).toBe(0)
  })

  test.each<[string, StepName[]]>([
    ['preprocessing', ['preprocess_data']],
    ['training', ['train_model']],
    ['experiment_tracking', ['log_experiment']],
    ['quality_assessment', ['assess_model_quality']],
    ['deployment', ['deploy_dev', 'deploy_prod']],
  ])('%s fails %s', async (activity, steps) => {
    const drills = open()
    put({ simulate_failure: true, activity })
    const all: StepName[] = [
      'preprocess_data',
      'train_model',
      'log_experiment',
      'assess_model_quality',
      'deploy_dev',
      'deploy_prod',
    ]
    const hit: StepName[] = []
    for (const step of all) if ((await meets(drills, 'a', step))?.kind === 'fail') hit.push(step)
    expect(hit).toEqual(steps)
  })

  test.each<[string, unknown, RegExp]>([
    ['empty', '', /is not JSON/],
    ['half written', '{"simulate_failure": true, "act', /is not JSON/],
    ['binary', Buffer.from('ff fe 00 7b', 'hex'), /is not JSON/],
    ['a list', [], /simulate_failure|no JSON object/],
    ['null', 'null', /no JSON object/],
    ['"yes" for true', { simulate_failure: 'yes', activity: 'training' }, /"simulate_failure": true or false/],
    ['without an activity', { simulate_failure: true }, /there are preprocessing, training/],
    ['an unknown activity', { simulate_failure: true, activity: 'GPU' }, /there are preprocessing, training/],
    ['far too long', `${' '.repeat(20_000)}{"simulate_failure": true, "activity": "training"}`, /longer than/],
  ])('%s: is reported and not obeyed', async (_, content, says) => {
    const drills = open()
    put(content)
    expect(await meets(drills, 'a')).toBeNull()
    expect(drills.list().failureFile).toMatchObject({ state: 'malformed', activity: null })
    expect(drills.list().failureFile.problem).toMatch(says)
    expect(drills.list().failureFile.problem).toContain('not obeyed')
  })

  test('a folder of that name is reported too', async () => {
    const drills = open()
    mkdirSync(join(config, 'failure_simulation.json'))
    expect(await meets(drills, 'a')).toBeNull()
    expect(drills.list().failureFile.state).toBe('malformed')
  })
})

test('a ledger that cannot be written never fails a step that a drill spared or hit', async () => {
  const drills = open()
  await on(drills, 'training-fails', { scope: { kind: 'all' }, count: 1 })
  ledger.exec('DROP TABLE audit')
  expect(await meets(drills, 'a')).toEqual(gpu)
  expect(await meets(drills, 'b')).toBeNull()
  ledger.exec('CREATE TABLE audit (id INTEGER PRIMARY KEY)')
})

describe('a profile that is marked as production', () => {
  afterEach(() => {
    production = null
  })

  test('nothing is switched on without its name, typed out', async () => {
    production = 'lab'
    const drills = open()
    expect(drills.list().production).toBe('lab')
    for (const profile of [undefined, '', 'lap', 'LAB'])
      await expect(drills.set('training-fails', { profile })).rejects.toThrow(/The profile lab is marked as production/)
    expect(await meets(drills, 'mlops-1-a')).toBeNull()
    await drills.set('training-fails', { profile: 'lab' })
    expect(await meets(drills, 'mlops-1-a')).toEqual(gpu)
    expect((await drills.set('training-fails', null)).drills.every(({ on: active }) => active === null)).toBe(true)
  })

  test('what was left on for another profile hits nobody, and ends', async () => {
    const before = open()
    await on(before, 'training-fails', { scope: { kind: 'all' } })
    before.close()
    production = 'lab'
    const drills = open()
    drills.start()
    expect(await meets(drills, 'mlops-1-a')).toBeNull()
    expect(drills.list().drills.find(({ name }) => name === 'training-fails')?.on).toBeNull()
    expect(drills.list().audit[0]).toMatchObject({ event: 'off', detail: 'It was not meant for the profile lab.' })
  })

  test('the failure file must name it too', async () => {
    production = 'lab'
    const drills = open()
    writeFileSync(join(config, 'failure_simulation.json'), '{"simulate_failure": true, "activity": "training"}')
    expect(await meets(drills, 'mlops-1-a')).toBeNull()
    expect(drills.list().failureFile).toMatchObject({ state: 'malformed', problem: expect.stringContaining('"profile": "lab"') })
    writeFileSync(join(config, 'failure_simulation.json'), '{"simulate_failure": true, "activity": "training", "profile": "lab"}')
    expect(await meets(drills, 'mlops-1-a')).toEqual(gpu)
  })
})

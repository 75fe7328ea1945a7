import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { conflict, refused, unavailable } from '../../contract/errors.ts'
import type { IntakeEntry, RunDetail, RunSummary, Stage } from '../../contract/model.ts'
import type { DeploymentRecord, EnvironmentState, ModelSummary } from '../../contract/models.ts'
import type { WorkerProcess } from '../../contract/workers.ts'
import { homeAt } from '../backend/home.ts'
import { type Host, startHost } from '../control/startHost.ts'
import { findAppRoot, sourcePaths } from '../paths.ts'
import { createFakeBackend, type FakeBackend, fakeDrills, fakeHealth, fakeKeys, fakeRun } from '../testing/fakeBackend.ts'

const main = join(import.meta.dirname, 'main.ts')
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
const home = homeAt(join(folder, 'home'))
let host: Host
let backend: FakeBackend
let originals: FakeBackend['handlers']

beforeAll(async () => {
  const started = await startHost({
    home,
    paths: sourcePaths(findAppRoot(import.meta.dirname)),
    shell: 'electron', // no page is needed
    createBackend: async ({ host: powers }) => {
      backend = createFakeBackend(powers)
      originals = { ...backend.handlers }
      return backend
    },
    ports: [0],
    onStop: () => {},
  })
  if (started === null) throw new Error('the folder is new, so it cannot be locked')
  host = started
})
afterAll(async () => {
  await host.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  Object.assign(backend.handlers, originals)
  backend.submitted.length = 0
})

interface Ended {
  code: number | null
  stdout: string
  stderr: string
}
interface Started {
  child: ChildProcess
  ended: Promise<Ended>
}
function start(args: string[], options: { home?: string; cwd?: string; input?: string } = {}): Started {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, GATEHOUSE_HOME: options.home ?? home.root, NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(options.input)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
  return { child, ended }
}
const gatehouse = (...args: string[]) => start(args).ended
const jsonLines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

/** The host knows these runs from now on. */
function hostKnows(runs: RunSummary[]): void {
  backend.handlers['runs.list'] = ({ stages, text, limit }) => {
    const matching = runs.filter(
      (run) => (!stages || stages.includes(run.stage)) && (!text || `${run.fileName} ${run.workflowId}`.includes(text)),
    )
    return { runs: matching.slice(0, limit), total: matching.length, byStage: {} }
  }
  backend.handlers['runs.get'] = async (input) => {
    const run = runs.find((one) => one.workflowId === input.workflowId)
    const detail = (await originals['runs.get']({ workflowId: 'mlops-1-good_model' })) as RunDetail
    return run === undefined ? originals['runs.get'](input) : { ...detail, ...run }
  }
}
const runOf = (workflowId: string, fileName: string, stage: Stage, more: Partial<RunSummary> = {}): RunSummary => ({
  ...fakeRun(workflowId),
  fileName,
  stage,
  ...more,
})

describe('wrong usage ends with 2', () => {
  it.each([
    ['no command', []],
    ['an unknown command', ['fly']],
    ['an unknown option', ['runs', '--fast']],
    ['approve without a reason', ['approve', 'good_model.csv']],
    ['again without a reason', ['again', 'good_model.csv']],
    ['an empty reason', ['reject', 'good_model.csv', '--reason', '  ']],
    ['submit without files', ['submit']],
    ['a limit that is no number', ['runs', '--limit', 'many']],
    ['a limit of nought', ['runs', '--limit', '0']],
    ['a stage that there is not', ['runs', '--stage', 'Thinking']],
    ['two runs', ['show', 'a', 'b']],
    ['an address without a port', ['worker', '--address', 'localhost']],
    ['a worker on a folder without a store', ['worker', '--home', join(folder, 'empty')]],
    ['a run that there is not', ['show', 'nothing-like-it']],
    ['an empty run', ['approve', '', '--reason', 'fine']],
    ['a drill that there is not', ['drills', 'on', 'earth-quake']],
    ['a drill without its name', ['drills', 'on']],
    ['drills off without a name', ['drills', 'off']],
    ['drills off with a name and --all', ['drills', 'off', 'slow-step', '--all']],
    ['an unknown action on drills', ['drills', 'flip', 'slow-step']],
    ['a share above 1', ['drills', 'on', 'random-failures', '--probability', '1.2']],
    ['an unknown action on workers', ['workers', 'hire']],
    ['a worker to stop without a reason', ['workers', 'stop']],
    ['a worker process to start without a reason', ['workers', 'start-process']],
    ['an action on workers that every object has', ['workers', 'constructor', '--reason', 'x']],
    ['a reason where nothing is done', ['workers', 'list', '--reason', 'x']],
    ['an unknown action on profiles', ['profiles', 'make', 'lab']],
    ['a profile to use without its name', ['profiles', 'use']],
    ['a name where profiles are listed', ['profiles', 'list', 'lab']],
    ['an unknown action on keys', ['keys', 'steal']],
    ['a key to export without its name', ['keys', 'export']],
    ['a key where none is taken', ['keys', 'off', 'k-1']],
    ['a passphrase where none is taken', ['keys', 'off', '--passphrase-file', 'x']],
    ['a passphrase as an argument', ['keys', 'unlock', 'correct horse battery']],
    ['a passphrase as an option', ['keys', 'unlock', '--passphrase', 'correct horse battery']],
    ['a passphrase file that is not there', ['keys', 'unlock', '--passphrase-file', '/nowhere/at/all']],
    ['an empty passphrase', ['keys', 'unlock']],
    ['a key file that is not there', ['keys', 'import', '/nowhere/at/all']],
    ['a codec server that is neither on nor off', ['codec-server', 'maybe']],
    ['an option that means nothing there', ['drills', 'off', 'slow-step', '--count', '2']],
  ])('%s', async (_, args) => {
    const { code, stdout, stderr } = await gatehouse(...args)
    expect(code).toBe(2)
    expect(stderr).not.toBe('')
    expect(stdout).toBe('')
  })

  it('and is told as JSON to who asked for JSON', async () => {
    const { code, stdout, stderr } = await gatehouse('submit', '--json')
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ error: { kind: 'usage', message: expect.stringContaining('files') } })
  })

  it('but help and version end with 0', async () => {
    expect(await gatehouse('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('approve') })
    expect(await gatehouse('runs', '--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('--home') })
    expect(await gatehouse('--version')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })
})

describe('without a host', () => {
  it.each([
    ['runs'],
    ['show', 'x'],
    ['submit', 'x.csv'],
    ['approve', 'x', '--reason', 'y'],
    ['drills'],
    ['workers'],
    ['profiles'],
    ['keys'],
    ['codec-server', 'on'],
    ['demo'],
  ])('%s ends with 3 and says how to start one', async (...args) => {
    const { code, stderr } = await start(args, { home: join(folder, 'empty') }).ended
    expect(code).toBe(3)
    expect(stderr).toContain('gatehouse serve')
  })

  it('says it as JSON with --json', async () => {
    const { code, stdout, stderr } = await gatehouse('runs', '--json', '--home', join(folder, 'empty'))
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ error: { kind: 'noHost' } })
  })
})

describe('profiles', () => {
  const remote = { kind: 'remote', production: true, temporal: 'temporal.lab:7233', postgres: 'db.lab:5432' } as const
  const broken = { name: 'staging', kind: 'remote', production: false, temporal: null, postgres: null } as const
  const withLab = async () => {
    const state = await originals['profiles.list']({})
    return {
      ...state,
      profiles: [...state.profiles, { ...remote, name: 'lab', problem: null }, { ...broken, problem: 'temporal: Required' }],
    }
  }

  it('lists them with the one in use, and those that cannot be chosen', async () => {
    backend.handlers['profiles.list'] = withLab
    const { code, stdout } = await gatehouse('profiles')
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^in use +embedded /)
    expect(lines[1]).toMatch(/^production +lab +Temporal temporal\.lab:7233 +Postgres db\.lab:5432/)
    expect(lines[2]).toMatch(/staging +cannot be chosen: temporal: Required/)
    expect(JSON.parse((await gatehouse('profiles', '--json')).stdout)).toEqual(await withLab())
  })

  it('chooses one for the next start with a reason, and tells a refusal', async () => {
    const asked: unknown[] = []
    backend.handlers['profiles.use'] = async (input) => {
      asked.push(input)
      if (input.name === 'staging') throw refused('The profile "staging" is not right: temporal: Required. Nothing was changed.')
      return { ...(await withLab()), next: input.name }
    }
    const { code, stdout } = await gatehouse('profiles', 'use', 'lab', '--reason', 'the cluster is ready')
    expect(code).toBe(0)
    expect(asked).toEqual([{ name: 'lab', reason: 'the cluster is ready' }])
    expect(stdout).toContain('embedded is in use until Gatehouse ends; from the next start on it is lab. Runs do not move.')
    expect(await gatehouse('profiles', 'use', 'staging')).toMatchObject({ code: 1, stderr: expect.stringContaining('not right') })
  })
})

describe('runs and show', () => {
  it('lists runs in aligned columns', async () => {
    hostKnows([
      runOf('mlops-2-b', 'b.csv', 'Training', { attempt: 1 }),
      runOf('mlops-1-long_name', 'long_name.csv', 'AwaitingApproval'),
    ])
    const { code, stdout } = await gatehouse('runs')
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(new Set(lines.map((line) => line.search(/STAGE|Training|AwaitingApproval/))).size).toBe(1)
    expect(lines[1]).toContain('mlops-2-b')
  })

  it('keeps the other rows narrow beside a name of 255 bytes', async () => {
    const long = `${'n'.repeat(251)}.csv`
    hostKnows([runOf('mlops-2-n', long, 'Training'), runOf('mlops-1-b', 'b.csv', 'Training')])
    const [, longRow, shortRow] = (await gatehouse('runs')).stdout.split('\n')
    expect(longRow).toContain(long)
    expect(shortRow?.indexOf('Training')).toBeLessThan(60)
  })

  it('filters by stage in any case, and says when there is nothing', async () => {
    hostKnows([runOf('mlops-2-b', 'b.csv', 'Training')])
    expect((await gatehouse('runs', '--stage', 'training', 'failed', '--json')).stdout).toContain('mlops-2-b')
    expect((await gatehouse('runs', '--stage', 'Failed,Rejected')).stdout).toBe('No run matches.\n')
  })

  it('gives the contract’s own answers as JSON, wherever --json stands', async () => {
    const run = runOf('mlops-2-b', 'b.csv', 'Training')
    hostKnows([run])
    expect(JSON.parse((await gatehouse('--json', 'runs')).stdout)).toEqual({ runs: [run], total: 1, byStage: {} })
    expect(JSON.parse((await gatehouse('show', 'b.csv', '--json')).stdout)).toMatchObject({
      workflowId: 'mlops-2-b',
      steps: expect.any(Array),
    })
  })

  it('shows a run by the beginning of its name', async () => {
    hostKnows([runOf('mlops-2-b', 'b.csv', 'Failed', { problem: 'GPU temporarily unavailable' })])
    const { code, stdout } = await gatehouse('show', 'mlops-2')
    expect(code).toBe(0)
    expect(stdout).toContain('GPU temporarily unavailable')
    expect(stdout).toContain('preprocess_data')
  })

  it('names all runs that could be meant and does nothing', async () => {
    hostKnows([runOf('mlops-1-a', 'a.csv', 'AwaitingApproval'), runOf('mlops-2-a', 'a.csv', 'AwaitingApproval')])
    let decided = 0
    backend.handlers['runs.decide'] = () => {
      decided++
      return { state: 'delivered' }
    }
    const { code, stderr } = await gatehouse('approve', 'a.csv', '--reason', 'fine')
    expect(code).toBe(2)
    expect(stderr).toContain('mlops-1-a')
    expect(stderr).toContain('mlops-2-a')
    expect(decided).toBe(0)
  })

  it('never lets a file name steer the terminal', async () => {
    hostKnows([runOf('mlops-2-b', 'b\u001b[2Jc\u202e\n.csv', 'Training')])
    const { stdout } = await gatehouse('runs')
    expect(stdout).not.toContain('\u001b')
    expect(stdout).not.toContain('\u202e')
    expect(stdout.trimEnd().split('\n')).toHaveLength(2)
  })

  it('ends quietly when its reader goes away', async () => {
    hostKnows(Array.from({ length: 5000 }, (_, i) => runOf(`mlops-${i}-b`, 'b.csv', 'Completed')))
    const { child, ended } = start(['runs', '--limit', '5000'])
    child.stdout?.once('data', () => child.stdout?.destroy())
    expect(await ended).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('decisions', () => {
  it.each([
    ['approve', 'Approved'],
    ['reject', 'Rejected'],
  ] as const)('%s is delivered with reason and name', async (decision, word) => {
    let got: unknown
    backend.handlers['runs.decide'] = (input) => {
      got = input
      return { state: 'delivered' }
    }
    const { code, stdout } = await gatehouse(decision, 'good_model.csv', '--reason', 'looks right', '--as', 'Ada')
    expect(code).toBe(0)
    expect(got).toMatchObject({ workflowId: 'mlops-1-good_model', decision, reason: 'looks right', operator: 'Ada' })
    expect(stdout).toBe(`${word} good_model.csv (mlops-1-good_model) as Ada: looks right\n`)
  })

  it('says when the decision is still on its way, in the name of the settings', async () => {
    const { code, stdout } = await gatehouse('approve', 'good_model.csv', '--reason', 'fine')
    expect(code).toBe(0)
    expect(stdout).toContain('as olga')
    expect(stdout).toContain('kept and delivered as soon as it can')
    const json = JSON.parse((await gatehouse('approve', 'good_model.csv', '--reason', 'fine', '--json')).stdout)
    expect(json).toMatchObject({ state: 'pending', operator: 'olga', decision: 'approve' })
  })

  it('ends with 1 when the host refuses, and passes its words on', async () => {
    const { code, stderr } = await gatehouse('again', 'good_model.csv', '--reason', 'the file was mended')
    expect(code).toBe(1)
    expect(stderr).toContain('Temporal cannot be reached now.')
    const inJson = await gatehouse('again', 'good_model.csv', '--reason', 'once more', '--json')
    expect(JSON.parse(inJson.stdout)).toMatchObject({ error: { kind: 'unavailable', part: 'temporal' } })
  })

  it('starts again and cancels', async () => {
    let why = ''
    backend.handlers['runs.again'] = (input) => {
      why = input.reason
      return { workflowId: 'mlops-9-good_model' }
    }
    expect((await gatehouse('again', 'good_model.csv', '--reason', 'the file was mended')).stdout).toContain('mlops-9-good_model')
    expect(why).toBe('the file was mended')
    let reason = ''
    backend.handlers['runs.cancel'] = (input) => {
      reason = input.reason
      return {}
    }
    expect((await gatehouse('cancel', 'good_model.csv', '--reason', 'wrong file')).code).toBe(0)
    expect(reason).toBe('wrong file')
  })
})

describe('several runs at once', () => {
  const known = () =>
    hostKnows([
      runOf('mlops-1-a', 'a.csv', 'AwaitingApproval'),
      runOf('mlops-2-b', 'b.csv', 'Completed'),
      runOf('mlops-3-c', 'c.csv', 'LoggingExperiment'),
    ])

  it('are acted on each by itself: one refusal keeps no other from it, and ends with 1', async () => {
    known()
    const asked: { workflowId: string; requestId: string }[] = []
    backend.handlers['runs.cancel'] = ({ workflowId, requestId }) => {
      asked.push({ workflowId, requestId })
      if (workflowId === 'mlops-2-b') throw conflict('This run has ended already (Completed); nothing was changed.')
      return {}
    }
    const { code, stdout, stderr } = await gatehouse('cancel', 'a.csv', 'b.csv', 'c.csv', 'mlops-1-a', '--reason', 'wrong export')
    expect(code).toBe(1)
    // Named twice, it is one run.
    expect(asked.map(({ workflowId }) => workflowId)).toEqual(['mlops-1-a', 'mlops-2-b', 'mlops-3-c'])
    expect(new Set(asked.map(({ requestId }) => requestId)).size).toBe(3)
    expect(stdout).toContain('Asked a.csv')
    expect(stdout).toContain('Asked c.csv')
    expect(stdout).toContain('2 of 3 done, 1 not.')
    expect(stderr).toBe('Not b.csv (mlops-2-b): This run has ended already (Completed); nothing was changed.\n')

    const inJson = await gatehouse('cancel', 'a.csv', 'b.csv', '--reason', 'wrong export', '--json')
    expect(inJson.code).toBe(1)
    expect(jsonLines(inJson.stdout)).toMatchObject([
      { workflowId: 'mlops-1-a', cancelled: true },
      { error: { kind: 'conflict', workflowId: 'mlops-2-b' } },
    ])
  })

  it('are all understood before anything is done to one', async () => {
    known()
    let decided = 0
    backend.handlers['runs.decide'] = () => {
      decided++
      return { state: 'delivered' }
    }
    expect((await gatehouse('approve', 'a.csv', 'nothing-like-it', '--reason', 'fine')).code).toBe(2)
    expect(decided).toBe(0)
  })

  it('are tried at the step that each is at', async () => {
    known()
    const tried: string[] = []
    backend.handlers['runs.actOnStep'] = ({ workflowId, step }) => {
      tried.push(`${workflowId} ${step}`)
      return {}
    }
    const { code, stderr } = await gatehouse('retry-now', 'b.csv', 'c.csv', '--reason', 'the disk has room')
    expect(code).toBe(1)
    expect(tried).toEqual(['mlops-3-c log_experiment'])
    expect(stderr).toContain('Not b.csv (mlops-2-b): It is at no step')
  })
})

describe('keys', () => {
  const passphrase = 'correct horse battery'

  it('are listed with age, messages and open runs, for people and for programs', async () => {
    const { code, stdout } = await gatehouse('keys')
    expect(code).toBe(0)
    expect(stdout).toContain('Encryption is on')
    expect(stdout).toMatch(/sealing +k-7f3a91c2 .*4,096 of 268,435,456 messages +1 open run/)
    expect(jsonLines((await gatehouse('keys', '--json')).stdout)).toEqual([fakeKeys])
  })

  it('off is said plainly for as long as it lasts', async () => {
    expect((await gatehouse('keys', 'off')).stdout).toContain('written in clear until "gatehouse keys on"')
    expect((await gatehouse('keys')).stdout).toContain('Encryption is OFF')
    expect((await gatehouse('keys', 'on')).stdout).toContain('Encryption is on')
  })

  it('are exported and imported with a passphrase from a file or from standard input', async () => {
    const given: unknown[] = []
    backend.handlers['keys.export'] = (input) => {
      given.push(input)
      return { id: input.id, text: 'wrapped text' }
    }
    backend.handlers['keys.import'] = (input) => {
      given.push(input)
      return { id: 'k-2', alreadyHere: false, state: fakeKeys }
    }
    const file = join(folder, 'passphrase')
    writeFileSync(file, `${passphrase}\n`)
    const out = join(folder, 'exported.txt')
    const exported = await start(['keys', 'export', 'k-1', '--out', out], { input: passphrase }).ended
    expect(exported.code).toBe(0)
    expect(readFileSync(out, 'utf8')).toBe('wrapped text\n')
    expect(statSync(out).mode & 0o777).toBe(0o600)
    expect((await start(['keys', 'export', 'k-1', '--out', out], { input: passphrase }).ended).code).toBe(2)
    const imported = await gatehouse('keys', 'import', out, '--passphrase-file', file)
    expect(imported.stdout).toContain('The key k-2 is here now')
    expect(given).toEqual([
      { id: 'k-1', passphrase },
      { text: 'wrapped text', passphrase },
    ])
    for (const { stdout, stderr } of [exported, imported]) expect(stdout + stderr).not.toContain(passphrase)
  })

  it('that are needed are not retired, and it says by what', async () => {
    const { code, stderr } = await gatehouse('keys', 'retire', 'k-7f3a91c2')
    expect([code, stderr]).toEqual([1, 'New payloads are sealed with k-7f3a91c2.\n'])
  })

  it('a short passphrase is refused with the rule, and is not repeated in the answer', async () => {
    const { code, stdout } = await start(['keys', 'protect', '--json'], { input: 'hunter2' }).ended
    expect(code).toBe(2)
    expect(stdout).toContain('at least 12 characters')
    expect(stdout).not.toContain('hunter2')
  })

  it('the codec server says its address and how to use it', async () => {
    const on = await gatehouse('codec-server', 'on')
    expect(on.stdout).toContain('--codec-endpoint http://127.0.0.1:4000/secret')
    expect(jsonLines((await gatehouse('codec-server', 'off', '--json')).stdout)).toEqual([{ on: false, url: null }])
  })
})

describe('drills', () => {
  const by = { operator: 'olga', host: 'desk-1', since: '2026-01-02T03:04:05.000Z' }
  /** The host switches as it is told and answers what is on then. */
  function hostSwitches(): unknown[] {
    const orders: unknown[] = []
    let state = fakeDrills
    backend.handlers['drills.list'] = () => state
    backend.handlers['drills.set'] = ({ name, to }) => {
      orders.push({ name, to })
      const scope = to?.scope ?? { kind: 'next' as const }
      const ends = { count: to?.count ?? null, until: null, probability: to?.probability ?? null, seconds: to?.seconds ?? null }
      const more = { profile: to?.profile ?? null, startsWorker: to?.startsWorker ?? false }
      const on = to === null ? null : { ...by, ...ends, ...more, scope, run: null, uses: 1 }
      state = { ...state, drills: state.drills.map((drill) => (drill.name === name ? { ...drill, on } : drill)) }
      return state
    }
    return orders
  }

  it('lists every drill in plain words, and what is wrong with their files', async () => {
    backend.handlers['drills.list'] = () => ({
      ...fakeDrills,
      problem: 'drills.json is not JSON.',
      failureFile: { path: '/f.json', state: 'malformed', activity: null, problem: '/f.json is not JSON. It is not obeyed.' },
    })
    for (const args of [['drills'], ['drills', 'list']]) {
      const { code, stdout } = await gatehouse(...args)
      expect(code).toBe(0)
      for (const { name, description } of fakeDrills.drills) {
        expect(stdout).toContain(name)
        expect(stdout).toContain(description)
      }
      expect(stdout).toContain('It is not obeyed.')
      expect(stdout).toContain('drills.json is not JSON.')
    }
  })

  it.each([
    [['training-fails'], {}],
    [['training-fails', '--scope', 'all', '--count', '3'], { scope: { kind: 'all' }, count: 3 }],
    [['worker-crash', '--count', '1', '--start-worker'], { count: 1, startsWorker: true }],
    [['slow-step', '--seconds', '2.5', '--minutes', '10'], { seconds: 2.5, minutes: 10 }],
    [
      ['deployment-flaps', '--scope', 'demo_*.csv', '--probability', '0.2'],
      { scope: { kind: 'files', pattern: 'demo_*.csv' }, probability: 0.2 },
    ],
  ])('switches %j on', async ([name = '', ...flags], to) => {
    const orders = hostSwitches()
    const { code, stdout } = await gatehouse('drills', 'on', name, ...flags)
    expect({ code, orders }).toEqual({ code: 0, orders: [{ name, to }] })
    expect(stdout).toMatch(new RegExp(`^on\\s+${name} .* by olga`))
  })

  it('says as JSON what is on then', async () => {
    hostSwitches()
    const { stdout } = await gatehouse('drills', 'on', 'training-fails', '--count', '3', '--json')
    expect(JSON.parse(stdout)).toEqual({
      drills: [expect.objectContaining({ name: 'training-fails', on: expect.objectContaining({ count: 3, uses: 1 }) })],
    })
  })

  it('switches one off, or all that are on', async () => {
    const orders = hostSwitches()
    await gatehouse('drills', 'on', 'training-fails')
    await gatehouse('drills', 'on', 'slow-step')
    orders.length = 0
    expect((await gatehouse('drills', 'off', '--all')).code).toBe(0)
    expect(orders).toEqual([
      { name: 'training-fails', to: null },
      { name: 'slow-step', to: null },
    ])
    expect((await gatehouse('drills', 'off', '--all')).stdout).toBe('No drill was on.\n')
    expect((await gatehouse('drills', 'off', 'gate-fails')).stdout).toMatch(/^off\s+gate-fails/)
  })

  it('ends with 1 and the host’s words when it cannot be', async () => {
    backend.handlers['drills.set'] = () => {
      throw conflict('This profile does not own its Postgres.')
    }
    expect(await gatehouse('drills', 'on', 'postgres-down')).toMatchObject({
      code: 1,
      stderr: 'This profile does not own its Postgres.\n',
    })
  })
})

describe('workers', () => {
  it.each([
    [['start-process'], 'workers.switchProcess', true],
    [['stop-process'], 'workers.switchProcess', false],
    [['stop'], 'workers.switch', false],
  ] as const)('%j asks the host, with the reason, and says how things are then', async ([action], call, on) => {
    const asked: unknown[] = []
    backend.handlers[call] = (input) => {
      asked.push(input)
      return {}
    }
    const process: WorkerProcess = {
      ...{ state: 'again', since: '2026-01-02T03:04:05.000Z', processId: null, identity: null, by: 'olga', reason: 'load' },
      ...{ forDrill: false, detail: 'It died: it was ended by SIGKILL.', againAt: '2026-01-02T03:04:06.000Z', restarts: 1 },
    }
    backend.handlers['workers.list'] = () => ({ stopped: null, process, workers: [], waiting: null, problem: null })
    const { code, stdout } = await gatehouse('workers', action, '--reason', 'more hands')
    expect({ code, asked }).toEqual({ code: 0, asked: [{ on, reason: 'more hands', requestId: expect.any(String) }] })
    expect(stdout).toContain('The worker process of the host: It died: it was ended by SIGKILL. It is started again in a moment.')
  })
})

describe('models and roll back', () => {
  const model: ModelSummary = {
    modelId: 'boosting-1',
    workflowId: 'w1',
    runId: 'r1',
    fileName: 'abalone.csv',
    datasetSha256: 'a'.repeat(64),
    pipeline: 'standard',
    trainer: 'boosting',
    task: 'regression',
    target: 'rings',
    metrics: { mae: 1.50812, r2: 0.559 },
    baseline: null,
    createdAt: '2026-01-02T03:04:05.000Z',
    servedIn: ['prod'],
    decision: 'approve',
  }
  const served: DeploymentRecord = {
    id: '1',
    environment: 'prod',
    modelId: 'boosting-1',
    fileName: 'abalone.csv',
    at: '2026-01-02T03:04:05.000Z',
    until: null,
    kind: 'rollBack',
    operator: 'ada',
    reason: 'it drifts',
    workflowId: 'w1',
  }
  const nothing = { problem: null, served: null, exampleRow: null, pending: null, history: [] }
  const environments: EnvironmentState[] = [
    { ...nothing, environment: 'dev', address: null },
    { ...nothing, environment: 'prod', address: 'http://127.0.0.1:8081', served },
  ]

  it('shows what is served where and every model with its figures, also as JSON', async () => {
    const registry = { models: [model], total: 3, problem: null }
    backend.handlers['models.list'] = () => registry
    backend.handlers['deployments.list'] = () => ({ environments, problem: null })
    const { code, stdout } = await gatehouse('models', '--limit', '1')
    expect(code).toBe(0)
    expect(stdout).toMatch(/dev +nothing +not open/)
    expect(stdout).toMatch(/prod +boosting-1 .*roll back by ada +http:\/\/127\.0\.0\.1:8081/)
    expect(stdout).toMatch(/boosting-1 .*boosting +prod +approve +abalone\.csv +mae 1\.508, r2 0\.559/)
    expect(stdout).toContain('1 of 3 models')
    expect(jsonLines((await gatehouse('models', '--json')).stdout)).toEqual([{ ...registry, environments }])
  })

  it('still shows what is served when the registry cannot be read, and ends with 1', async () => {
    backend.handlers['models.list'] = () => ({ models: [], total: 0, problem: 'Postgres does not answer.' })
    backend.handlers['deployments.list'] = () => ({ environments, problem: null })
    const { code, stdout } = await gatehouse('models')
    expect(code).toBe(1)
    expect(stdout).toContain('boosting-1')
    expect(stdout).toContain('The registry cannot be read now: Postgres does not answer.')
  })

  it('goes back in the name of the settings, and says when that has to wait', async () => {
    const decided: unknown[] = []
    let state: 'done' | 'pending' = 'done'
    backend.handlers['deployments.rollBack'] = (input) => {
      decided.push(input)
      return { state }
    }
    const done = await gatehouse('rollback', 'prod', 'boosting-1', '--reason', 'it drifts')
    expect(done).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('prod serves boosting-1 again, decided by olga: it drifts'),
    })
    expect(decided).toMatchObject([{ environment: 'prod', modelId: 'boosting-1', reason: 'it drifts', operator: 'olga' }])
    state = 'pending'
    const waiting = await gatehouse('rollback', 'prod', 'boosting-1', '--reason', 'it drifts', '--as', 'ada')
    expect(waiting).toMatchObject({ code: 0, stdout: expect.stringContaining('The decision is kept') })
  })

  it('ends with 2 on wrong usage and with 1 and the host’s words when it is refused', async () => {
    expect((await gatehouse('rollback', 'prod', 'boosting-1')).code).toBe(2)
    expect(await gatehouse('rollback', 'test', 'm', '--reason', 'x')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('only dev and prod'),
    })
    backend.handlers['deployments.rollBack'] = () => {
      throw refused('The file of model m is not in the model store.')
    }
    expect(await gatehouse('rollback', 'prod', 'm', '--reason', 'x')).toMatchObject({
      code: 1,
      stderr: 'The file of model m is not in the model store.\n',
    })
  })
})

describe('files', () => {
  const seen = { path: '/inbox/x', sizeBytes: 10, at: '2026-01-02T03:04:05.000Z' }
  const entries: IntakeEntry[] = [
    { ...seen, id: 2, fileName: 'x.csv', outcome: 'refused', code: 'binary', workflowId: null, message: 'It is a PNG image.' },
    { ...seen, id: 1, fileName: 'good.csv', outcome: 'accepted', code: null, workflowId: 'mlops-1-good', message: 'Accepted.' },
  ]
  beforeEach(() => {
    backend.handlers['intake.list'] = ({ limit }) => ({ entries: entries.slice(0, limit) })
  })

  it('tells what became of a file that never became a run', async () => {
    const { code, stdout } = await gatehouse('files')
    expect(code).toBe(0)
    expect(stdout).toMatch(/x\.csv .* refused .*It is a PNG image\./)
    expect(stdout).toContain('good.csv')
  })

  it('narrows to what was refused', async () => {
    const { stdout } = await gatehouse('files', '--refused', '--json')
    expect(jsonLines(stdout)).toEqual([{ entries: [entries[0]] }])
  })
})

describe('submit', () => {
  const entry = (id: number, more: Partial<IntakeEntry> = {}): IntakeEntry => ({
    id,
    fileName: `f${id}.csv`,
    path: `/inbox/f${id}.csv`,
    sizeBytes: 10,
    outcome: 'accepted',
    code: null,
    message: 'Accepted as a new run.',
    workflowId: `mlops-${id}-f${id}`,
    at: '2026-01-02T03:04:05.000Z',
    ...more,
  })
  const refused = { outcome: 'refused', code: 'binary', workflowId: null, message: 'It is a PNG image.' } as const

  it('does not take an empty name for the folder one stands in', async () => {
    const { code, stderr } = await gatehouse('submit', '')
    expect({ code, submitted: backend.submitted }).toEqual({ code: 2, submitted: [] })
    expect(stderr).toContain('Nothing was submitted')
  })

  it('sends absolute paths and prints what became of each', async () => {
    const { ended } = start(['submit', 'a.csv', 'sub/b.csv'], { cwd: folder })
    const { code, stdout } = await ended
    expect(code).toBe(0)
    expect(backend.submitted).toEqual([[join(folder, 'a.csv'), join(folder, 'sub/b.csv')]])
    expect(stdout.trimEnd().split('\n')).toHaveLength(2)
  })

  it('ends with 1 when a file is refused', async () => {
    backend.handlers['intake.submit'] = () => ({ entries: [entry(1), entry(2, refused)] })
    const { code, stdout } = await gatehouse('submit', 'f1.csv', 'f2.csv', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout).entries).toHaveLength(2)
  })

  /** Lets the runs of a submit go through these stages, one after the other, once somebody waits for them. */
  function hostRuns(entries: IntakeEntry[], stages: Record<string, Stage[]>, late: IntakeEntry[] = []): void {
    const at = new Map<string, number>()
    const summary = (id: string): RunSummary => {
      const index = at.get(id) ?? 0
      return runOf(id, `${id}.csv`, stages[id]?.[index] as Stage, { revision: index + 1 })
    }
    backend.handlers['intake.submit'] = () => ({ entries })
    backend.handlers['runs.get'] = async ({ workflowId }) => {
      const detail = (await originals['runs.get']({ workflowId: 'mlops-1-good_model' })) as RunDetail
      // What happens next is pushed once the caller has had its answer.
      setImmediate(() => goOn(workflowId))
      return { ...detail, ...summary(workflowId) }
    }
    const goOn = (id: string) => {
      const next = (at.get(id) ?? 0) + 1
      if (next < (stages[id]?.length ?? 0)) {
        at.set(id, next)
        backend.emit('runs.changed', { runs: [summary(id)] })
        setImmediate(() => goOn(id))
      } else if (late.length > 0) backend.emit('intake.changed', { entries: late.splice(0) })
    }
  }

  it('--wait follows every run until it has ended or awaits approval', async () => {
    hostRuns([entry(1), entry(2)], {
      'mlops-1-f1': ['Queued', 'Preprocessing', 'Training', 'AwaitingApproval'],
      'mlops-2-f2': ['Queued', 'Training', 'Completed'],
    })
    const { code, stdout } = await gatehouse('submit', 'f1.csv', 'f2.csv', '--wait', '--json')
    const lines = jsonLines(stdout)
    expect(code).toBe(0)
    expect(lines.filter((line) => line.event === 'file')).toHaveLength(2)
    const last = (id: string) => lines.filter((line) => line.event === 'stage' && line.workflowId === id).at(-1)?.stage
    expect([last('mlops-1-f1'), last('mlops-2-f2')]).toEqual(['AwaitingApproval', 'Completed'])
    expect(lines.at(-1)).toMatchObject({ event: 'summary', files: 2, failed: 0, refused: 0 })
  })

  it.each(['Failed', 'GateFailed', 'Rejected', 'TimedOut', 'Cancelled'] as const)(
    '--wait ends with 1 after %s',
    async (stage) => {
      hostRuns([entry(1)], { 'mlops-1-f1': ['Training', stage] })
      const { code, stdout } = await gatehouse('submit', 'f1.csv', '--wait')
      expect(code).toBe(1)
      expect(stdout).toContain(stage)
    },
  )

  it('--wait ends with 1 when all went well but for a refused file', async () => {
    hostRuns([entry(1), entry(2, refused)], { 'mlops-1-f1': ['Completed'] })
    const { code, stdout } = await gatehouse('submit', 'f1.csv', 'f2.csv', '--wait')
    expect(code).toBe(1)
    expect(stdout).toContain('2 files: 1 completed, 1 refused before a run began.')
  })

  it('--wait also waits for a file that waits itself', async () => {
    const waiting = entry(2, { outcome: 'waiting', code: 'diskFull', workflowId: null, message: 'It waits for space.' })
    hostRuns([entry(1), waiting], { 'mlops-1-f1': ['Completed'], 'mlops-2-f2': ['AwaitingApproval'] }, [entry(2)])
    const { code, stdout } = await gatehouse('submit', 'f1.csv', 'f2.csv', '--wait', '--json')
    expect(code).toBe(0)
    expect(jsonLines(stdout).at(-1)).toMatchObject({ event: 'summary', files: 2 })
    expect(stdout).toContain('mlops-2-f2')
  })

  it('--wait does not end while a decision is on its way', async () => {
    const asked: string[] = []
    hostKnows([runOf('mlops-1-f1', 'f1.csv', 'AwaitingApproval', { decisionPending: true })])
    backend.handlers['intake.submit'] = () => ({ entries: [entry(1)] })
    const get = backend.handlers['runs.get']
    backend.handlers['runs.get'] = (input) => {
      asked.push(input.workflowId)
      const completed = runOf('mlops-1-f1', 'f1.csv', 'Completed', { revision: 2 })
      setImmediate(() => backend.emit('runs.changed', { runs: [completed] }))
      return get(input)
    }
    const { code, stdout } = await gatehouse('submit', 'f1.csv', '--wait', '--json')
    expect(code).toBe(0)
    expect(jsonLines(stdout).at(-1).runs[0].stage).toBe('Completed')
    expect(asked).toEqual(['mlops-1-f1'])
  })
})

describe('doctor', () => {
  it('finds a healthy home and its host, and takes the host’s ports for its own', async () => {
    const { code, stdout } = await gatehouse('doctor', '--json')
    const report = JSON.parse(stdout)
    const check = (name: string) => report.checks.find((one: { name: string }) => one.name === name)
    expect(check('Host')).toMatchObject({ detail: expect.stringContaining(`process ${process.pid}`) })
    expect(check('Data folder')).toMatchObject({ state: 'ok' })
    expect(check('Port 7233')).toMatchObject({ state: 'ok', detail: expect.stringContaining('this Gatehouse') })
    expect(check('Running: Temporal')).toMatchObject({ state: 'ok' })
    expect({ code, ok: report.ok, blocking: report.checks.filter((c: { state: string }) => c.state === 'blocks') }).toEqual({
      code: 0,
      ok: true,
      blocking: [],
    })
  })

  it('ends with 1 when a part of the host is down, and says its remedy', async () => {
    const postgres = {
      ...fakeHealth.postgres,
      state: 'down' as const,
      detail: 'The password was refused.',
      remedy: 'Store the right one.',
    }
    backend.handlers['stack.health'] = () => ({ ...fakeHealth, postgres })
    const { code, stdout } = await gatehouse('doctor')
    expect(code).toBe(1)
    expect(stdout).toContain('The password was refused.')
    expect(stdout).toContain('Store the right one.')
  })

  it('and status say which files could not be used; nothing stands in the way for that', async () => {
    const file = join(home.config, 'settings.json')
    const unusable = [{ file, problem: `The settings in ${file} could not be used: it is empty. It was kept as a copy.` }]
    backend.handlers['stack.health'] = () => ({ ...fakeHealth, unusable })
    expect((await gatehouse('doctor')).stdout).toContain(unusable[0]?.problem)
    const words = await gatehouse('status')
    expect(words).toMatchObject({ code: 0, stdout: expect.stringMatching(/note +Files +The settings in .* it is empty/) })
    const json = await gatehouse('status', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, unusable, awaitingApproval: expect.any(Number) })
  })

  it('goes on when the host answers with an error', async () => {
    backend.handlers['stack.health'] = () => {
      throw unavailable('temporal', 'not now')
    }
    expect((await gatehouse('doctor')).code).toBe(1)
  })
})

import type { Readable } from 'node:stream'
import type { Handlers } from '../../contract/calls.ts'
import type { DrillsState } from '../../contract/drills.ts'
import { conflict, notFound, unavailable } from '../../contract/errors.ts'
import type { GuideState } from '../../contract/guide.ts'
import type { KeysState } from '../../contract/keys.ts'
import type { IntakeEntry, Part, RunDetail, RunSummary, Settings, StackHealth } from '../../contract/model.ts'
import { stepNames } from '../../contract/model.ts'
import { defaultNotifications } from '../../contract/notices.ts'
import { defaultPipelines } from '../../contract/pipelines.ts'
import type { ProfilesState, ServerCheck } from '../../contract/profiles.ts'
import type { RetryTable } from '../../contract/retries.ts'
import type { ViewsState } from '../../contract/runViews.ts'
import type { Backend, HostPowers } from '../backend/backend.ts'
import { registry } from '../backend/drills/registry.ts'
import { createEventHub } from '../backend/events.ts'
import { silentLog } from '../backend/log.ts'
import { emptyStep } from '../backend/runs/timeline.ts'

/** For tests of the shells: a backend without a stack, whose parts are up at once and whose uploads end in memory. */
export interface FakeBackend extends Backend {
  emit: ReturnType<typeof createEventHub>['emit']
  uploads: { name: string; bytes: Buffer }[]
  submitted: string[][]
  closed: boolean
}

const up = (summary: string, address: string | null = null): Part => ({
  state: 'up',
  summary,
  detail: '',
  remedy: '',
  progress: null,
  address,
})

export const fakeHealth: StackHealth = {
  profile: 'embedded',
  temporal: up('embedded', '127.0.0.1:7233'),
  postgres: up('embedded', '127.0.0.1:5432'),
  worker: up('0 of 100'),
  inbox: up('data/raw'),
  dev: up('8080'),
  prod: up('8081'),
  secrets: up('keychain'),
  unusable: [],
  disk: up('74 GB free'),
  temporalUiUrl: null,
}

const fakeServerCheck: ServerCheck = { state: 'own', words: 'Gatehouse starts its own with this profile.' }
const fakeProfiles: ProfilesState = {
  file: '/home/config/profiles.json',
  profiles: [{ name: 'embedded', kind: 'embedded', production: false, temporal: 'here', postgres: 'here', problem: null }],
  inUse: 'embedded',
  next: 'embedded',
  setBy: null,
  problem: null,
  canRestart: false,
}

const policy = { maximumAttempts: 3, initialIntervalSeconds: 1, backoffCoefficient: 2, maximumIntervalSeconds: 30 }
const retries: RetryTable = {
  preprocess_data: policy,
  train_model: policy,
  log_experiment: policy,
  assess_model_quality: policy,
  deploy_dev: policy,
  deploy_prod: policy,
  record_decision: policy,
}

export const fakeSettings: Settings = {
  inboxFolders: ['/inbox'],
  settleSeconds: 1,
  maxFileBytes: 1_000_000,
  operator: 'olga',
  demoTrainer: { minSeconds: 0, maxSeconds: 0 },
  approvalTimeoutHours: 24,
  retries,
  pipelines: defaultPipelines,
  startsPerSecond: 10,
  notifications: defaultNotifications,
  metrics: { on: false, port: null },
  appearance: 'light',
}

/** The run with nothing done yet. */
export const fakeDetail = (run: RunSummary): RunDetail => ({
  ...run,
  steps: stepNames.map(emptyStep),
  resets: [],
  gateChecks: [],
  deployments: [],
  modelId: null,
  notes: [],
  namespace: 'default',
  taskQueue: 'mlops-task-queue',
  temporalUrl: null,
  encryption: null,
  incomplete: null,
})

export function fakeRun(workflowId: string): RunSummary {
  const at = '2026-01-02T03:04:05.000Z'
  return {
    workflowId,
    runId: null,
    fileName: 'good_model.csv',
    sha256: 'a'.repeat(64),
    sizeBytes: 1234,
    origin: 'inbox',
    submittedBy: 'olga',
    stage: 'AwaitingApproval',
    acceptedAt: at,
    startedAt: at,
    stageSince: at,
    endedAt: null,
    attempt: 1,
    maxAttempts: null,
    retryAt: null,
    problem: null,
    metrics: { accuracy: 0.9, mae: 1.5, r2: 0.8 },
    gatePassed: true,
    modelId: null,
    pipeline: null,
    approvalDeadline: null,
    approvals: null,
    paused: null,
    waitsForRoom: false,
    decisionPending: false,
    decision: null,
    revision: 1,
  }
}

function entryFor(fileName: string, sizeBytes: number | null): IntakeEntry {
  return {
    id: 1,
    fileName,
    path: `/inbox/${fileName}`,
    sizeBytes,
    outcome: 'accepted',
    code: null,
    message: 'Accepted as a new run.',
    workflowId: 'mlops-1-good_model',
    at: '2026-01-02T03:04:05.000Z',
  }
}

const fakeGuide: GuideState = { begunAt: null, playing: null, phases: [], toPutBack: [], unavailable: null, revision: 0 }
export const fakeDrills: DrillsState = {
  drills: registry.map(({ name, title, description, options }) => ({ name, title, description, options, on: null })),
  production: null,
  failureFile: { path: '/home/config/failure_simulation.json', state: 'absent', activity: null, problem: null },
  problem: null,
  audit: [],
  revision: 0,
}

export const fakeKeys: KeysState = {
  encrypting: true,
  problem: null,
  remedy: null,
  needsPassphrase: false,
  warning: null,
  canUsePassphrase: false,
  provider: 'keychain',
  settings: {},
  keys: [
    {
      id: 'k-7f3a91c2',
      state: 'sealing',
      provider: 'keychain',
      createdAt: '2026-01-02T03:04:05.000Z',
      messages: 4096,
      messageBudget: 2 ** 28,
      openRuns: 1,
    },
  ],
  codecServer: { on: false, url: null },
  audit: [],
  revision: 0,
}

export function createFakeBackend(host: Pick<HostPowers, 'focus' | 'stop' | 'restart'>): FakeBackend {
  const { emit, onEvent } = createEventHub(silentLog)
  const uploads: FakeBackend['uploads'] = []
  const submitted: FakeBackend['submitted'] = []
  const run = fakeRun('mlops-1-good_model')
  let settings = fakeSettings
  let keys = fakeKeys
  const setKeys = (change: Partial<KeysState>) => {
    keys = { ...keys, ...change, revision: keys.revision + 1 }
    emit('keys.changed', { state: keys })
    return keys
  }
  let views: ViewsState = { views: [], columns: null, problem: null, revision: 1 }
  const setViews = (change: Partial<ViewsState>) => {
    views = { ...views, ...change, revision: views.revision + 1 }
    emit('views.changed', { state: views })
    return views
  }
  const handlers: Handlers = {
    'app.info': () => ({ version: '0.0.0', home: '/home', operator: 'olga', host: 'testhost', platform: process.platform }),
    'app.selfTest': () => ({
      ok: false,
      electron: null,
      node: process.versions.node,
      platform: process.platform,
      arch: process.arch,
      rows: [
        { name: 'SQLite answers', ok: true, detail: '3.54', milliseconds: 12 },
        { name: 'the keychain helper answers', ok: false, detail: 'no result after 10 s', milliseconds: 10_000 },
      ],
    }),
    'runs.list': () => ({ runs: [run], total: 1, byStage: { AwaitingApproval: 1 } }),
    'views.list': () => views,
    'views.save': ({ view }) => setViews({ views: [...views.views.filter(({ id }) => id !== view.id), view] }),
    'views.remove': ({ id }) => setViews({ views: views.views.filter((view) => view.id !== id) }),
    'views.keepColumns': ({ columns }) => setViews({ columns }),
    'runs.get': ({ workflowId }) => {
      if (workflowId !== run.workflowId) throw notFound(`There is no run ${workflowId} here.`)
      return fakeDetail(run)
    },
    'runs.payloads': ({ step }) => ({
      ...{ step, inputs: [], results: [], heartbeat: [] },
      ...{ failures: [], failureValues: [], headers: [], incomplete: null },
    }),
    'history.search': () => ({ hits: [], total: 0, covered: 0, events: 0, unreadable: 0, left: 0, done: true }),
    'history.openFile': ({ fileName, last }) =>
      last ? { id: crypto.randomUUID(), fileName, events: 0, workflowId: null, runId: null, workflowType: null } : null,
    'history.filePage': () => ({ events: [], older: null, unreadable: 0 }),
    'history.export': () => ({ text: '{"events":[]}', events: 0, unreadable: 0, next: null }),
    'history.page': () => ({ events: [], older: null, unreadable: 0 }),
    'history.filePayload': ({ from }) => ({ sizeBytes: 0, from, bytes: '' }),
    'history.payload': ({ from }) => ({ sizeBytes: 0, from, bytes: '' }),
    'runs.diff': ({ left, right }) => ({ left, right, sections: [] }),
    'runs.diffAttempts': ({ left, right }) => ({ left: `Attempt ${left}`, right: `Attempt ${right}`, sections: [] }),
    'runs.values': () => ({
      ...{ status: null, statusProblem: 'No worker answered for the run.' },
      ...{ input: [], memo: [], searchAttributes: [], headers: [] },
    }),
    'runs.experiment': () => ({ rows: 0, experiment: null }),
    'runs.profile': () => null,
    'runs.report': () => null,
    'runs.decide': () => ({ state: 'pending' }),
    'runs.again': () => {
      throw unavailable('temporal', 'Temporal cannot be reached now.')
    },
    // Stands for a fault of ours, whose details must stay in the log.
    'runs.cancel': () => {
      throw new Error('password=hunter2')
    },
    'runs.terminate': () => ({}),
    'runs.actOnStep': () => ({}),
    'approvals.list': () => ({ candidates: [], production: null, problem: null }),
    'audit.list': () => ({ entries: [], total: 0, operators: [] }),
    'intake.list': () => ({ entries: [] }),
    'intake.submit': ({ paths }) => {
      submitted.push(paths)
      return { entries: paths.map((path) => entryFor(path, null)) }
    },
    'models.list': () => ({ models: [], total: 0, problem: null }),
    'models.get': ({ modelId }) => {
      throw notFound(`There is no model ${modelId} here.`)
    },
    'deployments.list': () => ({ environments: [], problem: null }),
    'deployments.rollBack': ({ modelId }) => {
      throw notFound(`There is no model ${modelId} here.`)
    },
    'guide.get': () => fakeGuide,
    'guide.begin': () => fakeGuide,
    'guide.act': () => fakeGuide,
    'guide.play': () => fakeGuide,
    'guide.stop': () => fakeGuide,
    'guide.again': () => fakeGuide,
    'guide.end': () => ({ putBack: [] }),
    'guide.code': ({ file }) => ({ text: `// ${file}` }),
    'keys.get': () => keys,
    'keys.setEncrypting': ({ on }) => setKeys({ encrypting: on }),
    'keys.rotate': () => keys,
    'keys.retire': ({ id }) => {
      throw conflict(`New payloads are sealed with ${id}.`)
    },
    'keys.export': ({ id }) => ({ id, text: 'wrapped' }),
    'keys.import': () => ({ id: 'k-7f3a91c2', alreadyHere: true, state: keys }),
    'keys.unlock': () => keys,
    'keys.usePassphrase': () => keys,
    'keys.chooseProvider': ({ settings }) => setKeys({ settings }),
    'keys.retry': () => keys,
    'keys.codecServer': ({ on }) => setKeys({ codecServer: { on, url: on ? 'http://127.0.0.1:4000/secret' : null } }),
    'stack.health': () => fakeHealth,
    'stack.retry': () => ({}),
    'workers.list': () => ({ stopped: null, process: null, workers: [], waiting: null, problem: null }),
    'workers.tell': () => ({}),
    'workers.switch': () => ({}),
    'workers.switchProcess': () => ({}),
    'backup.make': ({ file }) => ({
      file: file ?? '/home/op/gatehouse/backups/gatehouse-20261125T120000Z.zip',
      sizeBytes: 4_210_688,
      sha256: 'a'.repeat(64),
      madeAt: '2026-11-25T12:00:00.000Z',
      runs: 12,
      keysIncluded: [],
      keysMissing: ['k-000000000001'],
      notes: ['The keys are not in this backup.'],
    }),
    'backup.state': () => ({ folder: '/home/op/gatehouse/backups', last: null, making: null }),
    'backup.stop': () => ({}),
    'diagnostics.list': () => ({ entries: [], missing: [] }),
    'diagnostics.make': () => ({ file: '/home/op/gatehouse/diagnostics/d.zip', sizeBytes: 1, entries: [], missing: [] }),
    'diagnostics.read': () => ({ base64: '', next: null }),
    'settings.get': () => settings,
    'settings.set': (input) => {
      settings = input.settings
      emit('settings.changed', { settings })
      return settings
    },
    'settings.about': () => ({
      defaults: fakeSettings,
      before: null,
    }),
    'profiles.list': () => fakeProfiles,
    'profiles.check': () => ({ temporal: fakeServerCheck, postgres: fakeServerCheck }),
    'profiles.use': ({ name }) => ({ ...fakeProfiles, next: name }),
    'metrics.get': () => ({ url: null, problem: null }),
    'notices.test': () => {
      emit('notice', { kind: 'test', title: 'A test', body: '', subject: null, workflowId: null })
      return {}
    },
    'drills.list': () => fakeDrills,
    'drills.set': () => fakeDrills,
    'drills.meet': () => ({ fault: null }),
    'host.focus': host.focus,
    'host.stop': () => {
      host.stop()
      return {}
    },
    'host.restart': () => {
      host.restart?.()
      return {}
    },
  }
  const backend: FakeBackend = {
    handlers,
    onEvent,
    emit,
    uploads,
    submitted,
    closed: false,
    inputRefused: () => {},
    health: () => fakeHealth,
    async receiveUpload(name: string, body: Readable) {
      const chunks: Buffer[] = []
      for await (const chunk of body) chunks.push(chunk as Buffer)
      const bytes = Buffer.concat(chunks)
      uploads.push({ name, bytes })
      return [entryFor(name, bytes.length)]
    },
    async close() {
      backend.closed = true
    },
  }
  return backend
}

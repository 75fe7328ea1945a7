import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PayloadCodec } from '@temporalio/common'
import { calls } from '../../contract/calls.ts'
import { notFound, refused, unavailable } from '../../contract/errors.ts'
import type { EventPayload } from '../../contract/events.ts'
import { isEndStage, type StackHealth } from '../../contract/model.ts'
import { createDataConverter } from '../../temporal/codec/dataConverter.ts'
import { createEncryptionCodec } from '../../temporal/codec/encryptionCodec.ts'
import { taskQueue } from '../../temporal/names.ts'
import { observeAll } from '../../temporal/observer.ts'
import { decide, retryNow, startRun } from '../../temporal/operations.ts'
import { replayRun } from '../../temporal/replayRun.ts'
import { workersOf } from '../../temporal/workers.ts'
import { type AppPaths, appVersion } from '../paths.ts'
import { createTemporalRecord } from './audit/recordTemporal.ts'
import { recordWrites } from './audit/recordWrites.ts'
import { settingChanges } from './audit/settingChanges.ts'
import type { Backend, HostPowers } from './backend.ts'
import { createBackups } from './backup/createBackups.ts'
import { createCodecServer } from './codecServer/createCodecServer.ts'
import { createCandidates } from './decisions/createCandidates.ts'
import { createDecisionOutbox } from './decisions/createDecisionOutbox.ts'
import { createDiagnostics } from './diagnostics/createDiagnostics.ts'
import { textsIn } from './diagnostics/readFolder.ts'
import { createDiskWatch } from './disk/createDiskWatch.ts'
import { createDrills, type DrilledLink, type PausableServer } from './drills/createDrills.ts'
import { createDrillWorker } from './drills/drillWorker.ts'
import { createEncryption } from './encryption/createEncryption.ts'
import { sampleKeyIds } from './encryption/sampleKeyIds.ts'
import { createEndpoints } from './endpoints/createEndpoints.ts'
import { createEventHub } from './events.ts'
import { createGuide } from './guide/createGuide.ts'
import { createDiffs } from './history/createDiffs.ts'
import { createHistoryFiles } from './history/createHistoryFiles.ts'
import { createHistorySearch } from './history/createHistorySearch.ts'
import { accountName, type Home, hostName, makeHome } from './home.ts'
import { createIntake } from './intake/createIntake.ts'
import { createKeyRing } from './keys/createKeyRing.ts'
import { keyVariables, takeKeyEnvironment } from './keys/environmentKeys.ts'
import { secretForWorker } from './keys/secretForWorker.ts'
import { dataKeySecret } from './keys/storedKeys.ts'
import { createAudit } from './ledger/audit.ts'
import { isLedgerFree, whenLedgerFree } from './ledger/ledgerTurn.ts'
import { openLedger } from './ledger/openLedger.ts'
import { createRequests } from './ledger/requests.ts'
import { createRuns } from './ledger/runs.ts'
import { type Log, logWith } from './log.ts'
import { createMetrics } from './metrics/createMetrics.ts'
import { createModels } from './models/createModels.ts'
import { createNotices } from './notices/createNotices.ts'
import { createReminders } from './notices/createReminders.ts'
import { createPool } from './postgres/createPool.ts'
import { createExperimentReader } from './postgres/experimentReader.ts'
import { createModelRegistry } from './postgres/modelRegistry.ts'
import { createProfiles } from './profiles/createProfiles.ts'
import { createProjection } from './projection/createProjection.ts'
import { createReconciler } from './projection/createReconciler.ts'
import { loadSealer } from './projection/sealer.ts'
import { createRollBacks } from './rollBacks/createRollBacks.ts'
import { createRunCommands } from './runs/createRunCommands.ts'
import { createRunReader } from './runs/createRunReader.ts'
import { createRunFiles } from './runs/runFiles.ts'
import { openSecrets } from './secrets/openSecrets.ts'
import { createSettings } from './settings/createSettings.ts'
import { createStack, type StackServer } from './stack/createStack.ts'
import { createStarter } from './starter/createStarter.ts'
import { createFileStore } from './store/fileStore.ts'
import { createViews } from './views/createViews.ts'
import { createActivityDeps } from './worker/activityDeps.ts'
import { createTemporalLink } from './worker/createTemporalLink.ts'
import { holdForKeys } from './worker/hold.ts'
import { observeInLog } from './worker/observeInLog.ts'
import { createWorkers } from './worker/workers.ts'
import { createWorkerProcess } from './workerProcess/createWorkerProcess.ts'
import { tellWriteRefusals } from './writeRefusals.ts'

// The audit writes down an order once it is carried out, and two machines' clocks differ.
const auditTrailsMs = 60_000

interface Options {
  home: Home
  paths: AppPaths
  log: Log
  host: HostPowers
  /** Name of the profile; default: GATEHOUSE_PROFILE, else what the profiles file says. */
  profile?: string
}

/**
 * Puts the host's parts together, in the order in which one file goes through them. Returns as soon as files can be
 * accepted; Temporal and Postgres come up behind it, and what needs them waits in an outbox.
 * @throws when the data folder or its ledger cannot be used at all.
 */
export async function createBackend({ home, paths, log, host, profile }: Options): Promise<Backend> {
  // What everything else stands on.
  const version = appVersion(paths.root)
  makeHome(home)
  const { emit, onEvent } = createEventHub(log)
  const settings = createSettings(home, paths.resources, log)
  const ledger = openLedger(home.ledger)
  const audit = createAudit(ledger)
  const disk = createDiskWatch({ folder: home.root, log })
  const store = createFileStore(home.store)
  const secrets = await openSecrets({ home, log, startHelper: host.startHelper })
  const stack = createStack({ home, paths, secrets, log, profile })
  const profiles = createProfiles({
    ...{ stack, secrets, log },
    canRestart: host.restart !== undefined,
    onChange: (state) => emit('profiles.changed', { state }),
  })
  const notices = createNotices({
    ledger,
    emit,
    settings: settings.get,
    awaitsDecision: (workflowId) => projection.get(workflowId)?.stage === 'AwaitingApproval',
  })

  // What a scraper may ask for.
  const metrics = createMetrics({
    ...{ version, profile: stack.profile, folder: home.root, ledger, log },
    parts() {
      // The disk has figures of its own.
      const { profile: _, temporalUiUrl: __, unusable: ___, disk: ____, ...parts } = health()
      return parts
    },
    runsByStage: () => projection.byStage(),
    awaitingApproval: () => awaitingApproval(),
    intakeQueue: () => intake.queue(),
    workers: () => workers.list(),
    slots: () => temporal.slots(),
    keys: () => keyRing.state(),
    drillsOn: () => drills.list().drills.filter(({ on }) => on !== null).length,
    settings: () => settings.get().metrics,
    onState: (state) => emit('metrics.changed', { state }),
  })
  onEvent((name, payload) => {
    if (name !== 'intake.changed') return
    const { entries } = payload as EventPayload<'intake.changed'>
    metrics.filesTold(entries)
    if (entries.some(({ code }) => code === 'diskFull')) disk.refused()
  })

  // The console's picture of every run.
  const projection = createProjection({
    ledger,
    sealer: await loadSealer(secrets, log),
    emit,
    onTransition: (record, from) => {
      notices.runChanged(record, from)
      metrics.runChanged(record)
      // The model's row is there once its experiment was logged; each stage after that may change what is said of it.
      if (record.modelId && record.stage !== 'LoggingExperiment') emit('models.changed', { modelIds: [record.modelId] })
      if (!isEndStage(record.stage)) return
      drills.runEnded(record.workflowId)
      // Who asked for that, and why, stands in its history alone.
      if (record.stage === 'Cancelled' && !record.gone) reconciler.refresh(record.workflowId)
      if (record.runId !== null) {
        const { workflowId, runId } = record
        void steps.forget(runId).catch((error) => log.warn({ workflowId, runId, err: error }, 'scratch was left'))
      }
    },
    onAttemptTimedOut: metrics.timedOut,
    onAttemptFailed: (workflowId) => reconciler.refresh(workflowId),
    log,
  })
  const awaitingApproval = () =>
    projection.open().filter(({ stage, decisionPending }) => stage === 'AwaitingApproval' && !decisionPending)
  const views = createViews({
    file: join(home.config, 'run-views.json'),
    onChange: (state) => emit('views.changed', { state }),
    log,
  })
  const reconciler = createReconciler({ projection, client: () => temporal.client(), log })

  // Whatever reaches Temporal is sealed by these keys, and read by whom the operator lets.
  const keyEnvironment = takeKeyEnvironment()
  const keyRing = createKeyRing({
    home,
    secrets,
    log,
    openRuns: () => projection.open().map(({ workflowId, acceptedAt }) => ({ workflowId, begunAt: acceptedAt })),
    runsWereStarted: createRuns(ledger).anyStarted(),
    environment: keyEnvironment,
  })
  const codecServer = createCodecServer({
    codecFor: (namespace) => createEncryptionCodec({ keys: keyRing.source, namespace, sampleKeyIds: sampleKeyIds() }),
    namespace: () => temporal.namespace(),
    temporalUiUrl: () => stack.status().temporalUiUrl,
    log,
  })
  const encryption = createEncryption({
    ring: keyRing,
    codecServer,
    audit,
    emit,
    log,
    operator: () => settings.get().operator,
    host: hostName(),
  })

  // A second worker, in a process of its own.
  const workerProcess = createWorkerProcess({
    script: paths.helpers.worker,
    start: host.startProcess,
    home: home.root,
    variables: () => ({
      ...(process.env as Record<string, string>),
      ...keyVariables(keyEnvironment),
      ...(profile === undefined ? {} : { GATEHOUSE_PROFILE: profile }),
    }),
    secret: (name) => secretForWorker({ secrets, keys: keyRing.source }, name),
    onChange: (state) => emit('workers.changed', { process: state }),
    log,
  })

  // Faults that the operator switches on.
  const heldBy = (server: StackServer, name: string): PausableServer => ({
    canPause: stack.ownsServers,
    pause: () =>
      stack.pause(server, {
        message: `Stopped by the drill "${name} stopped".`,
        remedy: `Switch the drill off under Drills, or with "gatehouse drills off ${server}-down"; the server then starts at once.`,
      }),
    resume: () => stack.resume(server),
  })
  const linkTo = (server: StackServer): DrilledLink => ({
    canSet: stack.ownsLinks,
    set: (condition, name) =>
      stack.setLink(server, condition, {
        message: name === null ? '' : `The drill "${name}" is on.`,
        remedy: name === null ? '' : `Switch it off under Drills, or with "gatehouse drills off --all"; what waits goes on then.`,
      }),
  })
  const drills = createDrills({
    home,
    ledger,
    emit,
    log,
    operator: () => settings.get().operator,
    host: hostName(),
    runs: {
      fileName: (workflowId) => projection.get(workflowId)?.fileName ?? null,
      hasEnded: (workflowId) => isEndStage(projection.get(workflowId)?.stage ?? 'Queued'),
    },
    production: stack.production,
    servers: { postgres: heldBy('postgres', 'Postgres'), temporal: heldBy('temporal', 'Temporal') },
    links: { postgres: linkTo('postgres'), temporal: linkTo('temporal') },
    worker: createDrillWorker({
      process: workerProcess,
      isThrough(workflowId) {
        const stage = projection.get(workflowId)?.stage
        return stage === undefined || stage === 'AwaitingApproval' || isEndStage(stage)
      },
    }),
  })

  // The pipeline's steps, and the worker that runs them.
  const endpoints = createEndpoints({ folder: join(home.root, 'deployments'), store, threadFile: paths.threads.serving, log })
  const pool = createPool({ config: () => drills.login(stack.postgres()), problem: stack.postgresProblem, log })
  const steps = createActivityDeps({
    ...{ home, paths, store, pool, endpoints, log },
    codeVersion: version,
    faults: drills.faults,
    pipelineFor: settings.pipelineFor,
  })
  const experiments = createExperimentReader(pool)
  const registry = createModelRegistry(pool)
  const dataConverters = (namespace: string) => {
    const both = { namespace, sampleKeyIds: sampleKeyIds() }
    const client = createEncryptionCodec({ ...both, keys: keyRing.source })
    const worker = createEncryptionCodec({ ...both, keys: keyRing.patientSource, handOnUnreadable: true })
    return {
      client: createDataConverter([client], paths.failureConverter),
      worker: createDataConverter([worker], paths.failureConverter),
    }
  }
  const temporal = createTemporalLink({
    address: stack.temporal,
    workflowBundle: paths.workflowBundle,
    deps: steps.deps,
    observer: observeAll(projection.observer, metrics.observer, observeInLog(log)),
    dataConverters,
    hold: () => workers.hold() ?? holdForKeys(keyRing.problem()),
    identity: `${accountName()}@${hostName()}`,
    log: logWith(log, () => ({ encryption: encryption.mode() })),
  })
  const workers = createWorkers({
    client: temporal.client,
    ask: (client) => workersOf(client, taskQueue),
    host: hostName(),
    processId: process.pid,
    onSwitch: temporal.holdChanged,
    process: workerProcess,
  })
  const connected = () => {
    const client = temporal.client()
    if (!client) throw unavailable('temporal', 'Temporal cannot be reached now. Nothing was lost; this goes on when it is back.')
    return client
  }

  // From the inbox to a started run, and from a click to a decided one.
  const starter = createStarter({
    ledger,
    start: (workflowId, input) => startRun(connected(), workflowId, input),
    canStart: () => temporal.client() !== null && keyRing.problem() === null && !backups.holds(),
    startsPerSecond: () => settings.get().startsPerSecond,
    onStarted: (workflowId, runId) =>
      projection.update(workflowId, { runId, startedAt: new Date().toISOString(), problem: null }),
    onProblem: (workflowId, message) => projection.update(workflowId, { problem: message }),
    log,
  })
  const intake = createIntake({
    ledger,
    store,
    settings: settings.get,
    submittedBy: () => settings.get().operator,
    runSettings: settings.forRun,
    thread: paths.threads.intake,
    emit,
    log,
    onLag: metrics.fileAccepted,
    onAccepted: (workflowIds) => {
      projection.load(workflowIds)
      starter.wake()
    },
  })
  const decisions = createDecisionOutbox({
    ledger,
    deliver: async (decision) => {
      const delivery = await decide(connected(), decision)
      metrics.decided(decision.decision, delivery.state)
      return delivery
    },
    canDeliver: () => temporal.client() !== null && keyRing.problem() === null && !backups.holds(),
    awaitsDecision: (workflowId) => projection.get(workflowId)?.stage === 'AwaitingApproval',
    approvals: (workflowId) => projection.get(workflowId)?.approvals ?? null,
    onChange: (workflowId, pending) => {
      projection.update(workflowId, { decisionPending: pending })
      reconciler.refresh(workflowId)
    },
    onLateDelivery: ({ workflowId, decisionId, decision, operator, host, reason }, delivery) => {
      const problem = delivery.state === 'refused' ? delivery.message : null
      const event = problem === null ? 'done' : 'refused'
      audit.add({
        ...{ topic: 'call', name: 'runs.decide', event, operator, host, workflowId, step: null, attempt: null },
        ...{ at: new Date().toISOString(), detail: decision, reason, problem, ref: `${decisionId} ${event}` },
      })
      if (problem !== null) notices.decisionRefused(projection.get(workflowId), workflowId, problem)
    },
    log,
  })
  // Here nothing is sent anywhere: what fails has changed nothing.
  const requests = createRequests({ ledger, isAnswer: () => true })
  const backups = createBackups({
    ...{ home, appVersion: version, emit, log },
    profile: () => stack.profile,
    ownsServers: stack.ownsServers,
    postgres: stack.postgres,
    keys: { list: () => keyRing.state().keys, exportKey: keyRing.exportKey },
    onRelease() {
      starter.wake()
      decisions.wake()
    },
  })
  const diagnostics = createDiagnostics({
    ...{ home, appVersion: version, log },
    async secrets() {
      const keys = keyRing.state().keys.filter(({ state }) => state !== 'retired')
      const kept = await Promise.all(keys.map(({ id }) => secrets.read(dataKeySecret(id)).catch(() => null)))
      return textsIn([...secrets.known(), ...kept])
    },
    examine: host.examine,
    failures: async (limit) => projection.list({ stages: ['Failed', 'TimedOut'], limit, offset: 0 }).runs,
    metrics: metrics.text,
  })
  const commands = createRunCommands({
    ledger,
    projection,
    connected,
    operator: () => `${settings.get().operator}@${hostName()}`,
    refresh: reconciler.refresh,
  })
  const rollBacks = createRollBacks({
    ledger,
    endpoints,
    record: registry.recordRollBack,
    onChange: (environment) => emit('deployments.changed', { environments: [environment] }),
    onLateRefusal: notices.rollBackRefused,
    log,
  })
  const models = createModels({ registry, endpoints, store, rollBacks, run: projection.get })
  const files = createRunFiles({ projection, store })
  const candidates = createCandidates({ run: projection.get, files, endpoints, registry })
  const reminders = createReminders({
    ledger,
    waiting: awaitingApproval,
    settings: settings.get,
    tell: notices.tell,
  })
  const temporalRecord = createTemporalRecord({ ledger, audit, run: projection.get, log })
  onEvent((name, payload) => {
    if (name === 'runs.changed') temporalRecord.runsChanged((payload as EventPayload<'runs.changed'>).runs)
  })
  const searcher = createHistorySearch()
  keyRing.onChange(() => {
    if (keyRing.problem() !== null) searcher.forget()
  })
  const runs = createRunReader({
    searcher,
    projection,
    endpointAddress: (environment) => endpoints.status()[environment].address,
    client: temporal.client,
    namespace: temporal.namespace,
    temporalUiUrl: () => stack.status().temporalUiUrl,
    askedToReset: (workflowId, at) => {
      const asked = audit
        .all(500, workflowId)
        .find(
          (entry) =>
            entry.name === 'runs.actOnStep' &&
            entry.detail === 'restart' &&
            Math.abs(Date.parse(entry.at) - Date.parse(at)) < auditTrailsMs,
        )
      return asked ? `${asked.operator}@${asked.host}` : null
    },
  })

  const guide = createGuide({
    file: join(home.root, 'guide.json'),
    folder: join(home.root, 'guide'),
    // As a window asks, so that what the demonstration does is checked and on record like anything else.
    host: { call: async (name, input) => recorded.handlers[name](calls[name].input.parse(input) as never) as never },
    settings: settings.get,
    production: stack.production,
    replay: (workflowId) => {
      const runId = projection.get(workflowId)?.runId
      if (!runId) throw notFound(`There is no run ${workflowId} in Temporal yet.`)
      const dataConverter = dataConverters(temporal.namespace()).client
      return replayRun(connected(), { workflowId, runId, workflowBundle: paths.workflowBundle, dataConverter })
    },
    readCode: (file) => readFile(join(paths.code.folder, file + paths.code.suffix), 'utf8'),
    onEvent,
    emit,
    log,
  })

  const diffs = createDiffs({
    detail: runs.detail,
    runPayloads: runs.runPayloads,
    stepPayloads: runs.payloads,
    profile: files.profile,
    report: files.report,
  })

  // The same list each time: by it a value that is late is known again.
  const fileCodecs = new Map<string, PayloadCodec[]>()
  const historyFiles = createHistoryFiles(() => {
    const namespace = temporal.namespace()
    const codecs = fileCodecs.get(namespace) ?? dataConverters(namespace).client.payloadCodecs ?? []
    fileCodecs.set(namespace, codecs)
    return codecs
  })

  const health = (): StackHealth => ({
    ...stack.status(),
    profile: stack.profile,
    worker: temporal.worker(),
    inbox: intake.health(),
    ...endpoints.status(),
    secrets: secrets.describe(),
    unusable: [settings, drills, views, guide, secrets, endpoints, keyRing, backups].flatMap((part) => part.unusable()),
    disk: disk.part(),
  })

  // What hangs together: a part that comes up wakes whatever waited for it.
  let postgresWasUp = false
  let temporalWasUp = false
  let keysWereThere = true
  let told = ''
  const look = () => {
    const current = health()
    const temporalIsUp = temporal.client() !== null
    if (temporalIsUp && !temporalWasUp) {
      starter.wake()
      decisions.wake()
      reconciler.sweep()
    }
    temporalWasUp = temporalIsUp
    const keysAreThere = keyRing.problem() === null
    if (keysAreThere && !keysWereThere) {
      starter.wake()
      decisions.wake()
    }
    keysWereThere = keysAreThere
    const postgresIsUp = current.postgres.state === 'up'
    if (postgresIsUp && !postgresWasUp) {
      rollBacks.wake()
      void retryWhatWaitsForPostgres()
    }
    postgresWasUp = postgresIsUp
    const asText = JSON.stringify(current)
    if (asText === told) return
    told = asText
    notices.stackChanged(current)
    emit('stack.changed', { health: current })
  }

  /** Attempts that Postgres made wait run now, not after the rest of their back-off. */
  async function retryWhatWaitsForPostgres(): Promise<void> {
    const client = temporal.client()
    if (!client) return
    for (const { workflowId, runId, stage, problem } of projection.open()) {
      const activityId = stepThatNeedsPostgres[stage]
      // A failure is known at once; when the next attempt comes only after Temporal was asked.
      if (!activityId || !runId || !problem) continue
      await retryNow(client, { workflowId, runId, activityId }).catch((error) =>
        log.debug({ workflowId, err: error }, 'no attempt to hurry'),
      )
    }
  }

  stack.onChange(() => {
    temporal.addressChanged()
    look()
  })
  temporal.onChange(look)
  disk.onChange(look)
  keyRing.onChange(() => {
    temporal.holdChanged()
    look()
  })
  secrets.onChange(look)
  endpoints.onChange((environment) => {
    emit('deployments.changed', { environments: [environment] })
    look()
  })
  intake.onHealth(look)
  settings.onChange((next) => {
    emit('settings.changed', { settings: next })
    look()
    intake.settingsChanged()
    void metrics.endpoint.settingsChanged()
  })
  settings.onEdit((before, now) => {
    const changes = settingChanges(before, now)
    audit.add({
      ...{ topic: 'call', name: 'settings.set', event: 'done', operator: 'whoever edited the file', host: hostName() },
      ...{ workflowId: null, step: null, attempt: null, at: new Date().toISOString() },
      ...{ detail: `by hand: ${changes.map(({ field }) => field).join(', ')}`, changes },
    })
  })
  let auditTold = audit.lastId()
  /** Several parts write the audit, each by itself. */
  const lookAtAudit = () => {
    const id = audit.lastId()
    if (id !== auditTold) emit('audit.changed', { id })
    auditTold = id
  }
  let ledgerWasFree = true
  const ledgerIsFree = () => {
    const free = isLedgerFree(ledger)
    if (free !== ledgerWasFree) {
      log.warn({}, free ? 'the ledger can be written again' : 'another program holds the ledger; what is due waits for it')
    }
    ledgerWasFree = free
    return free
  }
  // The worker's line counts attempts; nothing tells when that number changes, so it is looked at. So is what comes due.
  const ticker = setInterval(() => {
    settings.takeEdits()
    look()
    encryption.look()
    try {
      if (ledgerIsFree()) {
        reminders.look()
        notices.look()
        audit.catchUp()
      }
      lookAtAudit()
    } catch (error) {
      log.error({ err: error }, 'what is due could not be told; it is tried again')
    }
  }, 2_000)

  await disk.look()
  drills.start()
  void steps.clean()
  stack.start()
  await endpoints.start()
  rollBacks.start()
  void intake.start().catch((error) => log.error({ err: error }, 'the intake did not start'))
  starter.wake()
  void metrics.endpoint.settingsChanged()

  const backend: Omit<Backend, 'inputRefused'> = {
    onEvent,
    health,
    receiveUpload: intake.receiveUpload,
    handlers: {
      'app.selfTest': () => host.selfTest(),
      'app.info': () => ({
        version,
        home: home.root,
        operator: settings.get().operator,
        host: hostName(),
        platform: process.platform,
      }),

      'runs.list': projection.list,
      'views.list': views.state,
      'views.save': ({ view }) => views.save(view),
      'views.remove': ({ id }) => views.remove(id),
      'views.keepColumns': ({ columns }) => views.keepColumns(columns),
      'runs.get': ({ workflowId }) => runs.detail(workflowId),
      'runs.payloads': ({ workflowId, step }) => runs.payloads(workflowId, step),
      'history.page': runs.history,
      'history.openFile': historyFiles.open,
      'history.filePage': historyFiles.page,
      'history.filePayload': historyFiles.payload,
      'history.search': runs.search,
      'history.export': async (asked) => {
        const piece = await runs.exported(asked)
        if (asked.after === null) {
          const { operator } = settings.get()
          const { workflowId, decoded } = asked
          audit.add({
            ...{ topic: 'call', name: 'history.export', event: 'done', operator, host: hostName(), workflowId, step: null },
            ...{ attempt: null, at: new Date().toISOString(), detail: decoded ? 'decoded' : 'as stored' },
          })
        }
        return piece
      },
      'history.payload': runs.payload,
      'runs.diff': diffs.runs,
      'runs.diffAttempts': diffs.attempts,
      'runs.values': ({ workflowId }) => runs.values(workflowId),
      'runs.experiment': async ({ workflowId }) => {
        const run = projection.get(workflowId)
        if (!run) throw notFound(`There is no run ${workflowId} here.`)
        return run.runId === null ? { rows: 0, experiment: null } : experiments.find({ workflowId, runId: run.runId })
      },
      'runs.profile': ({ workflowId }) => files.profile(workflowId),
      'runs.report': ({ workflowId }) => files.report(workflowId),
      'runs.decide': async (input) => {
        if (!projection.get(input.workflowId)) throw notFound(`There is no run ${input.workflowId} here.`)
        const by = { operator: input.operator ?? settings.get().operator, host: hostName(), at: new Date().toISOString() }
        return { state: await decisions.decide({ ...input, ...by }) }
      },
      'runs.again': ({ workflowId, requestId }) => intake.runAgain(workflowId, requestId),
      'runs.cancel': async (input) => {
        await commands.cancel(input)
        return {}
      },
      'runs.terminate': async (input) => {
        await commands.terminate(input)
        return {}
      },
      'runs.actOnStep': async (input) => {
        await commands.actOnStep(input)
        return {}
      },

      'intake.list': ({ limit }) => ({ entries: intake.list(limit) }),
      'intake.submit': async ({ paths: files, origin }) => ({ entries: await intake.submit(files, origin) }),

      'models.list': models.list,
      'models.get': ({ modelId }) => models.get(modelId),
      'deployments.list': models.deployments,
      'deployments.rollBack': async (input) => {
        const by = { operator: input.operator ?? settings.get().operator, host: hostName(), at: new Date().toISOString() }
        return { state: await rollBacks.decide({ ...input, ...by }) }
      },

      ...encryption.handlers,

      'approvals.list': ({ workflowIds }) => candidates.list(workflowIds),

      'audit.list': ({ limit, before, ...filter }) => ({
        ...audit.page(filter, { limit, before }),
        operators: audit.operators(),
      }),

      'stack.health': health,
      'stack.retry': () => {
        stack.retry()
        return {}
      },

      'workers.list': workers.list,
      'workers.tell': ({ events }) => {
        for (const event of events) {
          projection.hear(event)
          // What a stage brings with it, metrics and checks, the workflow alone knows.
          if (event.kind === 'stage') reconciler.refresh(event.workflowId)
        }
        return {}
      },
      'workers.switch': async ({ on, reason, requestId }) => {
        await requests.once(requestId, `worker ${on ? 'on' : 'off'}`, async () =>
          workers.switch(on, settings.get().operator, reason),
        )
        look()
        return {}
      },

      'workers.switchProcess': async ({ on, reason, requestId }) => {
        const asked = { by: settings.get().operator, reason }
        await requests.once(requestId, `worker process ${on ? 'on' : 'off'}`, () =>
          on ? workerProcess.start(asked) : workerProcess.stop(asked),
        )
        return {}
      },

      'backup.make': backups.make,
      'backup.state': backups.state,
      'backup.stop': () => {
        backups.stop()
        return {}
      },
      'diagnostics.list': diagnostics.list,
      'diagnostics.make': ({ file }) => diagnostics.make(file),
      'diagnostics.read': ({ name, from }) => diagnostics.read(name, from),

      'settings.get': settings.get,
      'settings.set': ({ settings: next, over }) => settings.set(next, over),
      'settings.about': () => ({
        defaults: settings.defaults,
        before: settings.before(),
      }),
      'profiles.list': profiles.state,
      'profiles.check': ({ name }) => profiles.check(name),
      'profiles.use': ({ name }) => profiles.use(name),
      'metrics.get': metrics.endpoint.state,
      'notices.test': () => {
        notices.test()
        return {}
      },

      'drills.list': drills.list,
      'drills.set': async ({ name, to, requestId }) => {
        await requests.once(requestId, `drill ${name} ${JSON.stringify(to)}`, async () => {
          await drills.set(name, to)
        })
        return drills.list()
      },
      'drills.meet': async (attempt) => ({ fault: await drills.bareWorkerFaults.before(attempt) }),

      'guide.get': guide.state,
      'guide.begin': guide.begin,
      'guide.act': ({ phase, step }) => guide.act(phase, step),
      'guide.play': ({ phase, fresh }) => guide.play(phase, fresh),
      'guide.stop': guide.stop,
      'guide.again': ({ phase }) => guide.again(phase),
      'guide.end': async () => ({ putBack: await guide.end() }),
      'guide.code': async ({ file }) => ({ text: await guide.code(file) }),

      'host.focus': host.focus,
      'host.stop': () => {
        host.stop()
        return {}
      },
      'host.restart': () => {
        if (!host.restart) throw refused('This Gatehouse cannot start itself anew. Stop it, and start it the way it was started.')
        host.restart()
        return {}
      },
    },

    async close() {
      clearInterval(ticker)
      disk.close()
      guide.close()
      // It reads the parts that end now.
      await metrics.endpoint.close()
      await intake.close()
      await starter.close()
      await decisions.close()
      await rollBacks.close()
      await reconciler.close()
      await encryption.close()
      await Promise.all([workerProcess.close(), temporal.close()])
      await steps.close()
      keyRing.close()
      drills.close()
      // What is still in memory is written last.
      await whenLedgerFree(ledger).catch((error) => log.error({ err: error }, 'another program holds the ledger'))
      projection.close()
      await endpoints.close()
      await pool.close()
      await stack.close()
      // Not before: whatever changes on the way down is looked at together with the keys.
      keyRing.close()
      const lost = audit.catchUp()
      if (lost.length > 0) log.error({ lost }, 'what was done last could not be put on record')
      ledger.close()
      log.info('closed')
    },
  }
  const worded = tellWriteRefusals({ backend, onDiskFull: disk.refused, log })
  const recorded = recordWrites({ backend: worded, audit, settings: settings.get, host: hostName(), log })
  guide.start()
  return { ...backend, ...recorded }
}

const stepThatNeedsPostgres: Partial<Record<string, string>> = {
  LoggingExperiment: 'log_experiment',
  DeployingDev: 'deploy_dev',
  DeployingProd: 'deploy_prod',
  AwaitingApproval: 'record_decision',
}

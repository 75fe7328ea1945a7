import { posix } from 'node:path'
import type pg from 'pg'
import {
  type ActiveDrill,
  type AuditEntry,
  type DrillName,
  type DrillOrder,
  type DrillScope,
  type DrillsState,
  drillNames,
  type Fault,
  type StepAttempt,
} from '../../../contract/drills.ts'
import { conflict, invalid } from '../../../contract/errors.ts'
import type { Emit } from '../../../contract/events.ts'
import { assertNever, type UnusableFile } from '../../../contract/model.ts'
import type { Faults } from '../../../temporal/activities/faults.ts'
import type { Home } from '../home.ts'
import { createAudit } from '../ledger/audit.ts'
import type { Ledger } from '../ledger/openLedger.ts'
import type { Log } from '../log.ts'
import type { StackServer } from '../stack/createStack.ts'
import type { LinkCondition } from '../stack/tcpProxy.ts'
import { type ActiveDrills, createDrillsFile } from './drillsFile.ts'
import type { DrillWorker } from './drillWorker.ts'
import { failureFileName, type ReadFailureFile, readFailureFile, simulated } from './failureFile.ts'
import { linkDrills, serverWords } from './linkDrills.ts'
import { type DrillDefinition, definitionOf, registry } from './registry.ts'

export interface Drills {
  list(): DrillsState
  /** Their files that cannot be obeyed now. */
  unusable(): UnusableFile[]
  /**
   * Switches a drill on (anew, where it is on) or off; comes back once that holds.
   * @throws CallFailed `invalid` for an option that this drill does not take, or where a production profile's name was not
   * typed; `conflict` where there is no such part to stop
   */
  set(name: DrillName, to: DrillOrder | null): Promise<DrillsState>
  /** What the host's own worker asks before each attempt. */
  faults: Faults
  /** What a bare worker beside the host asks. */
  bareWorkerFaults: Faults
  /** How to log in to Postgres: as it is right, or as a drill has it wrong. */
  login(right: pg.PoolConfig | null): pg.PoolConfig | null
  /** Ends the drills that were for this run alone. */
  runEnded(workflowId: string): void
  /** Obeys what was left on. Call it before the stack starts, so that what a drill keeps stopped does not start first. */
  start(): void
  close(): void
}

export interface DrillsOptions {
  home: Pick<Home, 'config'>
  ledger: Ledger
  emit: Emit
  log: Log
  /** Who switches, for the audit. */
  operator(): string
  host: string
  runs: {
    /** null for a run that is not known here (yet). */
    fileName(workflowId: string): string | null
    hasEnded(workflowId: string): boolean
  }
  servers: Record<StackServer, PausableServer>
  links: Record<StackServer, DrilledLink>
  worker: DrillWorker
  /** Name of the profile in use where that is marked as production; null otherwise. */
  production(): string | null
  random?: () => number
  now?: () => number
}

/** A server that a drill stops and starts. */
export interface PausableServer {
  /** false where the server is somebody else's. */
  canPause(): boolean
  /** Comes back once the server is stopped. */
  pause(): Promise<void>
  resume(): void
}

/** The network between this host and a server. */
export interface DrilledLink {
  /** false where it is not ours to disturb. */
  canSet(): boolean
  /** Makes it so; does nothing where it is so already. @param name title of the drill that asks for it; null for an open one */
  set(condition: LinkCondition, name: string | null): void
}

/** So soon a time that is over ends a drill, and a changed failure file shows. Uses look for themselves. */
const lookEveryMs = 1_000
/** Uses of a busy minute are told together. */
const tellAfterMs = 100
const auditShown = 50

/** No secret: it opens nothing. */
const wrongPassword = 'wrong on purpose (drill)'

const off: ReadFailureFile = { path: '', state: 'absent', activity: null, problem: null }

/** Faults on purpose: which are on, whom they hit, when they end, and the record of it all. */
export function createDrills(options: DrillsOptions): Drills {
  const { log, emit, servers, links, runs, worker } = options
  const random = options.random ?? Math.random
  const now = options.now ?? Date.now
  const audit = createAudit(options.ledger)
  const file = createDrillsFile(options.home.config)
  const read = file.read()
  let problem = read.problem
  if (problem) log.warn(problem)
  let active: ActiveDrills = read.drills
  let failures = off
  let revision = 0
  let teller: NodeJS.Timeout | null = null
  let looker: NodeJS.Timeout | null = null
  let closed = false

  const serverOf = (name: DrillName): PausableServer | null =>
    name === 'postgres-down' ? servers.postgres : name === 'temporal-down' ? servers.temporal : null
  /** What was switched on for another profile does nothing in one that is marked as production. */
  const inForce = (name: DrillName): ActiveDrill | undefined => {
    const production = options.production()
    const on = active[name]
    return production === null || on?.profile === production ? on : undefined
  }
  const linkOf = (name: DrillName): StackServer | null => linkDrills.find((drill) => drill.name === name)?.server ?? null
  const isAvailable = (name: DrillName) => {
    const server = linkOf(name)
    return server ? links[server].canSet() : (serverOf(name)?.canPause() ?? true)
  }
  /** Where two drills are on, the worse one holds. */
  const setLinks = () => {
    for (const server of ['postgres', 'temporal'] as const) {
      const drill = linkDrills.find((one) => one.server === server && inForce(one.name))
      links[server].set(drill ? drill.condition(inForce(drill.name)?.seconds ?? null) : { kind: 'open' }, drill?.title ?? null)
    }
  }

  function list(): DrillsState {
    return {
      drills: registry
        .filter(({ name }) => isAvailable(name))
        .map(({ name, title, description, options: takes }) => ({
          name,
          title,
          description,
          options: takes,
          on: active[name] ?? null,
        })),
      failureFile: failures,
      production: options.production(),
      problem,
      audit: audit.latest('drill', auditShown).map(({ topic: _, name, ...entry }) => ({ ...entry, drill: name }) as AuditEntry),
      revision,
    }
  }

  const changed = () => {
    revision++
    if (closed) return
    teller ??= setTimeout(() => {
      teller = null
      try {
        emit('drills.changed', { state: list() })
      } catch (error) {
        log.error({ err: error }, 'the audit cannot be read')
      }
    }, tellAfterMs)
  }

  const record = (
    event: AuditEntry['event'],
    name: string,
    by: Pick<ActiveDrill, 'operator' | 'host'>,
    detail: string,
    attempt: StepAttempt | null = null,
  ) =>
    audit.add({
      at: new Date(now()).toISOString(),
      topic: 'drill',
      name,
      event,
      operator: by.operator,
      host: by.host,
      workflowId: attempt?.workflowId ?? null,
      step: attempt?.step ?? null,
      attempt: attempt?.attempt ?? null,
      detail,
    })

  /** On disk first: what was answered survives a crash. */
  const keep = (next: ActiveDrills) => {
    file.write(next)
    active = next
    problem = null
    changed()
  }

  const without = (name: DrillName): ActiveDrills => ({ ...active, [name]: undefined })

  function end(name: DrillName, why: string, by: Pick<ActiveDrill, 'operator' | 'host'>): void {
    keep(without(name))
    record('off', name, by, why)
    log.info({ drill: name, why }, 'drill off')
    letGo(name)
  }

  /** For ends that nobody waits for: a full disk must not stop what caused them. */
  function endQuietly(name: DrillName, why: string, on: ActiveDrill): void {
    try {
      end(name, why, on)
    } catch (error) {
      log.error({ err: error, drill: name }, 'the end of a drill could not be written; it is off until the next start')
      active = without(name)
      changed()
      letGo(name)
    }
  }

  function letGo(name: DrillName): void {
    serverOf(name)?.resume()
    setLinks()
    if (definitionOf(name).options.startsWorker) worker.end()
  }

  function endWhatIsOver(): void {
    for (const name of drillNames) {
      const on = active[name]
      if (on && !inForce(name)) endQuietly(name, `It was not meant for the profile ${options.production()}.`, on)
      if (on?.until != null && Date.parse(on.until) <= now()) endQuietly(name, 'Its time was over.', on)
    }
  }

  async function look(): Promise<void> {
    endWhatIsOver()
    worker.look()
    const seen = await readFailureFile(options.home.config, options.production())
    if (!closed) takeFailures(seen)
  }

  function takeFailures(seen: ReadFailureFile): void {
    if (JSON.stringify(seen) === JSON.stringify(failures)) return
    if (seen.problem) log.warn(seen.problem)
    else log.info({ file: seen.path, state: seen.state, activity: seen.activity }, 'failure file')
    failures = seen
    changed()
  }

  /** The fault that a drill has for this attempt; counts it, ends the drill after its last one. */
  function hit(definition: DrillDefinition, attempt: StepAttempt, fileName: string, isBare: boolean): Fault | null {
    const { name } = definition
    // The process of the host's own worker is the console's too.
    if (definition.options.startsWorker && !isBare) return null
    const on = inForce(name)
    if (on === undefined || !definition.steps.includes(attempt.step) || !isInScope(on, attempt.workflowId, fileName)) return null
    // Bound by the first run it meets, also where chance spares that attempt.
    const bound: ActiveDrill =
      on.scope.kind === 'next' && on.run === null ? { ...on, run: { workflowId: attempt.workflowId, fileName } } : on
    const fault = definition.fault(bound, random)
    if (fault === null) {
      if (bound !== on) keepQuietly({ ...active, [name]: bound })
      return null
    }
    if (definition.options.startsWorker) worker.hit(attempt.workflowId)
    const used: ActiveDrill = { ...bound, uses: bound.uses + 1 }
    keepQuietly({ ...active, [name]: used })
    recordQuietly(name, used, `${whatItDid(fault)} Hit ${used.uses}${used.count === null ? '' : ` of ${used.count}`}.`, attempt)
    if (used.count !== null && used.uses >= used.count) endQuietly(name, `It hit its ${used.count} attempts.`, used)
    return fault
  }

  const keepQuietly = (next: ActiveDrills) => {
    try {
      keep(next)
    } catch (error) {
      log.error({ err: error }, 'the count of a drill could not be written; it is kept in memory')
      active = next
      changed()
    }
  }
  const recordQuietly = (name: string, by: Pick<ActiveDrill, 'operator' | 'host'>, detail: string, attempt: StepAttempt) => {
    try {
      record('used', name, by, detail, attempt)
    } catch (error) {
      log.error({ err: error, drill: name, ...attempt }, 'a use of a drill could not be recorded')
    }
    log.info({ drill: name, ...attempt }, 'drill used')
    changed()
  }

  const faultsFor = (isBare: boolean): Faults => ({
    async before(attempt) {
      const seen = await readFailureFile(options.home.config, options.production())
      // Nothing is awaited from here on, so that two attempts never take the same last use.
      takeFailures(seen)
      endWhatIsOver()
      const wanted = seen.state === 'on' && seen.activity !== null ? simulated[seen.activity] : null
      if (wanted && (wanted.steps as readonly string[]).includes(attempt.step)) {
        const fault: Fault = { kind: 'fail', message: wanted.message }
        recordQuietly(failureFileName, { operator: options.operator(), host: options.host }, whatItDid(fault), attempt)
        return fault
      }
      const fileName = runs.fileName(attempt.workflowId) ?? fileNameFrom(attempt.workflowId)
      for (const definition of registry) {
        const fault = hit(definition, attempt, fileName, isBare)
        if (fault) return fault
      }
      return null
    },
  })

  return {
    list,
    unusable: () => [
      ...(problem === null ? [] : [{ file: file.path, problem }]),
      ...(failures.problem === null ? [] : [{ file: failures.path, problem: failures.problem }]),
    ],

    async set(name, to) {
      const definition = definitionOf(name)
      const by = { operator: options.operator(), host: options.host }
      endWhatIsOver()
      if (to === null) {
        if (active[name]) end(name, '', by)
        return list()
      }
      if (!isAvailable(name)) {
        const link = linkOf(name)
        if (link) {
          throw conflict(
            `The network to ${serverWords[link]} of this profile is not on this machine, so Gatehouse cannot disturb it. Nothing was switched.`,
          )
        }
        const server = name === 'temporal-down' ? 'Temporal' : 'Postgres'
        throw conflict(`This profile does not own its ${server}, so Gatehouse cannot stop it. Nothing was switched.`)
      }
      const production = options.production()
      if (production !== null && to.profile !== production) {
        throw invalid(
          `The profile ${production} is marked as production. Type its name to make something fail there on purpose. Nothing was switched.`,
          'to.profile',
        )
      }
      const on: ActiveDrill = { ...settle(definition, to, now()), profile: production, ...by }
      keep({ ...active, [name]: on })
      record('on', name, by, orderWords(definition, on))
      log.info({ drill: name, ...on }, 'drill on')
      setLinks()
      if (on.startsWorker) worker.begin(by.operator)
      await serverOf(name)?.pause()
      return list()
    },

    faults: faultsFor(false),
    bareWorkerFaults: faultsFor(true),

    login(right) {
      if (right === null) return null
      return {
        ...right,
        // The server itself judges both: nothing here pretends to be its answer.
        ...(inForce('postgres-password') && { password: wrongPassword }),
        ...(inForce('postgres-database') && { database: `${right.database}_drill` }),
      }
    },

    runEnded(workflowId) {
      for (const name of drillNames) {
        const on = active[name]
        if (on?.run?.workflowId === workflowId) endQuietly(name, 'Its run ended.', on)
      }
    },

    start() {
      for (const name of drillNames) {
        const on = active[name]
        if (on?.run && runs.hasEnded(on.run.workflowId)) endQuietly(name, 'Its run ended.', on)
      }
      endWhatIsOver()
      for (const name of drillNames) {
        const server = active[name] && serverOf(name)
        if (server?.canPause()) void server.pause()
        const on = active[name]
        if (on?.startsWorker) worker.begin(on.operator)
      }
      setLinks()
      void look()
      looker = setInterval(() => void look(), lookEveryMs)
    },

    close() {
      closed = true
      if (looker) clearInterval(looker)
      if (teller) clearTimeout(teller)
    },
  }
}

/** An order with its defaults. @throws CallFailed for what this drill does not take */
function settle(
  { title, options }: DrillDefinition,
  order: DrillOrder,
  now: number,
): Omit<ActiveDrill, 'operator' | 'host' | 'profile'> {
  const refuse = (field: string, what: string) => invalid(`"${title}" takes no ${what}. Nothing was switched.`, `to.${field}`)
  if (order.scope && !options.scope) throw refuse('scope', 'scope')
  if (order.count != null && !options.count) throw refuse('count', 'count')
  if (order.probability !== undefined && options.probability === null) throw refuse('probability', 'probability')
  if (order.seconds !== undefined && options.seconds === null) throw refuse('seconds', 'seconds')
  if (order.startsWorker && !options.startsWorker) throw refuse('startsWorker', 'worker process')
  return {
    scope: order.scope ?? { kind: options.scope ? 'next' : 'all' },
    run: null,
    uses: 0,
    count: order.count ?? null,
    until: order.minutes == null ? null : new Date(now + order.minutes * 60_000).toISOString(),
    probability: order.probability ?? options.probability,
    seconds: order.seconds ?? options.seconds,
    startsWorker: order.startsWorker ?? false,
    since: new Date(now).toISOString(),
  }
}

function isInScope({ scope, run }: ActiveDrill, workflowId: string, fileName: string): boolean {
  switch (scope.kind) {
    case 'next':
      return run === null || run.workflowId === workflowId
    case 'files':
      return posix.matchesGlob(fileName, scope.pattern)
    case 'all':
      return true
    default:
      return assertNever(scope)
  }
}

/** The stem that a workflow id was made with; the whole id for one that another client made up. */
const fileNameFrom = (workflowId: string) => {
  const stem = /^mlops-\d+-(.+)$/.exec(workflowId)?.[1]
  return stem === undefined ? workflowId : `${stem}.csv`
}

function whatItDid(fault: Fault): string {
  switch (fault.kind) {
    case 'fail':
      return `The attempt failed: ${fault.message}.`
    case 'delay':
      return `The attempt began ${fault.seconds} s later.`
    case 'crash':
      return 'The process of the worker was killed.'
    case 'gate':
      return 'The gate refused the model.'
    default:
      return assertNever(fault)
  }
}

function orderWords({ options }: DrillDefinition, on: ActiveDrill): string {
  const { scope, count, since, until, probability, seconds } = on
  const minutes = until === null ? null : (Date.parse(until) - Date.parse(since)) / 60_000
  const words = [
    options.scope ? `for ${scopeWords(scope)}` : '',
    count === null ? '' : `for ${count} attempts`,
    minutes === null ? '' : `for ${minutes} min`,
    probability === null ? '' : `with probability ${probability}`,
    seconds === null ? '' : `by ${seconds} s`,
    on.startsWorker ? 'with a worker process of its own' : '',
  ]
    .filter(Boolean)
    .join(', ')
  return words === '' ? '' : `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}

function scopeWords(scope: DrillScope): string {
  switch (scope.kind) {
    case 'next':
      return 'the next run'
    case 'files':
      return `files like ${scope.pattern}`
    case 'all':
      return 'everything'
    default:
      return assertNever(scope)
  }
}

import { conflict, invalid, notFound, refused } from '../../../contract/errors.ts'
import type { EnvironmentState } from '../../../contract/models.ts'
import { DatabaseProblem, type Deployer, DeployProblem } from '../../../temporal/activities/deps.ts'
import type { Environment } from '../../../temporal/types.ts'
import type { Endpoints } from '../endpoints/createEndpoints.ts'
import type { Deployed } from '../endpoints/deployments.ts'
import { createAudit } from '../ledger/audit.ts'
import { isLedgerFree, whenLedgerFree } from '../ledger/ledgerTurn.ts'
import type { Ledger } from '../ledger/openLedger.ts'
import type { Log } from '../log.ts'

/** A decision to serve an earlier model again. */
export interface RollBack {
  requestId: string
  environment: Environment
  modelId: string
  reason: string
  operator: string
  host: string
  at: string
}

/** One that was carried out, as the registry keeps it. */
export interface DoneRollBack extends RollBack {
  url: string
  deployedAt: string
  deployed: Deployed
}

export interface RollBacks {
  /**
   * Keeps the decision on disk, then carries it out. `pending` means that the endpoint could not take it in time and that
   * it goes on by itself. Idempotent by `requestId`.
   * @throws CallFailed `notFound` for a model that this environment never served, `conflict` when there is nothing to do or
   * another roll back is under way, `refused` when the model cannot be served; nothing was changed then
   */
  decide(decision: RollBack): Promise<'done' | 'pending'>
  /** What was decided and is not done yet. */
  pending(environment: Environment): EnvironmentState['pending']
  /** Carries out what an earlier host accepted; called once the endpoints are open. */
  start(): void
  /** Writes down at once what waits for Postgres; called when that comes back. */
  wake(): void
  close(): Promise<void>
}

interface Options {
  ledger: Ledger
  endpoints: Pick<Endpoints, 'record' | 'everDeployed'> & { deployer: Deployer }
  /** Writes it into the registry. Idempotent by `requestId`. @throws DatabaseProblem */
  record(done: DoneRollBack): Promise<void>
  onChange(environment: Environment): void
  /** A decision that was answered with `pending` could not be carried out: its operator must be told. */
  onLateRefusal(decision: RollBack, message: string): void
  log: Log
}

// A click is answered within this time; what takes longer is "pending" and goes on in the background.
const answerWithinMs = 15_000
/** Longer than the endpoint may take to read a model, so that the switch itself says what is wrong. */
const switchWithinMs = 120_000
const firstRetryMs = 1_000
const longestRetryMs = 15_000

type Outcome = { state: 'done' } | { state: 'refused'; message: string } | { state: 'pending' }

/** Goes back to earlier models: decided once, carried out once, written down in the ledger, the audit and Postgres. */
export function createRollBacks({ ledger, endpoints, record, onChange, onLateRefusal, log }: Options): RollBacks {
  const audit = createAudit(ledger)
  const insert = ledger.prepare(`
    INSERT INTO roll_back (request_id, environment, model_id, reason, operator, host, at)
    VALUES (@requestId, @environment, @modelId, @reason, @operator, @host, @at)`)
  const byId = ledger.prepare('SELECT * FROM roll_back WHERE request_id = ?')
  const inState = ledger.prepare('SELECT * FROM roll_back WHERE state = ? ORDER BY at')
  const acceptedIn = ledger.prepare(`SELECT * FROM roll_back WHERE state = 'accepted' AND environment = ? ORDER BY at`)
  const switched = ledger.prepare(
    `UPDATE roll_back SET state = 'switched', url = ?, deployed_at = ?, last_error = NULL WHERE request_id = ?`,
  )
  const settle = ledger.prepare('UPDATE roll_back SET state = ?, last_error = ? WHERE request_id = ?')
  const note = ledger.prepare('UPDATE roll_back SET last_error = ? WHERE request_id = ?')

  const ending = new AbortController()
  const underWay = new Map<string, Promise<Outcome>>()
  const answeredPending = new Set<string>()
  const timers = new Map<string, NodeJS.Timeout>()

  const writeAudit = (
    { environment, operator, host, reason }: Pick<RollBack, 'environment' | 'operator' | 'host' | 'reason'>,
    event: string,
    detail: string,
    problem: string | null = null,
  ) =>
    audit.add({
      at: new Date().toISOString(),
      topic: 'rollBack',
      name: environment,
      event,
      operator,
      host,
      workflowId: null,
      step: null,
      attempt: null,
      detail,
      reason,
      problem,
    })

  /** Why it is not done yet: a word to the operator, on which nothing hangs. */
  function noteProblem(requestId: string, error: unknown): void {
    try {
      if (isLedgerFree(ledger)) note.run((error as Error).message, requestId)
    } catch (problem) {
      log.warn({ requestId, err: problem }, 'what keeps a roll back could not be noted')
    }
  }

  /** Never runs twice at once for one decision. */
  function attempt(requestId: string, tries = 0): Promise<Outcome> {
    const running = underWay.get(requestId)
    if (running) return running
    const started = carryOut(byId.get(requestId) as Row)
      .catch((error: unknown): Outcome => {
        const wait = Math.min(longestRetryMs, firstRetryMs * 2 ** tries)
        log.warn({ requestId, err: error, againInMs: wait }, 'roll back not done yet')
        again(requestId, wait, tries + 1)
        noteProblem(requestId, error)
        return { state: 'pending' }
      })
      .finally(() => {
        underWay.delete(requestId)
        onChange((byId.get(requestId) as Row).environment)
      })
    underWay.set(requestId, started)
    return started
  }

  function again(requestId: string, wait: number, tries: number): void {
    if (ending.signal.aborted) return
    clearTimeout(timers.get(requestId))
    const timer = setTimeout(() => {
      timers.delete(requestId)
      void attempt(requestId, tries)
    }, wait)
    timers.set(requestId, timer)
  }

  /** Takes the decision as far as it can go now. @throws what passes by itself */
  async function carryOut(row: Row): Promise<Outcome> {
    // Nothing is switched of which the ledger could not take the answer.
    await whenLedgerFree(ledger)
    if (row.state === 'accepted') {
      const message = await switchBack(row)
      if (message !== null) {
        ledger.transaction(() => {
          settle.run('refused', message, row.request_id)
          writeAudit(row, 'refused', `${row.environment} back to ${row.model_id}`, message)
        })()
        if (answeredPending.delete(row.request_id)) onLateRefusal(decisionOf(row), message)
        return { state: 'refused', message }
      }
    }
    if (row.state === 'refused') return { state: 'refused', message: row.last_error ?? 'It was refused.' }
    // Written down beside the answer: the operator asked for a switch, and that has happened.
    void writeDown(row.request_id, 0)
    return { state: 'done' }
  }

  /** @returns why it is refused for good; null when it is done */
  async function switchBack(row: Row): Promise<string | null> {
    const { environment, model_id, request_id, operator, host, reason } = row
    const { confirmed } = await endpoints.record(environment)
    const isOurs = confirmed?.cause?.kind === 'rollBack' && confirmed.cause.request_id === request_id
    if (!isOurs && confirmed !== null && confirmed.deployed_at > row.at) {
      return `${confirmed.model_id} was deployed to ${environment} after this was decided; it is served on.`
    }
    const earlier = await endpoints.everDeployed(environment, model_id)
    if (earlier === null) return `${environment} has no record of ${model_id} any more.`
    const model = { sha256: earlier.sha256, uri: `sha256:${earlier.sha256}`, size_bytes: earlier.size_bytes }
    const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(switchWithinMs)])
    const cause = { kind: 'rollBack', request_id, operator, host, reason } as const
    try {
      const input = { environment, model_id, model, metrics: earlier.metrics }
      const { url, deployedAt } = await endpoints.deployer.deploy(input, signal, cause)
      ledger.transaction(() => {
        switched.run(url, deployedAt, request_id)
        writeAudit(row, 'switched', `${environment} serves ${model_id} again`)
      })()
      answeredPending.delete(request_id)
      log.info({ environment, model: model_id, requestId: request_id, operator }, 'rolled back')
      return null
    } catch (error) {
      if (error instanceof DeployProblem && neverMends.has(error.code)) return error.message
      throw error
    }
  }

  async function writeDown(requestId: string, tries: number): Promise<void> {
    const row = byId.get(requestId) as Row
    if (row.state !== 'switched' || ending.signal.aborted) return
    try {
      const deployed = await endpoints.everDeployed(row.environment, row.model_id)
      if (deployed === null) throw new Error(`the history of ${row.environment} no longer holds ${row.model_id}`)
      await record({ ...decisionOf(row), url: row.url ?? '', deployedAt: row.deployed_at ?? row.at, deployed })
      await whenLedgerFree(ledger)
      settle.run('recorded', null, requestId)
    } catch (error) {
      if (ending.signal.aborted) return
      const wait = Math.min(longestRetryMs, firstRetryMs * 2 ** tries)
      if (!(error instanceof DatabaseProblem) || error.kind !== 'weather') {
        log.error({ requestId, err: error, againInMs: wait }, 'a roll back could not be written to Postgres')
      }
      noteProblem(requestId, error)
      clearTimeout(timers.get(requestId))
      timers.set(
        requestId,
        setTimeout(() => void writeDown(requestId, tries + 1), wait),
      )
    }
  }

  async function accept(decision: RollBack): Promise<void> {
    const { environment, modelId, requestId } = decision
    const { confirmed } = await endpoints.record(environment)
    const earlier = await endpoints.everDeployed(environment, modelId)
    await whenLedgerFree(ledger)
    // From here on nothing is waited for, so that a double click is one decision.
    if (byId.get(requestId)) return
    const [other] = acceptedIn.all(environment) as Row[]
    if (other) {
      throw conflict(
        `${other.operator} has already decided to go back to ${other.model_id} in ${environment}; that is under way.`,
      )
    }
    if (confirmed?.model_id === modelId) throw conflict(`${environment} serves ${modelId} already. Nothing was changed.`)
    if (earlier === null) {
      throw notFound(
        `${modelId} was never served in ${environment}, so there is nothing to go back to. Only a run brings a new model there.`,
      )
    }
    ledger.transaction(() => {
      insert.run(decision)
      writeAudit(decision, 'decided', `${environment} back to ${modelId}`)
    })()
    onChange(environment)
  }

  return {
    async decide(decision) {
      const known = byId.get(decision.requestId) as Row | undefined
      if (known && (known.environment !== decision.environment || known.model_id !== decision.modelId)) {
        throw invalid(`The request ${decision.requestId} asked for ${known.model_id} in ${known.environment}.`, 'requestId')
      }
      if (!known) {
        await accept(decision).catch((error: Error) => {
          writeAudit(decision, 'refused', `${decision.environment} back to ${decision.modelId}`, error.message)
          throw error
        })
      }
      const late = new Promise<Outcome>((resolve) => setTimeout(resolve, answerWithinMs, { state: 'pending' }).unref())
      const outcome = await Promise.race([attempt(decision.requestId), late])
      if (outcome.state === 'refused') throw refused(outcome.message)
      if (outcome.state === 'pending') answeredPending.add(decision.requestId)
      return outcome.state
    },
    pending(environment) {
      const [row] = acceptedIn.all(environment) as Row[]
      if (!row) return null
      const { request_id, model_id, operator, reason, at, last_error } = row
      return { requestId: request_id, modelId: model_id, operator, reason, at, problem: last_error }
    },
    start() {
      for (const { request_id } of inState.all('accepted') as Row[]) {
        // Whoever decided this was not answered any more.
        answeredPending.add(request_id)
        void attempt(request_id)
      }
      this.wake()
    },
    wake() {
      for (const { request_id } of inState.all('switched') as Row[]) void writeDown(request_id, 0)
    },
    async close() {
      ending.abort(new Error('Gatehouse is closing; this goes on at its next start.'))
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.allSettled(underWay.values())
    },
  }
}

const neverMends: ReadonlySet<DeployProblem['code']> = new Set([
  'unknownEnvironment',
  'modelFileMissing',
  'modelHashMismatch',
  'modelNotServable',
])

interface Row {
  request_id: string
  environment: Environment
  model_id: string
  reason: string
  operator: string
  host: string
  at: string
  state: 'accepted' | 'switched' | 'recorded' | 'refused'
  url: string | null
  deployed_at: string | null
  last_error: string | null
}

const decisionOf = ({ request_id, environment, model_id, reason, operator, host, at }: Row): RollBack => ({
  requestId: request_id,
  environment,
  modelId: model_id,
  reason,
  operator,
  host,
  at,
})

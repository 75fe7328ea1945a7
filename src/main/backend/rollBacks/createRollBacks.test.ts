import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DatabaseProblem, type DeploymentCause, DeployProblem } from '../../../temporal/activities/deps.ts'
import type { EnvironmentRecord } from '../endpoints/createEndpoints.ts'
import type { Deployed } from '../endpoints/deployments.ts'
import { createAudit } from '../ledger/audit.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { openSharedLedger } from '../ledger/testing/sharedLedger.ts'
import { silentLog } from '../log.ts'
import { createRollBacks, type DoneRollBack, type RollBack } from './createRollBacks.ts'

const deployed = (model_id: string, deployed_at: string, cause?: DeploymentCause): Deployed => ({
  model_id,
  sha256: model_id.padEnd(64, '0'),
  size_bytes: 10,
  metrics: { mae: 1 },
  deployed_at,
  cause,
})

/** Endpoints that serve m-3 and served m-1 and m-2 before; `deploy` may be told to fail. */
function environmentsThatServed() {
  const history = [
    deployed('m-1', '2020-01-01T00:00:00.000Z'),
    deployed('m-2', '2021-01-01T00:00:00.000Z'),
    deployed('m-3', '2022-01-01T00:00:00.000Z'),
  ]
  const failures: (Error | null)[] = []
  const latest = () => history.at(-1) as Deployed
  return {
    history,
    failures,
    endpoints: {
      record: async () => ({ confirmed: latest() }) as EnvironmentRecord,
      everDeployed: async (_: string, id: string) => history.findLast(({ model_id }) => model_id === id) ?? null,
      deployer: {
        async deploy(
          { environment, model_id }: { environment: string; model_id: string },
          _: AbortSignal,
          cause: DeploymentCause,
        ) {
          const failure = failures.shift()
          if (failure) throw failure
          // As the real one: the same model again changes nothing.
          if (latest().model_id !== model_id) history.push(deployed(model_id, new Date().toISOString(), cause))
          return { url: `http://127.0.0.1:8081/models/${model_id}?${environment}`, deployedAt: latest().deployed_at }
        },
      },
    },
  }
}

function setUp({
  ledger = openLedger(':memory:'),
  served = environmentsThatServed(),
  record = async (_: DoneRollBack) => {},
} = {}) {
  const recorded: DoneRollBack[] = []
  const late: string[] = []
  const changed: string[] = []
  const rollBacks = createRollBacks({
    ledger,
    endpoints: served.endpoints,
    record: async (done) => {
      await record(done)
      recorded.push(done)
    },
    onChange: (environment) => changed.push(environment),
    onLateRefusal: (_, message) => late.push(message),
    log: silentLog,
  })
  const states = () => ledger.prepare('SELECT state FROM roll_back ORDER BY at').pluck().all()
  const audit = () =>
    createAudit(ledger)
      .latest('rollBack', 10)
      .reverse()
      .map(({ event, operator }) => `${event} by ${operator}`)
  return { rollBacks, ledger, served, recorded, late, changed, states, audit }
}
const decision = (over: Partial<RollBack> = {}): RollBack => ({
  requestId: randomUUID(),
  environment: 'prod',
  modelId: 'm-1',
  reason: 'm-3 drifts',
  operator: 'ada',
  host: 'desk',
  at: new Date().toISOString(),
  ...over,
})

describe('a decision to go back', () => {
  it('is carried out once, however often it is clicked, and written into ledger, audit and registry', async () => {
    const { rollBacks, served, recorded, states, audit } = setUp()
    const click = decision()
    expect(await Promise.all([rollBacks.decide(click), rollBacks.decide(click)])).toEqual(['done', 'done'])
    expect(await rollBacks.decide(click)).toBe('done')
    expect(served.history.map(({ model_id }) => model_id)).toEqual(['m-1', 'm-2', 'm-3', 'm-1'])
    expect(served.history.at(-1)?.cause).toMatchObject({ kind: 'rollBack', operator: 'ada', reason: 'm-3 drifts' })
    await expect.poll(states).toEqual(['recorded'])
    expect(recorded).toHaveLength(1)
    expect(recorded[0]).toMatchObject({ ...click, deployedAt: served.history.at(-1)?.deployed_at })
    expect(audit()).toEqual(['decided by ada', 'switched by ada'])
    await rollBacks.close()
  })

  it.each([
    [{ modelId: 'm-3' }, 'conflict', /serves m-3 already/],
    [{ modelId: 'm-9' }, 'notFound', /never served in prod/],
  ])('that has nowhere to go is refused at once: %o', async (over, kind, words) => {
    const { rollBacks, states, audit } = setUp()
    await expect(rollBacks.decide(decision(over))).rejects.toMatchObject({
      error: { kind, message: expect.stringMatching(words) },
    })
    expect(states()).toEqual([])
    expect(audit()).toEqual(['refused by ada'])
    await rollBacks.close()
  })

  it('is refused in words, for good, when the model cannot be served', async () => {
    const { rollBacks, served, states, audit } = setUp()
    served.failures.push(new DeployProblem('modelFileMissing', 'The file of model m-1 is not in the model store.'))
    const click = decision()
    for (const _ of [1, 2]) {
      await expect(rollBacks.decide(click)).rejects.toMatchObject({
        error: { kind: 'refused', message: /not in the model store/ },
      })
    }
    expect(served.history).toHaveLength(3)
    expect(states()).toEqual(['refused'])
    expect(audit()).toEqual(['decided by ada', 'refused by ada'])
    await rollBacks.close()
  })

  it('that another program keeps out of the ledger on the way goes on by itself, and happens once', async () => {
    const { ledger, hold, letGo, remove } = openSharedLedger()
    const served = environmentsThatServed()
    const { deploy } = served.endpoints.deployer
    let deploys = 0
    served.endpoints.deployer.deploy = (...args) => {
      if (++deploys === 1) hold()
      return deploy(...args)
    }
    const { rollBacks, states, audit } = setUp({ ledger, served })
    const click = decision()
    expect(await rollBacks.decide(click)).toBe('pending')
    expect(states()).toEqual(['accepted'])
    letGo()
    await expect.poll(states, { timeout: 10_000 }).toEqual(['recorded'])
    expect(served.history.map(({ model_id }) => model_id)).toEqual(['m-1', 'm-2', 'm-3', 'm-1'])
    expect(audit()).toEqual(['decided by ada', 'switched by ada'])
    await rollBacks.close()
    remove()
  })

  it('asked for under a known request with other contents is refused', async () => {
    const { rollBacks } = setUp()
    const click = decision()
    await rollBacks.decide(click)
    await expect(rollBacks.decide({ ...click, modelId: 'm-2' })).rejects.toMatchObject({ error: { kind: 'invalid' } })
    await rollBacks.close()
  })

  it('waits for a silent endpoint, shows that, and lets no second one in', async () => {
    const { rollBacks, served, states } = setUp()
    served.failures.push(new DeployProblem('endpointSilent', 'The prod endpoint does not answer.'))
    expect(await rollBacks.decide(decision())).toBe('pending')
    expect(rollBacks.pending('prod')).toMatchObject({
      modelId: 'm-1',
      operator: 'ada',
      problem: 'The prod endpoint does not answer.',
    })
    expect(rollBacks.pending('dev')).toBeNull()
    await expect(rollBacks.decide(decision({ modelId: 'm-2', operator: 'grace' }))).rejects.toThrow('ada has already decided')
    await expect.poll(states, { timeout: 10_000 }).toEqual(['recorded'])
    expect(rollBacks.pending('prod')).toBeNull()
    await rollBacks.close()
  })
})

describe('a host that ends in between', () => {
  it('before the switch: the next one carries it out', async () => {
    const first = setUp()
    first.served.failures.push(new Error('the host is being killed'))
    expect(await first.rollBacks.decide(decision())).toBe('pending')
    await first.rollBacks.close()
    const next = setUp({ ledger: first.ledger, served: first.served })
    next.rollBacks.start()
    await expect.poll(next.states).toEqual(['recorded'])
    expect(next.served.history.at(-1)?.model_id).toBe('m-1')
    await next.rollBacks.close()
  })

  it('after the switch and before that was noted: it is not made twice', async () => {
    const first = setUp()
    const click = decision()
    first.served.failures.push(new Error('the host is being killed'))
    await first.rollBacks.decide(click)
    await first.rollBacks.close()
    const { requestId: request_id, operator, host, reason } = click
    const at = new Date(Date.now() + 1).toISOString()
    first.served.history.push(deployed('m-1', at, { kind: 'rollBack', request_id, operator, host, reason }))
    const next = setUp({ ledger: first.ledger, served: first.served })
    next.rollBacks.start()
    await expect.poll(next.states).toEqual(['recorded'])
    expect(next.served.history).toHaveLength(4)
    expect(next.recorded[0]).toMatchObject({ deployedAt: at })
    await next.rollBacks.close()
  })

  it('and a model that a run deployed meanwhile is not taken away again; the operator is told', async () => {
    const first = setUp()
    first.served.failures.push(new Error('the host is being killed'))
    await first.rollBacks.decide(decision())
    await first.rollBacks.close()
    first.served.history.push(deployed('m-4', new Date(Date.now() + 1).toISOString()))
    const next = setUp({ ledger: first.ledger, served: first.served })
    next.rollBacks.start()
    await expect.poll(() => next.late).toEqual([expect.stringContaining('m-4 was deployed to prod after this was decided')])
    expect(next.states()).toEqual(['refused'])
    expect(next.served.history.at(-1)?.model_id).toBe('m-4')
    await next.rollBacks.close()
  })
})

it('a database that is away delays the record, not the switch', async () => {
  let away = true
  const { rollBacks, states, recorded } = setUp({
    record: async () => {
      if (away) throw new DatabaseProblem('weather', 'Postgres does not answer.', null)
    },
  })
  expect(await rollBacks.decide(decision())).toBe('done')
  await expect.poll(states).toEqual(['switched'])
  away = false
  rollBacks.wake()
  await expect.poll(states).toEqual(['recorded'])
  expect(recorded).toHaveLength(1)
  await rollBacks.close()
})

import { mkdir } from 'node:fs/promises'
import type { Part } from '../../../contract/model.ts'
import type { Deployer, FileStore } from '../../../temporal/activities/deps.ts'
import type { DeployInput, Environment } from '../../../temporal/types.ts'
import type { Log } from '../log.ts'
import { createDeployments, type Deployed } from './deployments.ts'
import { createHealthCheck, type Endpoint, type Health, openEndpoint } from './endpoint.ts'
import { candidates, readPorts, writePorts } from './ports.ts'

/** A model could not be deployed; says what is served instead. */
export class DeployProblem extends Error {
  readonly code: 'unknownEnvironment' | 'modelFileMissing' | 'modelHashMismatch' | 'endpointSilent' | 'endpointUnhealthy'
  constructor(code: DeployProblem['code'], message: string) {
    super(message)
    this.name = 'DeployProblem'
    this.code = code
  }
}

export interface Endpoints {
  /** Opens both endpoints. A port that cannot be had leaves its part down with the reason; never rejects. */
  start(): Promise<void>
  /** Works without `start` as well, in a process beside the one that serves: it asks the endpoint over HTTP. */
  deployer: Deployer
  status(): { dev: Part; prod: Part }
  onChange(listener: () => void): () => void
  close(): Promise<void>
}

export interface EndpointsOptions {
  /** Where deployments, their history and the ports are kept. */
  folder: string
  store: Pick<FileStore, 'pathOf' | 'verify'>
  /** The ports to try first. */
  ports?: Record<Environment, number>
  log: Log
}

const environments = ['dev', 'prod'] as const
const usualPorts: Record<Environment, number> = { dev: 8080, prod: 8081 }
/** Time for the endpoint to take a model's hash and to answer. */
const healthTimeoutMs = 60_000

/** The two environments, each with a local endpoint that says truthfully which model it serves. */
export function createEndpoints({ folder, store, ports = usualPorts, log }: EndpointsOptions): Endpoints {
  const listeners = new Set<() => void>()
  const changed = () => {
    for (const listener of [...listeners]) listener()
  }
  const create = (environment: Environment) =>
    createEnvironment({ environment, folder, store, usual: ports[environment], log, changed })
  const all = { dev: create('dev'), prod: create('prod') }

  return {
    async start() {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        const last = await readPorts(folder)
        const now = { ...last }
        for (const environment of environments) {
          // One after the other: both may have to look for the next free port.
          const port = await all[environment].open(candidates(environment, ports, last))
          if (port !== null) now[environment] = port
        }
        await writePorts(folder, now)
      } catch (error) {
        log.error({ err: error }, 'endpoints')
        for (const environment of environments) all[environment].failed((error as Error).message)
      }
    },
    deployer: {
      deploy(input, signal) {
        const environment = all[input.environment]
        if (environment === undefined) {
          throw new DeployProblem('unknownEnvironment', `There is no environment "${input.environment}": only dev and prod.`)
        }
        return environment.deploy(input, signal)
      },
    },
    status: () => ({ dev: all.dev.status(), prod: all.prod.status() }),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      await Promise.all(environments.map((environment) => all[environment].close()))
    },
  }
}

interface EnvironmentOptions {
  environment: Environment
  folder: string
  store: EndpointsOptions['store']
  usual: number
  log: Log
  changed: () => void
}

function createEnvironment({ environment, folder, store, usual, log, changed }: EnvironmentOptions) {
  const deployments = createDeployments(folder, environment)
  const check = createHealthCheck(environment, deployments, store)
  let endpoint: Endpoint | null = null
  let trouble: string | null = null
  let started = false
  let seen: Health = { status: 'empty', environment }

  /** Every answer of the endpoint is also what the console shows. */
  async function health(): Promise<Health> {
    const now = await check()
    const before = JSON.stringify(seen)
    seen = now
    if (JSON.stringify(now) !== before) changed()
    return now
  }

  const address = (port: number) => `http://127.0.0.1:${port}`

  /** Asks the endpoint itself, as any client would. */
  async function servedModel(signal: AbortSignal): Promise<{ url: string; health: Health }> {
    const port = endpoint?.port ?? (await readPorts(folder))[environment]
    if (port === undefined) {
      throw new DeployProblem('endpointSilent', `The ${environment} endpoint has never been started.`)
    }
    try {
      const response = await fetch(`${address(port)}/health`, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(healthTimeoutMs)]),
        redirect: 'error',
      })
      return { url: address(port), health: (await response.json()) as Health }
    } catch (error) {
      signal.throwIfAborted()
      const reason = error instanceof Error ? String((error.cause as Error | undefined)?.message ?? error.message) : String(error)
      throw new DeployProblem('endpointSilent', `The ${environment} endpoint at ${address(port)} does not answer (${reason}).`)
    }
  }

  async function checkFile({ model, model_id }: DeployInput): Promise<void> {
    if ((await store.pathOf(model.sha256)) === null) {
      throw new DeployProblem(
        'modelFileMissing',
        `The file of model ${model_id} (${model.uri}) is not in the model store. ${environment} was left as it is. Restore the store or run the file again.`,
      )
    }
    if (!(await store.verify(model.sha256))) {
      throw new DeployProblem(
        'modelHashMismatch',
        `The file of model ${model_id} was changed after training: its hash is no longer ${model.sha256}. ${environment} was left as it is. Run the file again.`,
      )
    }
  }

  /** Returns once the endpoint names the model. @throws DeployProblem, or the signal's reason */
  async function confirm(wanted: Deployed, signal: AbortSignal): Promise<string> {
    const { url, health: answer } = await servedModel(signal)
    if (answer.status === 'ok' && answer.model_id === wanted.model_id && answer.deployed_at === wanted.deployed_at) return url
    const instead =
      answer.status === 'error'
        ? answer.reason
        : `It names ${answer.status === 'ok' ? `${answer.model_id} of ${answer.deployed_at}` : 'no model'}.`
    throw new DeployProblem(
      'endpointUnhealthy',
      `The ${environment} endpoint at ${url} does not serve ${wanted.model_id}. ${instead}`,
    )
  }

  async function switchTo(input: DeployInput, signal: AbortSignal): Promise<{ url: string; deployedAt: string }> {
    const current = await deployments.current().catch((error: unknown) => {
      log.warn({ err: error, environment }, 'deployment record replaced')
      return null
    })
    const same = current !== null && current.model_id === input.model_id && current.sha256 === input.model.sha256
    const wanted: Deployed = same
      ? current
      : {
          model_id: input.model_id,
          sha256: input.model.sha256,
          size_bytes: input.model.size_bytes,
          metrics: input.metrics,
          deployed_at: new Date().toISOString(),
        }
    // What was confirmed last, not what stands there: that may be a switch of ours that a crash cut short.
    const before = (await deployments.lastConfirmed()) ?? (same ? null : current)
    const confirmedBefore = before?.deployed_at === wanted.deployed_at
    if (!same) await deployments.switchTo(wanted)
    let url: string
    try {
      url = await confirm(wanted, signal)
    } catch (error) {
      if (confirmedBefore) throw error
      await undo(wanted, before)
      if (!(error instanceof DeployProblem)) throw error
      const serves = before === null ? 'nothing, as before' : `${before.model_id}, as before`
      throw new DeployProblem(error.code, `${error.message} The switch was undone: ${environment} serves ${serves}.`)
    }
    if (!confirmedBefore) await deployments.append('deployed', wanted, new Date().toISOString())
    log.info({ environment, model: wanted.model_id, url }, confirmedBefore ? 'already deployed' : 'deployed')
    return { url: `${url}/models/${encodeURIComponent(wanted.model_id)}`, deployedAt: wanted.deployed_at }
  }

  async function undo(wanted: Deployed, before: Deployed | null): Promise<void> {
    await deployments.switchTo(before)
    await deployments.append('undone', wanted, new Date().toISOString())
    await health()
    log.warn({ environment, model: wanted.model_id, back_to: before?.model_id ?? null }, 'deployment undone')
  }

  return {
    async open(ports: readonly number[]): Promise<number | null> {
      started = true
      try {
        endpoint = await openEndpoint({ environment, deployments, health, log }, ports)
        trouble = null
        await health()
        log.info({ environment, port: endpoint.port }, 'endpoint open')
        changed()
        return endpoint.port
      } catch (error) {
        this.failed((error as Error).message)
        return null
      }
    },
    failed(reason: string): void {
      started = true
      if (endpoint !== null) return
      trouble = reason
      changed()
    },
    async deploy(input: DeployInput, signal: AbortSignal): Promise<{ url: string; deployedAt: string }> {
      await checkFile(input)
      return deployments.exclusively(signal, () => switchTo(input, signal))
    },
    status: (): Part => describe({ environment, port: endpoint?.port ?? null, usual, started, trouble, health: seen }),
    async close(): Promise<void> {
      const open = endpoint
      endpoint = null
      started = false
      await open?.close()
    },
  }
}

function describe(state: {
  environment: Environment
  port: number | null
  usual: number
  started: boolean
  trouble: string | null
  health: Health
}): Part {
  const { environment, port, usual, started, trouble, health } = state
  const part = { summary: '', detail: '', remedy: '', progress: null, address: null }
  if (port === null) {
    if (trouble === null) return { ...part, state: started ? 'starting' : 'off', summary: environment }
    return {
      ...part,
      state: 'down',
      summary: environment,
      detail: `The ${environment} endpoint could not be opened: ${trouble}. Deployments to ${environment} wait.`,
      remedy: 'Free a port and start Gatehouse again.',
    }
  }
  const address = `http://127.0.0.1:${port}`
  const moved = port === usual ? '' : `Port ${usual} was taken when this endpoint was first opened, so it is on ${port}.`
  if (health.status === 'error') {
    return {
      ...part,
      state: 'down',
      summary: `${environment} ${port}`,
      detail: `${environment} cannot serve its model. ${health.reason}`,
      remedy: 'Run the file of this model again, or restore the model store.',
      address,
    }
  }
  const model = health.status === 'ok' ? health.model_id : 'no model yet'
  return { ...part, state: 'up', summary: `${environment} ${port}, ${model}`, detail: moved, address }
}

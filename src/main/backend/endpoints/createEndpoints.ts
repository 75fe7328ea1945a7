import type { Part, UnusableFile } from '../../../contract/model.ts'
import { type Deployer, type DeploymentCause, DeployProblem } from '../../../temporal/activities/deps.ts'
import type { DeployInput, Environment } from '../../../temporal/types.ts'
import { makeFolder } from '../disk/writeWhole.ts'
import type { Log } from '../log.ts'
import type { ExampleRow } from '../serving/servedModel.ts'
import type { Health } from '../serving/servedModels.ts'
import { type ServingState, serveInThread } from '../serving/serveInThread.ts'
import type { LocalFileStore } from '../store/fileStore.ts'
import { createDeployments, type Deployed, type DeploymentEvent } from './deployments.ts'
import { candidates, createPortsFile, readPorts } from './ports.ts'

/** What an environment serves, and what became of it so far. */
export interface EnvironmentRecord {
  address: string | null
  /** What is wrong or unusual, in a sentence; empty when nothing is. */
  detail: string
  /** What answers or is to answer; null while nothing was ever confirmed. */
  confirmed: Deployed | null
  /** Oldest first. */
  events: readonly DeploymentEvent[]
  exampleRow: ExampleRow | null
}

export interface Endpoints {
  /** Opens both endpoints. A port that cannot be had leaves its part down with the reason; never rejects. */
  start(): Promise<void>
  /** Works without `start` as well, in a process beside the one that serves: it asks the endpoint over HTTP. */
  deployer: Deployer
  record(environment: Environment): Promise<EnvironmentRecord>
  /** The last deployment of a model that an environment once confirmed; null when it never did. */
  everDeployed(environment: Environment, modelId: string): Promise<Deployed | null>
  status(): { dev: Part; prod: Part }
  /** Files of theirs that could not be used, with what was kept and what holds instead. */
  unusable(): UnusableFile[]
  /** Heard whenever an environment's status or record changed. */
  onChange(listener: (environment: Environment) => void): () => void
  close(): Promise<void>
}

export interface EndpointsOptions {
  /** Where deployments, their history and the ports are kept. */
  folder: string
  store: Pick<LocalFileStore, 'pathOf' | 'verify' | 'folder'>
  /** Entry file of the endpoints' threads. */
  threadFile: string
  /** The ports to try first. */
  ports?: Record<Environment, number>
  log: Log
}

const environments = ['dev', 'prod'] as const
const usualPorts: Record<Environment, number> = { dev: 8080, prod: 8081 }
/** Time for the endpoint to take a model's hash and to answer. */
const healthTimeoutMs = 60_000
/** A switch by another process takes longer than this when it is under way at all. */
const restoreWithinMs = 300

/** The two environments, each with a local endpoint that says truthfully which model it serves. */
export function createEndpoints({ folder, store, threadFile, ports = usualPorts, log }: EndpointsOptions): Endpoints {
  const listeners = new Set<(environment: Environment) => void>()
  const create = (environment: Environment) => {
    const changed = () => {
      for (const listener of [...listeners]) listener(environment)
    }
    return createEnvironment({ environment, folder, store, threadFile, usual: ports[environment], log, changed })
  }
  const all = { dev: create('dev'), prod: create('prod') }
  const portsFile = createPortsFile(folder)

  return {
    async start() {
      try {
        makeFolder(folder)
        const { own, now } = portsFile.read()
        const open = async (environment: Environment) => {
          const port = await all[environment].open(candidates(environment, ports, own))
          if (port === null) return
          own[environment] ??= port
          now[environment] = port
        }
        await Promise.all(environments.map(open))
        portsFile.write({ own, now })
      } catch (error) {
        log.error({ err: error }, 'endpoints')
        for (const environment of environments) all[environment].failed((error as Error).message)
      }
    },
    deployer: {
      deploy(input, signal, cause) {
        const environment = all[input.environment]
        if (environment === undefined) {
          throw new DeployProblem('unknownEnvironment', `There is no environment "${input.environment}": only dev and prod.`)
        }
        return environment.deploy(input, signal, cause)
      },
    },
    record: (environment) => all[environment].record(),
    everDeployed: (environment, modelId) => all[environment].everConfirmed(modelId),
    status: () => ({ dev: all.dev.status(), prod: all.prod.status() }),
    unusable: () => [...portsFile.unusable(), ...all.dev.unusable(), ...all.prod.unusable()],
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      await Promise.all(environments.map((environment) => all[environment].close()))
    },
  }
}

interface EnvironmentOptions extends Pick<EndpointsOptions, 'folder' | 'store' | 'threadFile' | 'log'> {
  environment: Environment
  usual: number
  changed: () => void
}

function createEnvironment({ environment, folder, store, threadFile, usual, log, changed }: EnvironmentOptions) {
  const deployments = createDeployments(folder, environment)
  const endpoint = serveInThread({ environment, folder, storeFolder: store.folder, threadFile, log, onChange: changed })
  let trouble: string | null = null
  let started = false

  const address = (port: number) => `http://127.0.0.1:${port}`

  /** Asks the endpoint itself, as any client would. */
  async function servedModel(signal: AbortSignal): Promise<{ url: string; health: Health }> {
    const port = endpoint.state().port ?? readPorts(folder).now[environment]
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
      answer.status === 'error' && answer.code !== 'recordUnreadable' ? answer.code : 'endpointUnhealthy',
      `The ${environment} endpoint at ${url} does not serve ${wanted.model_id}. ${instead}`,
    )
  }

  async function switchTo(
    input: DeployInput,
    signal: AbortSignal,
    cause: DeploymentCause,
  ): Promise<{ url: string; deployedAt: string }> {
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
          cause,
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
    changed()
    log.info({ environment, model: wanted.model_id, url }, confirmedBefore ? 'already deployed' : 'deployed')
    return { url: `${url}/models/${encodeURIComponent(wanted.model_id)}`, deployedAt: wanted.deployed_at }
  }

  async function undo(wanted: Deployed, before: Deployed | null): Promise<void> {
    await deployments.switchTo(before)
    await deployments.append('undone', wanted, new Date().toISOString())
    await endpoint.look()
    log.warn({ environment, model: wanted.model_id, back_to: before?.model_id ?? null }, 'deployment undone')
  }

  /**
   * What a crash between a switch and its confirmation left is taken back before anything is served; whoever made that
   * switch makes it again. Left alone while another process is at it.
   */
  async function restoreConfirmed(): Promise<void> {
    await deployments
      .exclusively(AbortSignal.timeout(restoreWithinMs), async () => {
        const current = await deployments.current().catch(() => undefined)
        const confirmed = await deployments.lastConfirmed()
        // Nothing to go back to; what stands there is hashed and tried before it is served.
        if (confirmed === null || current?.deployed_at === confirmed.deployed_at) return
        await deployments.switchTo(confirmed)
        log.warn({ environment, found: current?.model_id ?? null, model: confirmed.model_id }, 'deployment restored')
      })
      .catch((error: unknown) => log.info({ err: error, environment }, 'the deployment record was left as it is'))
  }

  return {
    async open(ports: readonly number[]): Promise<number | null> {
      started = true
      await restoreConfirmed()
      await endpoint.start(ports)
      return endpoint.state().port
    },
    failed(reason: string): void {
      started = true
      trouble = reason
      changed()
    },
    async deploy(input: DeployInput, signal: AbortSignal, cause: DeploymentCause): Promise<{ url: string; deployedAt: string }> {
      await checkFile(input)
      return deployments.exclusively(signal, () => switchTo(input, signal, cause))
    },
    async record(): Promise<EnvironmentRecord> {
      const { address, detail } = this.status()
      const confirmed = await deployments.lastConfirmed()
      const exampleRow = endpoint.state().serving?.exampleRow ?? null
      return { address, detail, confirmed, events: await deployments.events(), exampleRow }
    },
    everConfirmed: (modelId: string) => deployments.everConfirmed(modelId),
    unusable: deployments.unusable,
    status(): Part {
      const state = endpoint.state()
      return describe({ ...state, environment, usual, started, trouble: trouble ?? state.trouble, storeFolder: store.folder })
    },
    async close(): Promise<void> {
      await endpoint.close()
      started = false
    },
  }
}

function describe(
  state: ServingState & { environment: Environment; usual: number; started: boolean; storeFolder: string },
): Part {
  const { environment, port, usual, started, trouble, restarted, serving, storeFolder } = state
  const part = { summary: '', detail: '', remedy: '', progress: null, address: null }
  if (port === null) {
    if (trouble === null) return { ...part, state: started ? 'starting' : 'off', summary: environment }
    return {
      ...part,
      state: 'down',
      summary: environment,
      detail: `The ${environment} endpoint is not open: ${trouble}. It is tried again every few seconds; deployments to ${environment} wait.`,
      remedy: 'If this stays, free a port, or look into the log of Gatehouse.',
    }
  }
  const address = `http://127.0.0.1:${port}`
  const health: Health = serving?.health ?? { status: 'empty', environment }
  const moved = port === usual ? null : `Port ${usual} was taken when this endpoint was opened, so it is on ${port}.`
  const notes = [moved, restarted].filter((note) => note !== null)
  if (health.status === 'error') {
    const kept = health.answering === null ? '' : ` ${health.answering} answers from memory until this endpoint ends.`
    return {
      ...part,
      state: 'down',
      summary: `${environment} ${port}`,
      detail: [`${environment} cannot serve its model. ${health.reason}${kept}`, ...notes].join(' '),
      remedy: `Run the file of this model again, or put its file back into ${storeFolder}: it is served again by itself then.`,
      address,
    }
  }
  const model = health.status === 'ok' ? health.model_id : 'no model yet'
  return { ...part, state: 'up', summary: `${environment} ${port}, ${model}`, detail: notes.join(' '), address }
}

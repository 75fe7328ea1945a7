/** Which model answers in one environment: what the deployment record says, loaded beside the one before it, then put in its place. */
import { stat } from 'node:fs/promises'
import type { FileStore } from '../../../temporal/activities/deps.ts'
import type { Environment } from '../../../temporal/types.ts'
import type { Deployed, Deployments } from '../endpoints/deployments.ts'
import {
  fileMissing,
  hashMismatch,
  loadModel,
  type ModelFault,
  ModelProblem,
  type ModelReader,
  type ServedModel,
} from './servedModel.ts'

/** Body of `GET /health`. */
export type Health =
  | {
      status: 'ok'
      environment: Environment
      model_id: string
      deployed_at: string
      /** false for a demo model, which is deployed and has nothing in it to ask. */
      predicts: boolean
    }
  | { status: 'empty'; environment: Environment }
  | {
      status: 'error'
      environment: Environment
      /** The model that the deployment record names. */
      model_id: string | null
      reason: string
      code: ModelFault | 'recordUnreadable'
      /** The model that answers all the same, from memory; null when none does. */
      answering: string | null
    }

export interface ServedModels {
  /**
   * Brings what answers in line with the deployment record and says what holds then. Calls that overlap are one look,
   * which began after each of them asked.
   */
  look(): Promise<Health>
  /** What answers now; null when nothing does. Replaced as a whole: whoever holds it goes on with it to the end. */
  current(): ServedModel | null
  /** Of the last look. */
  health(): Health
  /** Any model that was ever deployed here; null when it never was. @throws ModelProblem */
  byId(modelId: string): Promise<ServedModel | null>
}

interface Options {
  environment: Environment
  deployments: Pick<Deployments, 'current' | 'everDeployed'>
  store: Pick<FileStore, 'pathOf' | 'verify'>
  reader: ModelReader
}

/** Earlier models that are kept in memory because somebody asked for them by id. */
const keptEarlier = 4

export function createServedModels({ environment, deployments, store, reader }: Options): ServedModels {
  let serving: ServedModel | null = null
  let health: Health = { status: 'empty', environment }
  let running: Promise<Health> | null = null
  let next: Promise<Health> | null = null
  /** By hash, in order of use, oldest first. */
  const earlier = new Map<string, Promise<ServedModel>>()
  let intact: { fingerprint: string; verified: Promise<boolean> } | null = null

  /** Whether the file is still what was loaded. Its hash is taken when it was touched (size, times, inode), so a look costs one `stat`. */
  async function checkFile(model: ServedModel): Promise<void> {
    const { sha256 } = model.deployed
    const fingerprint = await fingerprintOf(model.deployed)
    if (intact?.fingerprint !== fingerprint) intact = { fingerprint, verified: store.verify(sha256) }
    const mine = intact
    const isIntact = await mine.verified.catch((error: unknown) => {
      if (intact === mine) intact = null
      throw error
    })
    if (!isIntact) throw hashMismatch(model.deployed)
  }

  async function fingerprintOf(deployed: Deployed): Promise<string> {
    const path = await store.pathOf(deployed.sha256)
    if (path === null) throw fileMissing(deployed)
    const { size, mtimeMs, ctimeMs, ino } = await stat(path)
    return [deployed.sha256, size, mtimeMs, ctimeMs, ino].join()
  }

  async function bringInLine(): Promise<Health> {
    let wanted: Deployed | null = null
    try {
      wanted = await deployments.current()
      if (wanted === null) {
        serving = null
        return { status: 'empty', environment }
      }
      if (serving !== null && isSameFile(serving.deployed, wanted)) {
        serving = { ...serving, deployed: wanted }
        await checkFile(serving)
      } else {
        // What served until now goes on while the next one is read and tried.
        const fingerprint = await fingerprintOf(wanted)
        serving = await loadModel(wanted, store, reader)
        intact = { fingerprint, verified: Promise.resolve(true) }
      }
      const { model_id, deployed_at } = wanted
      return { status: 'ok', environment, model_id, deployed_at, predicts: serving.answering !== null }
    } catch (error) {
      return {
        status: 'error',
        environment,
        model_id: wanted?.model_id ?? null,
        reason: (error as Error).message,
        code: error instanceof ModelProblem ? error.code : 'recordUnreadable',
        answering: serving?.answering ? serving.deployed.model_id : null,
      }
    }
  }

  async function lookOnce(): Promise<Health> {
    try {
      health = await bringInLine()
      return health
    } finally {
      if (next === null) running = null
    }
  }

  return {
    look() {
      if (running === null) {
        running = lookOnce()
        return running
      }
      // The look that runs may have read the record before this caller changed it.
      next ??= running.then(() => {
        next = null
        running = lookOnce()
        return running
      })
      return next
    },
    current: () => serving,
    health: () => health,
    async byId(modelId) {
      if (serving?.deployed.model_id === modelId) return serving
      const deployed = await deployments.everDeployed(modelId)
      if (deployed === null) return null
      const loading = earlier.get(deployed.sha256) ?? loadModel(deployed, store, reader)
      earlier.delete(deployed.sha256)
      earlier.set(deployed.sha256, loading)
      for (const hash of earlier.keys()) if (earlier.size > keptEarlier) earlier.delete(hash)
      try {
        return { ...(await loading), deployed }
      } catch (error) {
        earlier.delete(deployed.sha256)
        throw error
      }
    },
  }
}

const isSameFile = (a: Deployed, b: Deployed) => a.model_id === b.model_id && a.sha256 === b.sha256

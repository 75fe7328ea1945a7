import { join } from 'node:path'
import type { StackHealth } from '../../contract/model.ts'
import { isDiskFull } from '../../temporal/diskFull.ts'
import { createDispatch, type Dispatch } from '../api/dispatch.ts'
import type { Backend, HostPowers } from '../backend/backend.ts'
import { type Home, makeHome } from '../backend/home.ts'
import { createLog, type Log, logProcess } from '../backend/log.ts'
import { SecretsUnavailable } from '../backend/secrets/secretStore.ts'
import type { AppPaths } from '../paths.ts'
import { selfTestApart } from '../selfTest/selfTestApart.ts'
import { createLoopbackServer, type LoopbackServer } from '../web/loopbackServer.ts'
import { type Control, newToken, removeControl, writeControl } from './controlFile.ts'
import { acquireLock } from './lock.ts'

export type CreateBackend = (options: { home: Home; paths: AppPaths; log: Log; host: HostPowers }) => Promise<Backend>

export interface HostOptions {
  home: Home
  paths: AppPaths
  shell: Control['shell']
  createBackend: CreateBackend
  ports: readonly number[]
  /** Brings the window to the front, and a run in it; a web shell has none and answers with a fresh link. */
  focusWindow?: (workflowId?: string) => void
  startHelper?: HostPowers['startHelper']
  startProcess?: HostPowers['startProcess']
  restart?: HostPowers['restart']
  /** What runs the self-test of this installation; default: the built command line in this Node. */
  selfTestCommand?: readonly string[]
  /** Someone asked the host to end. */
  onStop(): void
  /** Default: a log file in the data folder. */
  log?: Log
}

/** One running host: the backend, its door, and the entrance for everything outside this process. */
export interface Host {
  backend: Backend
  dispatch: Dispatch
  server: LoopbackServer
  log: Log
  /** Resolves when every part of the stack is up (or switched off) for the first time; rejects never. */
  ready: Promise<StackHealth>
  close(): Promise<void>
}

/**
 * Becomes the host of a data folder: lock, log, backend, server, control file, in this order.
 * @returns null when another process has the folder.
 * @throws when the folder cannot be used or no port can be had; then everything is given back.
 */
export async function startHost(options: HostOptions): Promise<Host | null> {
  try {
    return await becomeHost(options)
  } catch (error) {
    if (error instanceof SecretsUnavailable) throw new Error(`${error.message} ${error.remedy}`, { cause: error })
    if (!isDiskFull(error)) throw error
    throw new Error(
      `The disk of the data folder ${options.home.root} is full, and Gatehouse starts only where it can record what happens. Nothing was lost: files wait in the inbox, runs in Temporal. Free some space and start again.`,
      { cause: error },
    )
  }
}

async function becomeHost(options: HostOptions): Promise<Host | null> {
  const { home, paths, shell, createBackend, focusWindow, onStop } = options
  const lock = acquireLock(home)
  if (!lock) return null
  const undo: (() => unknown)[] = [() => lock.release()]
  try {
    makeHome(home)
    const log = options.log ?? createLog(join(home.logs, 'gatehouse.log'))
    undo.unshift(logProcess(log))
    // Asked for only once the server is there: nothing can call a handler before.
    let server: LoopbackServer | null = null
    const backend = await createBackend({
      home,
      paths,
      log,
      host: {
        focus({ workflowId }) {
          focusWindow?.(workflowId)
          return { url: focusWindow ? null : (server?.issueLink() ?? null) }
        },
        // After the answer to whoever asked has been sent.
        stop: () => void setImmediate(onStop),
        restart: options.restart && (() => void setImmediate(() => options.restart?.())),
        startHelper: options.startHelper,
        startProcess: options.startProcess,
        // Read when it is first asked for: a host that starts does not wait for it.
        examine: async () => (await import('../cli/doctor/runChecks.ts')).runChecks(home),
        selfTest: selfTestApart(
          options.selfTestCommand ?? [process.execPath, join(paths.root, 'out', 'main', 'cli.cjs'), 'self-test', '--json'],
        ),
      },
    })
    undo.unshift(() => backend.close())
    const dispatch = createDispatch(backend.handlers, log, backend.inputRefused)
    const control: Control = {
      pid: process.pid,
      startedAt: new Date().toISOString(),
      url: '',
      token: newToken(),
      shell,
      ready: false,
    }
    const renderer = shell === 'web' ? paths.renderer : null
    server = await createLoopbackServer({ backend, dispatch, renderer, controlToken: control.token, ports: options.ports, log })
    undo.unshift(() => server?.close())
    control.url = server.origin
    writeControl(home, control)
    undo.unshift(() => removeControl(home))
    log.info({ shell, url: server.origin, home: home.root }, 'started')
    let closing: Promise<void> | null = null
    return {
      backend,
      dispatch,
      server,
      log,
      ready: whenUp(backend).then((health) => {
        if (!closing) writeControl(home, { ...control, ready: true })
        return health
      }),
      close: () => (closing ??= runAll(undo)),
    }
  } catch (error) {
    await runAll(undo)
    throw error
  }
}

/** true when nothing is still on its way and nothing is down. */
export function isUp(health: StackHealth): boolean {
  const { temporal, postgres, worker, inbox, dev, prod, secrets } = health
  return [temporal, postgres, worker, inbox, dev, prod, secrets].every(({ state }) => state === 'up' || state === 'off')
}

function whenUp(backend: Pick<Backend, 'health' | 'onEvent'>): Promise<StackHealth> {
  return new Promise((resolve) => {
    const stop = backend.onEvent((name, payload) => {
      if (name === 'stack.changed') look((payload as { health: StackHealth }).health)
    })
    const look = (health: StackHealth) => {
      if (!isUp(health)) return
      stop()
      resolve(health)
    }
    look(backend.health())
  })
}

/** Each in turn; one that fails does not keep the next from running, and is thrown in the end. */
async function runAll(steps: readonly (() => unknown)[]): Promise<void> {
  const problems: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      problems.push(error)
    }
  }
  if (problems.length > 0) throw problems[0]
}

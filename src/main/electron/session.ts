import type { Home } from '../backend/home.ts'
import { connectToHost, type HostConnection, NoHostError } from '../control/connectToHost.ts'
import type { Credentials } from '../control/hostLink.ts'
import { createHostLink } from '../control/hostLink.ts'
import type { AppPaths } from '../paths.ts'
import type { ShellLog } from './log.ts'
import { selfTestCommand } from './selfTestCommand.ts'
import { type EnvelopeSource, localSource, remoteSource } from './source.ts'
import { startUtilityProcess } from './startUtilityProcess.ts'
import { startUtilityHelper } from './utilityHelper.ts'

/** What a window shows: a host in this process, or one elsewhere on this machine. */
export interface ShellSession {
  source: EnvelopeSource
  attached: boolean
  log: ShellLog
  /** The machine has slept: looks at once what is still there. */
  wake(): void
  close(): Promise<void>
}

export function attachSession(origin: string, credentials: Credentials, log: ShellLog): ShellSession {
  const link = createHostLink({ origin, credentials, reconnect: true })
  const source = remoteSource(link)
  return {
    source,
    attached: true,
    log,
    wake() {
      link.check()
      retryStack(source)
    },
    close: async () => link.close(),
  }
}

const retryStack = (source: EnvelopeSource) => void source.send({ id: 0, call: 'stack.retry', input: {} })

/** The folder has a host already; the caller hands over to it or attaches to it. */
export interface FirstCopy {
  first: HostConnection
}

/**
 * Becomes the host of the data folder in this process, or finds the one that it has.
 * The backend and everything native that it needs is loaded here and not before: an attached window in an Electron
 * that cannot load it never comes here.
 */
export async function hostSession(options: {
  home: Home
  paths: AppPaths
  focusWindow(workflowId?: string): void
  onStop(): void
  restart(): void
}): Promise<ShellSession | FirstCopy> {
  // Asking first saves a second copy from loading a backend that it will not use; the lock below decides.
  const running = await connectToHost(options.home).catch((error: unknown) => {
    if (error instanceof NoHostError) return null
    throw error
  })
  if (running) return { first: running }
  const [{ startHost }, { joinHost }, { acquireLock }, { createBackend }, { anyPort }] = await Promise.all([
    import('../control/startHost.ts'),
    import('../control/joinHost.ts'),
    import('../control/lock.ts'),
    import('../backend/createBackend.ts'),
    import('../web/listen.ts'),
  ])
  const isFree = () => {
    const lock = acquireLock(options.home)
    lock?.release()
    return lock !== null
  }
  for (;;) {
    const host = await startHost({
      ...options,
      shell: 'electron',
      startHelper: startUtilityHelper,
      startProcess: startUtilityProcess,
      selfTestCommand: selfTestCommand(),
      createBackend,
      ports: anyPort,
    })
    if (host) {
      const source = localSource(host.dispatch, host.backend)
      return { source, attached: false, log: host.log, wake: () => retryStack(source), close: host.close }
    }
    const first = await joinHost(options.home, isFree)
    if (first) return { first }
  }
}

/**
 * Entry of the worker process that a host starts beside itself (bundled to out/main/workerProcess.cjs): as plain Node, or as
 * a utility process of Electron. It ends when it is told to, and when its host is gone.
 */
import { join } from 'node:path'
import { type HostChannel, openHostChannel } from './hostChannel.ts'

/** Giving work back takes one or two seconds; whoever is gone waits for nobody. */
const orphanEndsWithinMs = 5_000

const channel = openHostChannel()
const ending = new AbortController()
const end = () => ending.abort(new Error('the worker was told to end'))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
// Nobody reads them once the host is gone.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

channel.onClose(() => {
  end()
  setTimeout(() => process.exit(1), orphanEndsWithinMs)
})
channel.onMessage((message) => {
  if (message.kind === 'end') end()
  if (message.kind === 'load') void endAfter(load)
  if (message.kind === 'start') void endAfter(() => work(channel, message))
})

async function load(): Promise<void> {
  await import('./workUntilTold.ts')
  await channel.send({ kind: 'loaded' })
}

/** Ends this process afterwards, and says what went wrong. */
async function endAfter(act: () => Promise<void>): Promise<void> {
  try {
    await act()
    process.exit(0)
  } catch (error) {
    if (ending.signal.aborted) process.exit(0)
    await channel.send({ kind: 'problem', message: error instanceof Error ? error.message : String(error) })
    process.exit(1)
  }
}

async function work(host: HostChannel, { home: root, variables }: { home: string; variables: Record<string, string> }) {
  // Before anything reads them; what is set in here stands in no environment that another program can read.
  Object.assign(process.env, variables)
  const [{ workUntilTold }, { createHostSecrets }, { homeAt }, { takeKeyEnvironment }, { createLog, logProcess }, { appPaths }] =
    await Promise.all([
      import('./workUntilTold.ts'),
      import('./hostSecrets.ts'),
      import('../backend/home.ts'),
      import('../backend/keys/environmentKeys.ts'),
      import('../backend/log.ts'),
      import('../paths.ts'),
    ])
  const home = homeAt(root)
  const log = createLog(join(home.logs, 'worker.log'))
  logProcess(log)
  const how = await workUntilTold({
    ...{ home, log },
    paths: appPaths(),
    secrets: createHostSecrets(host),
    keys: takeKeyEnvironment(),
    ending: ending.signal,
    hostComes: true,
    say: (text) => void host.send({ kind: 'says', text }),
    onPolling: ({ identity }) => void host.send({ kind: 'polling', identity }),
    onResting: () => void host.send({ kind: 'resting' }),
    onDrilled: () => void host.send({ kind: 'drilled' }),
  })
  if (how === 'ended') throw new Error('The worker cannot go on; logs/worker.log says why.')
}

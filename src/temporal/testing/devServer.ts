import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import { prepareNamespace } from '../namespace.ts'
import { freePort } from './freePort.ts'

export interface DevServer {
  address: string
  namespace: string
  stop(): Promise<void>
}

const readyWithinMs = 60_000

/**
 * A real Temporal dev server for tests, headless, on a free port, ready for Gatehouse's runs.
 * @param dbFile where it keeps its state; without one it forgets all when it stops.
 * @throws when GATEHOUSE_TEMPORAL_CLI names no Temporal CLI, or the server does not come up.
 */
export async function startDevServer({ dbFile }: { dbFile?: string } = {}): Promise<DevServer> {
  const cli = process.env.GATEHOUSE_TEMPORAL_CLI
  if (!cli) {
    throw new Error(
      'These tests run against a real Temporal server, and GATEHOUSE_TEMPORAL_CLI names none. `npm test` finds or builds the CLI first; otherwise set the variable to the path of a Temporal CLI.',
    )
  }
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  const server = spawn(
    cli,
    [
      ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'error'],
      ...(dbFile ? ['--db-filename', dbFile] : []),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (output = `${output}${chunk}`.slice(-4000)))
  const gone = new Promise<never>((_, reject) => {
    server.once('error', (error) => reject(new Error(`The Temporal CLI ${cli} could not be started.`, { cause: error })))
    server.once('exit', (code) =>
      reject(new Error(`The Temporal server ended with code ${code} before it was ready:\n${output}`)),
    )
  })
  gone.catch(() => {})
  try {
    await Promise.race([ready(address, 'default'), gone])
  } catch (error) {
    await stop(server)
    throw error
  }
  return { address, namespace: 'default', stop: () => stop(server) }
}

async function ready(address: string, namespace: string) {
  for (const until = Date.now() + readyWithinMs; ; await sleep(100)) {
    let connection: Connection | undefined
    try {
      connection = await Connection.connect({ address, connectTimeout: 1000 })
      await connection.workflowService.describeNamespace({ namespace })
      await prepareNamespace(connection, namespace, { ownServer: true })
      return
    } catch (error) {
      if (Date.now() > until) throw error
    } finally {
      await connection?.close()
    }
  }
}

async function stop(server: ChildProcess) {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return
  const exited = once(server, 'exit')
  server.kill('SIGTERM')
  const deadline = setTimeout(() => server.kill('SIGKILL'), 10_000)
  await exited
  clearTimeout(deadline)
}

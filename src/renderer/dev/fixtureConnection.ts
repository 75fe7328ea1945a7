/** `?fixtures=mixed` in vite's dev mode: the console over a simulated host. `window.fixtures` lets a script take the host away. */
import type { Connection, ConnectionStatus } from '../../contract/wire.ts'
import { createMemoryConnection } from '../api/memory.ts'
import { createSimulatedHost, type Scenario } from './simulatedHost.ts'

const scenarios: readonly string[] = ['mixed', 'approvals', 'empty', 'many', 'longNames', 'troubled', 'locked', 'long']

export function createFixtureConnection(query: URLSearchParams): Connection {
  const wanted = query.get('fixtures') ?? ''
  const host = createSimulatedHost((scenarios.includes(wanted) ? wanted : 'mixed') as Scenario)
  const connection = createMemoryConnection(host.handlers)
  host.onEvent((name, payload) => connection.emit(name, payload))
  setInterval(() => host.tick(), 250)
  const fixtures = { host, setStatus: (status: ConnectionStatus) => connection.setStatus(status) }
  Object.assign(window, { fixtures })
  return connection
}

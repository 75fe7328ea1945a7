import { CallFailed } from '../../contract/errors.ts'
import type { Connection } from '../../contract/wire.ts'
import type { Home } from '../backend/home.ts'
import { type Control, readControl } from './controlFile.ts'
import { createHostLink, type HostLink } from './hostLink.ts'

/** Nothing runs on the data folder, or it does not answer. */
export class NoHostError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NoHostError'
  }
}

export interface HostConnection extends Connection {
  /** What the host says of itself in its data folder. */
  readonly host: Control
  close(): void
}

/**
 * Connects to the host that runs on a data folder.
 * @throws NoHostError when none does.
 */
export async function connectToHost(home: Pick<Home, 'root' | 'control'>): Promise<HostConnection> {
  const host = readControl(home)
  if (!host) {
    throw new NoHostError(
      `No Gatehouse runs on the data folder ${home.root}. Start one with "npm start" or "gatehouse serve", or name another folder with GATEHOUSE_HOME.`,
    )
  }
  const link = createHostLink({
    origin: host.url,
    credentials: async () => ({ Authorization: `Bearer ${host.token}` }),
    reconnect: false,
  })
  try {
    await opened(link, home.root, host)
  } catch (error) {
    link.close()
    throw error
  }
  return { host, ...typedConnection(link), close: () => link.close() }
}

function opened(link: HostLink, root: string, host: Control): Promise<void> {
  return new Promise((resolve, reject) => {
    link.onStatus((status) => {
      if (status === 'open') resolve()
      // A server that does not know our token is not our host: its port went to someone else after a crash.
      if (status === 'lost' || status === 'refused') {
        reject(
          new NoHostError(
            `No Gatehouse answers for the data folder ${root}: the one that was started at ${host.startedAt} (process ${host.pid}) is gone. Nothing that it accepted is lost. Start it again with "npm start" or "gatehouse serve".`,
          ),
        )
      }
    })
  })
}

/** The contract's types over a link; the host has already checked input and output. */
export function typedConnection(link: Pick<HostLink, 'send' | 'onPush' | 'onStatus'>): Connection {
  return {
    async call(name, input) {
      const reply = await link.send(name, input)
      if (!reply.ok) throw new CallFailed(reply.error)
      return reply.output as never
    },
    subscribe(name, listener) {
      return link.onPush((push) => {
        if (push.event === name) listener(push.payload as never)
      })
    },
    onStatus: (listener) => link.onStatus(listener),
  }
}

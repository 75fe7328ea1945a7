import { Client, Connection } from '@temporalio/client'
import type { DataConverter } from '@temporalio/common'
import type { TemporalAddress } from './connection.ts'
import { retryingCalls } from './retryingCalls.ts'

export interface ClientOptions extends TemporalAddress {
  /** Shown in histories as who did it. */
  identity?: string
  /** Not optional: one that was forgotten would write values in clear. */
  dataConverter: DataConverter
  /** How long to wait for the server to answer at all. */
  connectTimeoutMs?: number
}

export interface TemporalClient {
  client: Client
  close(): Promise<void>
}

/**
 * Connects a client. The connection heals itself when the server goes and comes back.
 * @throws when the server does not answer within `connectTimeoutMs` (10 s).
 */
export async function createClient(options: ClientOptions): Promise<TemporalClient> {
  const connection = await Connection.connect({
    address: options.address,
    tls: options.tls,
    apiKey: options.apiKey,
    connectTimeout: options.connectTimeoutMs ?? 10_000,
    interceptors: retryingCalls,
  })
  const client = new Client({
    connection,
    namespace: options.namespace,
    identity: options.identity,
    dataConverter: options.dataConverter,
  })
  return { client, close: () => connection.close() }
}

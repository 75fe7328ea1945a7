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

/**
 * In bytes. Temporal bounds the events of a history's page, not its bytes, and gRPC would take 4 MB: two large values. The
 * SDK means to allow as much, under a name that gRPC does not know (1.24.0).
 */
const largestAnswer = 128 * 1024 * 1024

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
    channelArgs: { 'grpc.max_receive_message_length': largestAnswer },
  })
  const client = new Client({
    connection,
    namespace: options.namespace,
    identity: options.identity,
    dataConverter: options.dataConverter,
  })
  return { client, close: () => connection.close() }
}

/** What "Temporal is up" means, for a server of ours and for anybody else's. */
import { Connection, isGrpcServiceError } from '@temporalio/client'
import type { TemporalAddress } from '../../../temporal/connection.ts'
import { grpcCodes, isAnswer } from '../../../temporal/grpc.ts'
import { prepareNamespace } from '../../../temporal/namespace.ts'
import { PartProblem } from './keepUp.ts'

const connectMilliseconds = 5_000
const checkMilliseconds = 5_000

export interface UsableTemporal {
  check(): Promise<void>
  close(): Promise<void>
}

/**
 * Connects and comes back when the namespace and our search attribute can be used.
 * @param ownServer true where Gatehouse may change the namespace's retention
 * @param mark a namespace that only the right server has; nothing is changed on one without it
 * @throws PartProblem with a sentence and a remedy
 */
export async function connectTemporal(
  address: TemporalAddress,
  ownServer: boolean,
  signal: AbortSignal,
  mark?: string,
): Promise<UsableTemporal> {
  const connection = await connectTo(address)
  const close = () => connection.close()
  const check = () => lookForNamespace(connection, address)
  try {
    signal.throwIfAborted()
    if (mark !== undefined) await connection.workflowService.describeNamespace({ namespace: mark })
    await check()
    await connection.withAbortSignal(signal, () => prepareNamespace(connection, address.namespace, { ownServer }))
    return { check, close }
  } catch (error) {
    await close()
    throw temporalProblem(error, address)
  }
}

/**
 * Whether a server answers and has the namespace, within ten seconds; changes nothing there.
 * @throws PartProblem with a sentence and a remedy
 */
export async function askTemporal(address: TemporalAddress): Promise<void> {
  const connection = await connectTo(address)
  try {
    await lookForNamespace(connection, address)
  } finally {
    await connection.close()
  }
}

async function connectTo(address: TemporalAddress): Promise<Connection> {
  try {
    return await Connection.connect({
      address: address.address,
      tls: address.tls,
      apiKey: address.apiKey,
      connectTimeout: connectMilliseconds,
    })
  } catch (error) {
    throw temporalProblem(error, address)
  }
}

const lookForNamespace = (connection: Connection, address: TemporalAddress): Promise<void> =>
  connection.withDeadline(Date.now() + checkMilliseconds, async () => {
    try {
      await connection.workflowService.describeNamespace({ namespace: address.namespace })
    } catch (error) {
      throw temporalProblem(error, address)
    }
  })

/** true when the server did answer, and wants to be told who asks. */
export const wantsCredentials = ({ cause }: PartProblem): boolean =>
  [cause, (cause as { cause?: unknown } | undefined)?.cause].some((error) =>
    isAnswer(error, 'permissionDenied', 'unauthenticated'),
  )

/** A sentence with a remedy for what the gRPC client throws. */
export function temporalProblem(error: unknown, { address, namespace }: TemporalAddress): PartProblem {
  if (error instanceof PartProblem) return error
  const inner = (error as { cause?: unknown }).cause
  const grpc = isGrpcServiceError(error) ? error : isGrpcServiceError(inner) ? inner : null
  const because = { cause: error }
  switch (grpc?.code) {
    case grpcCodes.notFound:
      return new PartProblem(
        `Temporal at ${address} has no namespace ${namespace}.`,
        `Create it there (temporal operator namespace create --namespace ${namespace}), or correct the profile.`,
        because,
      )
    case grpcCodes.permissionDenied:
    case grpcCodes.unauthenticated:
      return new PartProblem(
        `Temporal at ${address} does not let Gatehouse in: ${grpc.details || 'not authorised'}.`,
        'Check the API key and the certificates of the profile.',
        because,
      )
    case grpcCodes.unavailable:
    case grpcCodes.deadlineExceeded:
      return new PartProblem(
        `Temporal does not answer on ${address}: ${brief(grpc.details)}.`,
        'Start the server, or correct the address in the profile. Runs and files wait and nothing is lost.',
        because,
      )
    default: {
      const { message } = error as Error
      // `Connection.connect` gives up with a plain error when nothing listens there.
      if (/connect|deadline|timed? ?out/i.test(message) && !grpc) {
        return new PartProblem(
          `Temporal does not answer on ${address}.`,
          'Start the server, or correct the address in the profile. Runs and files wait and nothing is lost.',
          because,
        )
      }
      return new PartProblem(message, '', because)
    }
  }
}

const brief = (details: string | undefined) =>
  details ? (details.split('\n')[0]?.slice(0, 200).replace(/\.$/, '') ?? '') : 'no connection'

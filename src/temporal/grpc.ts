/** What every call to Temporal needs: its patience, and what gRPC says when it fails. */
import { type Client, isGrpcServiceError } from '@temporalio/client'

/** gRPC status codes, https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const grpcCodes = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const
export type GrpcCode = keyof typeof grpcCodes

/** true when Temporal's own answer was one of these. */
export const isAnswer = (error: unknown, ...codes: GrpcCode[]): boolean =>
  isGrpcServiceError(error) && codes.some((code) => grpcCodes[code] === error.code)

const callWithinMs = 10_000

/** One call's patience, ten seconds: what takes longer counts as unreachable, and its caller tries again later. */
export const withinLimit = <T>(client: Client, call: () => Promise<T>): Promise<T> =>
  client.withDeadline(Date.now() + callWithinMs, call)

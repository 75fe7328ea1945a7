import { type ConnectionOptions, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client'

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number]
type Call = ReturnType<Interceptor>

/** gRPC's status of a call that its caller gave up, https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const cancelled = 1

/**
 * Calls are tried again as the SDK does by default. A retry waits on a timer, and a connection that is closed meanwhile throws
 * there, where nobody can catch it: it would end the process. Such a call fails instead, as one that was cancelled.
 */
export const retryingCalls: Interceptor[] = [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), failOnClosedChannel]

function failOnClosedChannel(...[options, nextCall]: Parameters<Interceptor>): Call {
  try {
    return nextCall(options) as Call
  } catch (error) {
    const details = (error as Error).message
    return {
      start: (metadata, listener) => listener?.onReceiveStatus?.({ code: cancelled, details, metadata }),
      sendMessage() {},
      sendMessageWithContext() {},
      startRead() {},
      halfClose() {},
      cancelWithStatus() {},
      getPeer: () => '',
      getAuthContext: () => null,
    } satisfies ReturnType<Parameters<Interceptor>[1]> as unknown as Call
  }
}

import type { DataConverter, PayloadCodec } from '@temporalio/common'
import type { BundleOptions } from '@temporalio/worker'

/**
 * How values become payloads, put together in one place: worker, client, replays and operator tools must agree to the
 * byte. Payload and failure converter are the SDK's own for now; codecs come from the caller, who holds their keys.
 */
export function createDataConverter(codecs: PayloadCodec[] = []): DataConverter {
  return { ...converterPaths, payloadCodecs: codecs }
}

/** Modules of our own converters, needed by the host (by path) and inside the workflow bundle alike. None so far. */
export const converterPaths: Pick<BundleOptions, 'payloadConverterPath' | 'failureConverterPath'> = {}

import { join } from 'node:path'
import type { DataConverter, PayloadCodec } from '@temporalio/common'

/** The failure converter as Node and the workflow bundler read it; a built host has its own copy, see `AppPaths`. */
export const failureConverterSource = join(import.meta.dirname, 'failureConverter.ts')

/**
 * How values become payloads, put together in one place: worker, client, replays and operator tools must agree to the
 * byte. Codecs come from the caller, who holds their keys.
 * @param failureConverterPath absolute path of the module `failureConverter`, source or built
 */
export function createDataConverter(codecs: PayloadCodec[] = [], failureConverterPath = failureConverterSource): DataConverter {
  return { failureConverterPath, payloadCodecs: codecs }
}

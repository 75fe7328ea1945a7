import { DefaultFailureConverter } from '@temporalio/common'

/**
 * Failures with message and stack in a payload of their own, which codecs encode like any other; in clear they would
 * stand in every history. Workflows have it in their bundle, worker and client load this module by its path.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true })

import { CallFailed } from '../../contract/errors.ts'

/** What went wrong, as the host said it. */
export function problemText(cause: unknown): string {
  if (cause instanceof CallFailed) {
    const { error } = cause
    // The host's own words have the id in them.
    return error.kind === 'internal' && !error.message.includes(error.id)
      ? `${error.message} (log id ${error.id})`
      : error.message
  }
  return cause instanceof Error ? cause.message : String(cause)
}

import { CallFailed } from '../../contract/errors.ts'

/** What went wrong, as the host said it. */
export function problemText(cause: unknown): string {
  if (cause instanceof CallFailed) {
    return cause.error.kind === 'internal' ? `${cause.error.message} (log id ${cause.error.id})` : cause.error.message
  }
  return cause instanceof Error ? cause.message : String(cause)
}

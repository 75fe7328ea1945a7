import type { HistoryFailure } from '../../../contract/history.ts'
import type { PayloadView } from '../../../contract/model.ts'

/** What a failure says, once its attributes were decoded (`DefaultFailureConverter` of the SDKs); null where they are none. */
export function failureText(json: string): { message: string; stack: string | null } | null {
  try {
    const { message, stack_trace: stack } = JSON.parse(json) as Record<string, unknown>
    if (typeof message !== 'string') return null
    return { message, stack: typeof stack === 'string' && stack !== '' ? stack : null }
  } catch {
    return null
  }
}

/** The failures with the texts that were sealed, where they were decoded among the values beside them. */
export function withTexts(failures: readonly HistoryFailure[], values: readonly PayloadView[]): HistoryFailure[] {
  return failures.map((failure) => {
    if (failure.message !== null) return failure
    const sealed = values.find(({ label }) => label === `${failure.path}.encodedAttributes`)
    const text = sealed && sealed.json !== null ? failureText(sealed.json) : null
    return text === null ? failure : { ...failure, ...text }
  })
}

import type { Payload } from '@temporalio/common'
import proto from '@temporalio/proto'
import type { HistoryFailure } from '../../../contract/history.ts'
import { isPayload } from '../runs/runEncryption.ts'
import type { FailureProto, HistoryEvent } from '../runs/timeline.ts'

export interface PayloadAt {
  /** Names from the event's attributes down, such as `input` or `header.fields.trace`; lists by their index where they hold several. */
  path: string
  payload: Payload
}

const { TimeoutType } = proto.temporal.api.enums.v1

/** What stands for the message of a failure whose attributes are sealed (the SDKs' own words, `DefaultFailureConverter`). */
const sealedMessage = 'Encoded failure'

/** Names that only wrap what they hold; a path reads better without them. */
const wrappers: ReadonlySet<string> = new Set(['payloads', 'fields', 'indexedFields'])

/** Every payload below a message and every failure's own text, in the order of its fields. */
export function findPayloads(message: object): { payloads: PayloadAt[]; failures: HistoryFailure[] } {
  const payloads: PayloadAt[] = []
  const failures: HistoryFailure[] = []
  const visit = (value: unknown, path: readonly string[]): void => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
    if (isPayload(value)) {
      payloads.push({ path: path.join('.'), payload: value })
      return
    }
    if (isFailure(value, path)) failures.push(failureAt(value, path.join('.')))
    if (Array.isArray(value)) {
      value.forEach((inner, index) => {
        visit(inner, value.length === 1 ? path : [...path, String(index + 1)])
      })
      return
    }
    for (const [name, inner] of Object.entries(value)) visit(inner, wrappers.has(name) ? path : [...path, name])
  }
  visit(message, [])
  return { payloads, failures }
}

/** The one set of attributes that an event has; it names the event's type, also one that this SDK's list does not know yet. */
export const attributesOf = (event: HistoryEvent): [string, Record<string, unknown>] | [] =>
  (Object.entries(event).find(([name, value]) => name.endsWith('EventAttributes') && value) as
    | [string, Record<string, unknown>]
    | undefined) ?? []

/** What an event holds; its payloads are counted in this order, wherever one of them is asked for again. */
export const payloadsOfEvent = (event: HistoryEvent) =>
  findPayloads({ ...attributesOf(event)[1], userMetadata: event.userMetadata })

/** Whether a message of an event is a failure, by where it stands and what it says. */
export const isFailure = (value: object, path: readonly string[]): value is FailureProto =>
  /^(cause|.*failure)$/i.test(path.at(-1) ?? '') && 'message' in value && typeof value.message === 'string'

/** The last word or words of an enum's name: `TIMEOUT_TYPE_START_TO_CLOSE` is `start to close`. */
const words = (name: string | undefined, prefix: string) => (name ?? '').replace(prefix, '').replaceAll('_', ' ').toLowerCase()

/** What kind of failure it is where no application names one; null where Temporal says nothing of it. */
function kindOf(failure: FailureProto): string | null {
  if (failure.timeoutFailureInfo) {
    return `timeout: ${words(TimeoutType[failure.timeoutFailureInfo.timeoutType ?? 0], 'TIMEOUT_TYPE_')}`
  }
  if (failure.activityFailureInfo) return `activity ${failure.activityFailureInfo.activityType?.name ?? ''}`.trim()
  if (failure.childWorkflowExecutionFailureInfo) {
    return `child workflow ${failure.childWorkflowExecutionFailureInfo.workflowType?.name ?? ''}`.trim()
  }
  if (failure.nexusOperationExecutionFailureInfo) {
    return `Nexus operation ${failure.nexusOperationExecutionFailureInfo.operation ?? ''}`.trim()
  }
  if (failure.nexusHandlerFailureInfo) return `Nexus handler ${failure.nexusHandlerFailureInfo.type ?? ''}`.trim()
  const plain = [
    [failure.canceledFailureInfo, 'canceled'],
    [failure.terminatedFailureInfo, 'terminated'],
    [failure.serverFailureInfo, 'Temporal server'],
    [failure.resetWorkflowFailureInfo, 'reset'],
  ] as const
  return plain.find(([info]) => info)?.[1] ?? null
}

const failureAt = (failure: FailureProto, path: string): HistoryFailure => {
  const sealed = Boolean(failure.encodedAttributes) && failure.message === sealedMessage
  return {
    path,
    message: sealed ? null : (failure.message ?? ''),
    type: failure.applicationFailureInfo?.type || kindOf(failure),
    stack: sealed ? null : failure.stackTrace || null,
  }
}

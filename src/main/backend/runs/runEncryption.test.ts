import type { Payload } from '@temporalio/common'
import { expect, it } from 'vitest'
import { runEncryption } from './runEncryption.ts'
import type { HistoryEvent } from './timeline.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const plain: Payload = { metadata: { encoding: bytes('json/plain') }, data: bytes('1') }
const sealed = (keyId: string): Payload => ({
  metadata: { encoding: bytes('binary/encrypted'), 'encryption-key-id': bytes(keyId) },
  data: bytes('…'),
})
const started = (input: Payload[]): HistoryEvent => ({ workflowExecutionStartedEventAttributes: { input: { payloads: input } } })
const failed = (encodedAttributes: Payload): HistoryEvent => ({
  activityTaskFailedEventAttributes: { failure: { message: 'Encoded failure', cause: { encodedAttributes } } },
})

it.each<[string, HistoryEvent[], ReturnType<typeof runEncryption>]>([
  ['nothing was written yet', [], null],
  ['every payload is in clear', [started([plain])], { state: 'plain', keyIds: [] }],
  [
    'every payload is sealed, under two keys',
    [started([sealed('k-1'), sealed('k-1')]), failed(sealed('k-2'))],
    { state: 'encrypted', keyIds: ['k-1', 'k-2'] },
  ],
  ['switched off on the way', [started([sealed('k-1')]), failed(plain)], { state: 'mixed', keyIds: ['k-1'] }],
  [
    'search attributes, headers and markers are in clear by design',
    [
      {
        workflowExecutionStartedEventAttributes: {
          input: { payloads: [sealed('k-1')] },
          header: { fields: { a: plain } },
          searchAttributes: { indexedFields: { GatehouseStage: plain } },
        },
      },
      { markerRecordedEventAttributes: { markerName: 'core_patch', details: { data: { payloads: [plain] } } } },
    ],
    { state: 'encrypted', keyIds: ['k-1'] },
  ],
])('%s', (_, events, expected) => expect(runEncryption(events)).toEqual(expected))

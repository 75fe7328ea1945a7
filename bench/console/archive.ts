/** What decoding costs where an answer of the codec takes its time: a page, a whole history as a file, and a codec that hangs. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import type { PayloadCodec } from '@temporalio/common'
import { launchChromium, root } from '../../e2e/support/browsers.ts'
import { newHome, startFakeHost } from '../../e2e/support/fakeHost.ts'
import { findTemporal } from '../../scripts/testSetup.ts'
import { exportHistory } from '../../src/main/backend/history/exportHistory.ts'
import { readHistoryPage } from '../../src/main/backend/history/readHistoryPage.ts'
import { fakeDetail, fakeRun } from '../../src/main/testing/fakeBackend.ts'
import { installRuntime } from '../../src/temporal/runtime.ts'
import { type Row, seconds } from '../table.ts'
import { type ArchivedRun, makeArchivedRun } from './archiveRun.ts'

const events = 2_000
const answersInMs = 50

export async function run(): Promise<Row[]> {
  await findTemporal()
  const nothing = () => {}
  installRuntime({ debug: nothing, info: nothing, warn: nothing, error: nothing })
  const archived = await makeArchivedRun(events)
  try {
    return [await pageRow(archived), ...(await exportRows(archived)), ...(await hangingRows(archived))]
  } finally {
    await archived.close()
  }
}

/** The codec as a server elsewhere would be: each answer takes its time, and each is counted. */
function slow(codec: PayloadCodec) {
  const counted = { calls: 0, payloads: 0 }
  const decode: PayloadCodec['decode'] = async (payloads) => {
    counted.calls++
    counted.payloads += payloads.length
    await wait(answersInMs)
    return codec.decode(payloads)
  }
  return { counted, codec: { encode: (payloads) => codec.encode(payloads), decode } satisfies PayloadCodec }
}

async function pageRow(archived: ArchivedRun): Promise<Row> {
  const { codec, counted } = slow(archived.codec)
  const page = await readHistoryPage(await archived.clientWith(codec), { ...archived, older: null, limit: 100 })
  if (page.unreadable > 0) throw new Error(`${page.unreadable} values could not be read`)
  return {
    what: `codec round trips for the newest ${page.events.length} events with ${counted.payloads} payloads`,
    measured: String(counted.calls),
    toReach: 'at most 5',
    reached: counted.calls <= 5,
  }
}

async function exportRows(archived: ArchivedRun): Promise<Row[]> {
  const { codec, counted } = slow(archived.codec)
  const client = await archived.clientWith(codec)
  const began = performance.now()
  const text = await exportAll(client, archived)
  const ms = performance.now() - began
  const failures = check(text)
  return [
    {
      what: `decoded export of ${failures.events} events with ${failures.count} failures, codec answering in ${answersInMs} ms`,
      measured: `${seconds(ms)}, ${counted.calls} round trips for ${counted.payloads} payloads`,
      toReach: '10 s',
      reached: ms <= 10_000,
    },
    {
      what: 'the same with one round trip a payload, one after the other (round trips alone)',
      measured: `${seconds(counted.payloads * answersInMs)}, ${((counted.payloads * answersInMs) / ms).toFixed(0)} times as long`,
      toReach: '',
      reached: null,
    },
  ]
}

async function exportAll(client: Client, { workflowId, runId }: ArchivedRun): Promise<string> {
  const texts: string[] = []
  let after: string | null = null
  do {
    const piece: Awaited<ReturnType<typeof exportHistory>> = await exportHistory(client, {
      workflowId,
      runId,
      decoded: true,
      after,
    })
    texts.push(piece.text)
    after = piece.next
  } while (after !== null)
  return texts.join('')
}

/** @throws when anything is missing or still sealed: a fast export of the wrong thing is none */
function check(text: string): { events: number; count: number } {
  const { events: all } = JSON.parse(text) as { events: Record<string, { failure?: { message?: string } }>[] }
  const failed = all.flatMap(({ activityTaskFailedEventAttributes: attributes }) =>
    attributes?.failure ? [attributes.failure] : [],
  )
  const inClear = failed.filter(({ message }) => /^The row \d+ was refused\.$/.test(message ?? ''))
  if (failed.length === 0 || inClear.length < failed.length)
    throw new Error(`${inClear.length} of ${failed.length} failures in clear`)
  for (const words of ['of the input', 'of the details', 'of the signal', 'of the memo', 'of the summary'])
    if (!text.includes(words)) throw new Error(`no words "${words}" in the export`)
  if (text.includes(Buffer.from('binary/encrypted').toString('base64'))) throw new Error('something is still sealed')
  return { events: all.length, count: failed.length }
}

/** The real page in real Chromium, its histories read by a codec that does not answer until it is told to. */
async function hangingRows(archived: ArchivedRun): Promise<Row[]> {
  let goOn = () => {}
  const held = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const client = await archived.clientWith({
    encode: (payloads) => archived.codec.encode(payloads),
    decode: async (payloads) => {
      await held
      return archived.codec.decode(payloads)
    },
  })
  const home = newHome()
  const { host, backend } = await startFakeHost(root, home)
  backend.setRuns([archived.workflowId])
  backend.handlers['runs.get'] = ({ workflowId }) => fakeDetail(fakeRun(workflowId))
  backend.handlers['history.page'] = ({ older, limit }) => readHistoryPage(client, { ...archived, older, limit })
  const browser = await launchChromium()
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.goto(host.server.issueLink())
    await page.getByRole('button', { name: 'Choose files…' }).first().waitFor()
    await page.evaluate(`location.hash = '#/runs/${archived.workflowId}/page'`)
    const tab = page.getByRole('tab', { name: 'History' })
    await tab.waitFor()
    const began = performance.now()
    await tab.click()
    await page.locator('.history-event').nth(20).waitFor()
    await page.getByText('still being decoded').first().waitFor()
    const usableMs = performance.now() - began
    const answered = performance.now()
    goOn()
    await page.getByText('still being decoded').first().waitFor({ state: 'detached' })
    const filledMs = performance.now() - answered
    return [
      {
        what: 'codec hanging: events on the page, with what is missing named',
        measured: seconds(usableMs),
        toReach: '1 s',
        reached: usableMs <= 1_000,
      },
      { what: 'its values on the page after it answered', measured: seconds(filledMs), toReach: '', reached: null },
    ]
  } finally {
    await browser.close()
    await host.close()
    home.remove()
  }
}

/**
 * A run of 40,000 events, opened at its newest ones: a real host, real Temporal, real Chromium, beside the Temporal Web UI
 * on the same server.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchChromium } from '../../e2e/support/browsers.ts'
import { consoleOn } from '../../e2e/support/console.ts'
import { type Host, newHome, removeHome, startHost } from '../../e2e/support/host.ts'
import { workflowType } from '../../src/temporal/names.ts'
import { type Row, seconds } from '../table.ts'

const events = 40_000
/** Of each round of the workflow: 20 steps within a workflow task, one step with its three events, the task's own three. */
const eventsPerRound = 26
const workflowId = 'mlops-1-big'
/** Of the bench's own worker: the host's has no code for this run. */
const taskQueue = 'bench-big-run'
const repeats = 5
/** The Web UI takes a minute and more for each. */
const webUiRepeats = 2
const newest = 100

/** The few things of a page that this looks at from inside. */
declare const document: { querySelectorAll(selector: string): { length: number }; body: { innerText: string } }

interface Opened {
  ms: number
  bytes: number
}

export async function run(): Promise<Row[]> {
  const home = await newHome()
  const host = await startHost(home)
  const browser = await launchChromium()
  try {
    const { runId, length } = await makeBigRun(host)
    const fromList = await openedFromList(browser, host)
    const signIn = await freshLink(host)
    const inConsole = `${new URL(signIn).origin}/#/runs/${workflowId}/page`
    const enter = async (page: Page) => {
      await page.goto(signIn)
      // The link's token stands behind the #, as the address does that comes next.
      await consoleOn(page).ready()
    }
    const byAddress = await openedByAddress(browser, repeats, { enter, address: inConsole }, newestInConsole)
    const detail: number[] = []
    for (let i = 0; i < repeats; i++) {
      const began = performance.now()
      await host.connection.call('runs.get', { workflowId })
      detail.push(performance.now() - began)
    }
    const { temporalUiUrl } = await host.connection.call('stack.health', {})
    if (!temporalUiUrl) throw new Error('this server has no Web UI to compare with')
    const address = `${temporalUiUrl}/namespaces/default/workflows/${workflowId}/${runId}/history`
    const webUi = await openedByAddress(browser, webUiRepeats, { address }, newestInWebUi)
    const share = median(byAddress.map(({ bytes }) => bytes)) / median(webUi.map(({ bytes }) => bytes))
    return [
      openedRow(`newest ${newest} of ${length} events usable, from the click on the run in the list`, fromList, 1_500),
      openedRow('the same by its address in a new tab, the program in the cache', byAddress, null),
      openedRow('the newest event in the Temporal Web UI by its address, the program in the cache', webUi, null),
      {
        what: "bytes by the address, of the Web UI's",
        measured: `${(share * 100).toFixed(1)} %`,
        toReach: '10 %',
        reached: share <= 0.1,
      },
      openedRow(
        '`runs.get` of this run',
        detail.map((ms) => ({ ms, bytes: 0 })),
        null,
      ),
    ]
  } finally {
    await browser.close()
    await host.stop()
    await removeHome(home)
  }
}

/** Runs it on a worker of the bench until the history is long enough, and ends it; the host finds it as another client's run. */
async function makeBigRun(host: Host): Promise<{ runId: string; length: number }> {
  const { temporal } = await host.connection.call('stack.health', {})
  const address = temporal.address ?? ''
  const connection = await Connection.connect({ address })
  const forWorker = await NativeConnection.connect({ address })
  try {
    const worker = await Worker.create({
      ...{ connection: forWorker, taskQueue },
      workflowsPath: fileURLToPath(new URL('./bigRunWorkflow.ts', import.meta.url)),
      activities: { work: async (row: object) => ({ ...row, done: true, note: 'what this step has to say of its row' }) },
    })
    const handle = await new Client({ connection }).workflow.start(workflowType, {
      ...{ workflowId, taskQueue, args: [Math.ceil(events / eventsPerRound)] },
      workflowTaskTimeout: '1 minute',
    })
    const length = await worker.runUntil(async () => {
      for (;;) {
        const { historyLength } = await handle.describe()
        if (historyLength >= events) return historyLength
        await wait(500)
      }
    })
    await handle.terminate('It is long enough.')
    while ((await host.connection.call('runs.list', { text: workflowId })).runs[0]?.stage !== 'Cancelled') await wait(200)
    return { runId: handle.firstExecutionRunId, length: length + 1 }
  } finally {
    await forWorker.close()
    await connection.close()
  }
}

/** Bytes that a page receives from now on, as they come over the wire; frames of a socket by their text. */
async function bytesOf(page: Page): Promise<{ received(): number }> {
  const session = await page.context().newCDPSession(page)
  let received = 0
  session.on('Network.dataReceived', ({ encodedDataLength }) => {
    received += encodedDataLength
  })
  session.on('Network.webSocketFrameReceived', ({ response }) => {
    received += Buffer.byteLength(response.payloadData)
  })
  await session.send('Network.enable')
  return { received: () => received }
}

async function newestInConsole(page: Page): Promise<void> {
  await page.getByRole('tab', { name: 'History' }).click()
  await page.waitForFunction((least) => document.querySelectorAll('.history-line').length >= least, newest, { timeout: 60_000 })
}

const newestInWebUi = (page: Page) =>
  page.waitForFunction(() => /Workflow Execution Terminated/i.test(document.body.innerText), undefined, { timeout: 240_000 })

async function openedFromList(browser: Browser, host: Host): Promise<Opened[]> {
  const opened: Opened[] = []
  for (let i = 0; i < repeats; i++) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.goto(await freshLink(host))
    await consoleOn(page).ready()
    const row = page.locator('.run-row').first()
    await row.waitFor()
    const bytes = await bytesOf(page)
    const began = performance.now()
    await row.click()
    await newestInConsole(page)
    opened.push({ ms: performance.now() - began, bytes: bytes.received() })
    await page.close()
  }
  return opened
}

/** A link opens the console once, so each browser profile takes one of its own. */
const freshLink = async (host: Host) => (await host.connection.call('host.focus', {})).url as string

/** In tabs of one browser profile that has been let in and at this address before. */
async function openedByAddress(
  browser: Browser,
  times: number,
  { enter, address }: { enter?: (page: Page) => Promise<void>; address: string },
  untilNewest: (page: Page) => Promise<unknown>,
): Promise<Opened[]> {
  const context: BrowserContext = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  try {
    const first = await context.newPage()
    await enter?.(first)
    await first.goto(address)
    await untilNewest(first)
    await first.close()
    const opened: Opened[] = []
    for (let i = 0; i < times; i++) {
      const page = await context.newPage()
      const bytes = await bytesOf(page)
      const began = performance.now()
      await page.goto(address)
      await untilNewest(page)
      opened.push({ ms: performance.now() - began, bytes: bytes.received() })
      await page.close()
    }
    return opened
  } finally {
    await context.close()
  }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

function openedRow(what: string, opened: readonly Opened[], withinMs: number | null): Row {
  const times = opened.map(({ ms }) => ms)
  const bytes = median(opened.map((each) => each.bytes))
  const worst = Math.max(...times)
  return {
    what,
    measured: `median ${seconds(median(times))}, worst ${seconds(worst)} (${opened.length})${bytes > 0 ? `, ${(bytes / 1e6).toFixed(2)} MB` : ''}`,
    toReach: withinMs === null ? '' : seconds(withinMs),
    reached: withinMs === null ? null : worst <= withinMs,
  }
}

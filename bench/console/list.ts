/** The run list with 10,000 runs: the projection's own records behind the real web shell, in real Chromium. */
import { randomBytes } from 'node:crypto'
import type { CDPSession, Page } from 'playwright-core'
import { launchChromium, root } from '../../e2e/support/browsers.ts'
import { newHome, startFakeHost } from '../../e2e/support/fakeHost.ts'
import type { EventPayload } from '../../src/contract/events.ts'
import { type Stage, stages } from '../../src/contract/model.ts'
import type { RunFilter } from '../../src/contract/runFilter.ts'
import type { RunSort } from '../../src/contract/runSort.ts'
import { openLedger } from '../../src/main/backend/ledger/openLedger.ts'
import { silentLog } from '../../src/main/backend/log.ts'
import { createProjection, type Projection } from '../../src/main/backend/projection/createProjection.ts'
import { summaryOf } from '../../src/main/backend/projection/runRecord.ts'
import { createSealer } from '../../src/main/backend/projection/sealer.ts'
import { megabytes, type Row } from '../table.ts'

const many = 10_000
const retrying = 40
const typed = ['abalone_7', 'reef', 'week_99', 'grace', 'abalone_1234', 'reef_55', 'ada', 'week_4', 'mlops-17', 'abalone']
const heads: { head: string; sort: RunSort }[] = [
  { head: 'Error', sort: { by: 'error', descending: true } },
  { head: 'Error', sort: { by: 'error', descending: false } },
  { head: 'File', sort: { by: 'file', descending: false } },
  { head: 'Gate', sort: { by: 'gate', descending: true } },
  { head: 'Score', sort: { by: 'score', descending: true } },
  { head: 'What is going on', sort: { by: 'state', descending: true } },
]
/** A busy hour: one push a second, each of so many runs. */
const pushes = 3_600
const perPush = 10

/** The few things of a page that this looks at from inside. */
declare const document: {
  querySelectorAll(selector: string): Iterable<{ getAttribute(name: string): string }>
  querySelector(selector: string): Scroller
}
declare const performance: { now(): number }
declare function addEventListener(name: string, listener: (event: { timeStamp: number }) => void, options: object): void
declare const requestAnimationFrame: (then: (at: number) => void) => void
interface Scroller {
  scrollTop: number
  scrollHeight: number
  clientHeight: number
}

export async function run(): Promise<Row[]> {
  const home = newHome()
  const { host, backend } = await startFakeHost(root, home)
  const ledger = openLedger(':memory:')
  const projection = createProjection({
    ledger,
    sealer: createSealer(randomBytes(32)),
    emit: (name, payload) => backend.emit(name, payload),
    onTransition: () => {},
    onAttemptFailed: () => {},
    log: silentLog,
  })
  fill(projection)
  projection.flush()
  let asked = 0
  backend.handlers['runs.list'] = (input) => {
    asked++
    return projection.list(input)
  }
  const browser = await launchChromium()
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.goto(host.server.issueLink())
    await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: 'Runs' }).click()
    await page.locator('[data-workflow-id]').first().waitFor()
    // Until the page has read ahead: about a second after it opened.
    for (let before = 0; asked > before; await page.waitForTimeout(1_000)) before = asked
    return [
      await filterRow(page, projection),
      await retryingRow(page, projection),
      await sortRow(page, projection),
      ...(await scrollRows(page)),
      await memoryRow(page, projection, (payload) => backend.emit('runs.changed', payload)),
    ]
  } finally {
    await browser.close()
    projection.close()
    ledger.close()
    await host.close()
    home.remove()
  }
}

/** Runs of some months: nearly all have ended, a few hundred go on. */
function fill(projection: Projection): void {
  const ends: readonly Stage[] = ['Completed', 'Completed', 'Completed', 'GateFailed', 'Rejected', 'Failed']
  for (let n = 0; n < many; n++) {
    const at = new Date(Date.now() - n * 600_000).toISOString()
    const workflowId = `mlops-${1_700_000_000 + n}-run`
    const fileName = `${['abalone', 'reef', 'week'][n % 3]}_${n}.csv`
    projection.adopt({
      workflowId,
      runId: `run-${n}`,
      fileName,
      path: `/inbox/${fileName}`,
      startedAt: at,
      submittedBy: n % 7 ? 'ada' : 'grace',
    })
    const stage = n < 300 ? (stages[n % 8] as Stage) : (ends[n % ends.length] as Stage)
    projection.update(workflowId, {
      stage,
      stageSince: at,
      endedAt: n < 300 ? null : at,
      attempt: 1 + (n % 3),
      metrics: { mae: 1 + ((n * 7919) % 1000) / 500, r2: 0.5 + ((n * 104_729) % 500) / 1000 },
      gatePassed: n % 6 !== 3,
      modelId: `model-${n}`,
    })
  }
}

/** The rows that must stand at the top. */
const firstIds = (projection: Projection, filter: RunFilter, sort?: RunSort) =>
  projection.list({ ...filter, limit: 10, offset: 0, ...(sort ? { sort } : {}) }).runs.map(({ workflowId }) => workflowId)

/**
 * Milliseconds until a frame has these rows at the top, in their order.
 * @param from what begins it: this call, or the event by which the page learns what was typed or pressed
 */
const settled = (page: Page, ids: readonly string[], from: 'call' | 'input' | 'click' = 'call') =>
  page.evaluate(
    ([wanted, event]) =>
      new Promise<number>((done) => {
        let began = event === 'call' ? performance.now() : Number.NaN
        if (event !== 'call') addEventListener(event, ({ timeStamp }) => (began = timeStamp), { capture: true, once: true })
        const look = () => {
          const rows = [...document.querySelectorAll('[data-workflow-id]')].map((row) => row.getAttribute('data-workflow-id'))
          if (!Number.isNaN(began) && wanted.every((id, at) => rows[at] === id)) done(performance.now() - began)
          else requestAnimationFrame(look)
        }
        look()
      }),
    [ids, from] as const,
  )

async function filterRow(page: Page, projection: Projection): Promise<Row> {
  const times: number[] = []
  const search = page.getByLabel('Search runs by file, id, hash or who submitted')
  for (const text of typed) {
    await search.fill('')
    await settled(page, firstIds(projection, {}))
    const [took] = await Promise.all([settled(page, firstIds(projection, { text }), 'input'), search.fill(text)])
    times.push(took)
  }
  await search.fill('')
  return worstRow('a filter typed until the list has settled', times, 100)
}

/** Those that retry are among the newest and among the oldest, far below what the list has read. */
async function retryingRow(page: Page, projection: Projection): Promise<Row> {
  for (let n = many - retrying; n < many; n++) {
    const workflowId = `mlops-${1_700_000_000 + n}-run`
    projection.update(workflowId, { stage: 'Training', endedAt: null, attempt: 2, retryAt: new Date().toISOString() })
  }
  projection.flush()
  const { total } = projection.list({ retrying: true, limit: 1, offset: 0 })
  const [took] = await Promise.all([
    settled(page, firstIds(projection, { retrying: true })),
    page.evaluate(`location.hash = '#/runs?retrying=now'`),
  ])
  // Out of the search, where the filter before has left the focus, and out of the filter.
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await settled(page, firstIds(projection, {}))
  return {
    what: `${total} runs that are retrying now, ${retrying} of them the oldest, found in the list`,
    measured: `${Math.round(took)} ms`,
    toReach: '5 s',
    reached: took <= 5_000,
  }
}

async function sortRow(page: Page, projection: Projection): Promise<Row> {
  const times: number[] = []
  for (const { head, sort } of heads) {
    const [took] = await Promise.all([
      settled(page, firstIds(projection, {}, sort), 'click'),
      page.getByRole('button', { name: head, exact: true }).click(),
    ])
    times.push(took)
  }
  await page.keyboard.press('Escape')
  return worstRow('a head pressed until the list is sorted, over all runs', times, null)
}

const worstRow = (what: string, times: number[], withinMs: number | null): Row => {
  const sorted = [...times].sort((a, b) => a - b)
  const [median, worst] = [sorted[sorted.length >> 1] ?? Number.NaN, sorted.at(-1) ?? Number.NaN]
  return {
    what,
    measured: `p50 ${Math.round(median)} ms, worst ${Math.round(worst)} ms (${times.length})`,
    toReach: withinMs === null ? '' : `under ${withinMs} ms`,
    reached: withinMs === null ? null : worst < withinMs,
  }
}

/** Gaps between frames, in milliseconds: first with nothing to do, then while the list goes by from its top to its end. */
async function scrollRows(page: Page): Promise<Row[]> {
  const idle = await page.evaluate(
    () =>
      new Promise<number[]>((done) => {
        const gaps: number[] = []
        let before = performance.now()
        const frame = (at: number) => {
          gaps.push(at - before)
          before = at
          if (gaps.length < 300) requestAnimationFrame(frame)
          else done(gaps.slice(1))
        }
        requestAnimationFrame(frame)
      }),
  )
  const byWheel = await scrolled(page, 120)
  const byThumb = await scrolled(page, 480)
  const slow = (gaps: number[]) => gaps.filter((gap) => gap > 50).length
  const share = (gaps: number[]) => slow(gaps) / gaps.length
  const say = (gaps: number[]) => `${slow(gaps)} of ${gaps.length} frames over 50 ms, worst ${Math.round(Math.max(...gaps))} ms`
  return [
    { what: 'frames with nothing to do', measured: say(idle), toReach: '', reached: null },
    ...[
      { how: 'as fast as a wheel goes (120 px a frame)', ...byWheel },
      { how: 'as a dragged thumb goes (480 px a frame)', ...byThumb },
    ].map(({ how, gaps, reached }) => ({
      what: `scrolling through ${reached} rows ${how}`,
      measured: say(gaps),
      toReach: 'no more than with nothing to do',
      reached: reached >= many && share(gaps) <= share(idle),
    })),
  ]
}

/** From the top of the list to its end, so many pixels a frame. */
const scrolled = (page: Page, px: number) =>
  page.evaluate(
    (step) =>
      new Promise<{ gaps: number[]; reached: number }>((done) => {
        const list = document.querySelector('.runs-scroll')
        list.scrollTop = 0
        const gaps: number[] = []
        let before = performance.now()
        let atEnd = 0
        const frame = (at: number) => {
          gaps.push(at - before)
          before = at
          const top = list.scrollTop
          list.scrollTop = top + step
          // The next rows may still be on their way.
          atEnd = list.scrollTop === top ? atEnd + 1 : 0
          if (atEnd < 120) requestAnimationFrame(frame)
          else done({ gaps: gaps.slice(1), reached: Math.round(list.scrollHeight / 32) })
        }
        requestAnimationFrame(frame)
      }),
    px,
  )

async function memoryRow(
  page: Page,
  projection: Projection,
  push: (payload: EventPayload<'runs.changed'>) => void,
): Promise<Row> {
  const session = await page.context().newCDPSession(page)
  const ids = projection.list({ limit: 1000, offset: 0 }).runs.map(({ workflowId }) => workflowId)
  let revision = 1000
  const hour = async (from: number, to: number) => {
    for (let n = from; n < to; n++) {
      const runs = Array.from({ length: perPush }, (_, i) => {
        const id = ids[(n * 37 + i * 101) % ids.length] as string
        const known = projection.get(id)
        if (!known) throw new Error(`no run ${id}`)
        return { ...summaryOf(known), attempt: n % 5, problem: `attempt ${n} failed`, revision: ++revision }
      })
      push({ runs })
      // The page has drawn what came before more comes.
      if (n % 20 === 19) await page.evaluate(() => new Promise<void>((done) => requestAnimationFrame(() => done())))
    }
  }
  await hour(0, 200)
  const before = await heapOf(session)
  const began = Date.now()
  await hour(200, pushes)
  const took = Date.now() - began
  const after = await heapOf(session)
  return {
    what: `renderer memory after an hour of updates, ${pushes * perPush} changes in ${Math.round(took / 1000)} s`,
    measured: `${megabytes(before)} before, ${megabytes(after)} after`,
    toReach: 'within 10 %',
    reached: after <= before * 1.1,
  }
}

/** What is in use after everything that can go has gone. */
async function heapOf(session: CDPSession): Promise<number> {
  for (let n = 0; n < 3; n++) await session.send('HeapProfiler.collectGarbage')
  return (await session.send('Runtime.getHeapUsage')).usedSize
}

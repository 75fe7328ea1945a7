/**
 * The hosting main process as built, in plain Node 24 with a stand-in for the module `electron`: worker, codec, native
 * modules and servers in the process that shows the window. No Electron that could host is at hand everywhere; all but
 * the window itself is real here, the preload included.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type IntakeEntry, isEndStage, type RunSummary } from '../src/contract/model.ts'
import { createTestHome, type TestHome } from '../src/main/backend/stack/testHome.ts'
import { isUp } from '../src/main/control/startHost.ts'
import { root } from './support/browsers.ts'
import { sampleCsv } from './support/host.ts'
import { descendantsOf, processesNaming, stillRunning } from './support/processes.ts'
import { launchStandIn, type StandInApp } from './support/standIn/launch.ts'

const appFolder = process.env.GATEHOUSE_E2E_APP ?? root

let place: TestHome
let app: StandInApp
const start = (...args: string[]) => launchStandIn(appFolder, args, { ...process.env, GATEHOUSE_HOME: place.home.root })

beforeAll(async () => {
  place = createTestHome('hosting')
  const settings = { demoTrainer: { minSeconds: 1, maxSeconds: 2 }, operator: 'ada', settleSeconds: 0.5 }
  await writeFile(join(place.home.config, 'settings.json'), JSON.stringify(settings))
  app = start()
  await app.sees('the window', ({ windows }) => windows.some(({ visible, url }) => visible && url !== ''))
  await allUp()
})
afterAll(async () => {
  app?.process.kill('SIGTERM')
  await app?.ended
  await place?.remove()
})

async function allUp(): Promise<void> {
  const up = app.hears('stack.changed', ({ health }) => isUp(health))
  if (!isUp(await app.call('stack.health', {}))) await up
}

let files = 0
/** Drops a CSV of its own on the window, as the console does: by the path that the preload knows. */
async function drop(stem: string): Promise<RunSummary> {
  const file = join(place.home.root, `${stem}_${++files}.csv`)
  await writeFile(file, sampleCsv(files))
  const path = (await app.act({ do: 'pathOfFile', path: file })) as string
  const { entries } = await app.call('intake.submit', { paths: [path], origin: 'window' })
  const workflowId = entries[0]?.workflowId
  if (!workflowId) throw new Error(entries[0]?.message ?? 'nothing was taken')
  return run(workflowId)
}

async function run(workflowId: string): Promise<RunSummary> {
  return app.call('runs.get', { workflowId })
}

/** The run once it has come to one of these stages. */
async function reaches(workflowId: string, ...stages: RunSummary['stage'][]): Promise<RunSummary> {
  const heard = app.hears('runs.changed', ({ runs }) =>
    runs.some((each) => each.workflowId === workflowId && stages.includes(each.stage)),
  )
  const now = await run(workflowId)
  if (stages.includes(now.stage)) return now
  if (isEndStage(now.stage)) throw new Error(`the run ended as ${now.stage}: ${now.problem}`)
  const { runs } = await heard
  return runs.find((each) => each.workflowId === workflowId) as RunSummary
}

describe('the built app', () => {
  it('tests itself, each part in a process of its own', async () => {
    const test = start('--self-test', '--json')
    expect(await test.ended).toEqual({ code: 0, signal: null })
    const { ok, rows } = JSON.parse(test.said()) as { ok: boolean; rows: { name: string; ok: boolean }[] }
    expect(rows.filter((row) => !row.ok)).toEqual([])
    expect([ok, rows.length]).toEqual([true, 11])
  })
})

describe('the hosting window', () => {
  it('tells that it hosts, shows the built console and nothing outside it', async () => {
    const info = await app.call('app.info', {})
    expect(info).toMatchObject({ home: place.home.root, operator: 'ada' })
    const page = (await app.act({ do: 'fetch', url: 'app://gatehouse/index.html' })) as {
      status: number
      headers: Record<string, string>
    }
    expect(page.status).toBe(200)
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    expect(await app.act({ do: 'fetch', url: 'app://gatehouse/..%2f..%2fpackage.json' })).toMatchObject({ status: 404 })
    expect(await app.act({ do: 'askPermission', permission: 'geolocation' })).toBe(false)
  })

  it('a CSV goes from the drop to production', async () => {
    // Whoever works elsewhere is told by the desktop.
    await app.act({ do: 'blurWindow' })
    const { workflowId, fileName } = await drop('good')
    await reaches(workflowId, 'AwaitingApproval')
    await app.sees('the notification', ({ notifications }) => notifications.some(({ body }) => body.includes(fileName)))

    const reply = await app.call('runs.decide', {
      workflowId,
      decisionId: crypto.randomUUID(),
      decision: 'approve',
      reason: 'better than what serves now',
    })
    expect(reply.state).toBe('delivered')
    await reaches(workflowId, 'Completed')
    // It asked for a decision that was made.
    await app.sees('no notification', ({ notifications }) => !notifications.some(({ body }) => body.includes(fileName)))

    const detail = await app.call('runs.get', { workflowId })
    expect(detail).toMatchObject({ stage: 'Completed', decision: { decision: 'approve', operator: 'ada', via: 'update' } })
    expect(detail.steps.map(({ state }) => state)).toEqual(detail.steps.map(() => 'completed'))
    const payloads = await app.call('runs.payloads', { workflowId, step: 'train_model' })
    expect([...payloads.inputs, ...payloads.results].map(({ unreadable }) => unreadable)).not.toContainEqual(expect.any(String))
    expect(await app.call('runs.experiment', { workflowId })).toMatchObject({ rows: 1, experiment: { fileName } })
    const { prod } = await app.call('stack.health', {})
    const served = await fetch(`${prod.address?.startsWith('http') ? prod.address : `http://${prod.address}`}/health`)
    expect(served.status).toBe(200)
    expect(JSON.stringify(await served.json())).toContain(detail.modelId)
  })

  it('refuses a change that does not fit, and keeps that on record without what was sent', async () => {
    const workflowId = 'mlops-1-nobody'
    const input = { workflowId, decisionId: crypto.randomUUID(), decision: 'approve', reason: ' ', operator: 'mallory' }
    const reply = await app.act({ do: 'request', call: 'runs.decide', input })
    expect(reply).toMatchObject({ ok: false, error: { kind: 'invalid', field: 'reason' } })
    const { entries } = await app.call('audit.list', { workflowId })
    expect(entries).toMatchObject([{ name: 'runs.decide', event: 'refused', operator: 'ada', detail: '', reason: null }])
    expect(entries[0]?.problem).toContain('(reason)')
  })

  it('backs up, and collects diagnostics of itself', async () => {
    const { file } = await app.call('backup.make', { file: null, passphrase: null })
    expect((await app.call('backup.state', {})).last).toMatchObject({ file, isThere: true })
    const { entries, missing } = await app.call('diagnostics.make', { file: null })
    expect(missing).toEqual([])
    const wanted = ['doctor.json', 'health.json', 'failures.json', 'metrics.txt', 'logs/gatehouse.log']
    expect(entries.map(({ name }) => name)).toEqual(expect.arrayContaining(wanted))
  })

  it('a click on a notification opens its run', async () => {
    await app.act({ do: 'blurWindow' })
    const { workflowId, fileName } = await drop('good_clicked')
    await reaches(workflowId, 'AwaitingApproval')
    await app.sees('the notification', ({ notifications }) => notifications.some(({ body }) => body.includes(fileName)))
    await app.act({ do: 'clickNotification', about: fileName })
    await app.sees('the run', ({ windows }) => windows.some(({ url }) => url.endsWith(`#/runs/${workflowId}`)))
  })

  it('a notification’s button opens the dialog, and decides nothing by itself', async () => {
    await app.act({ do: 'blurWindow' })
    const { workflowId, fileName } = await drop('good_pressed')
    await reaches(workflowId, 'AwaitingApproval')
    await app.sees('the notification', ({ notifications }) => notifications.some(({ body }) => body.includes(fileName)))
    await app.act({ do: 'pressNotification', about: fileName, button: 'Approve…' })
    await app.sees('the dialog', ({ windows }) => windows.some(({ url }) => url.endsWith(`#/runs/${workflowId}/approve`)))
    expect((await run(workflowId)).stage).toBe('AwaitingApproval')
  })

  it('tests itself from About, on the host that runs', async () => {
    await app.act({ do: 'chooseMenu', labels: ['help', 'About Gatehouse'] })
    await app.sees('About', ({ dialogs }) => dialogs.some(({ message }) => message.startsWith('Gatehouse ')))
    await app.act({ do: 'answer', button: 'Test every part' })
    await app.sees('the result', ({ dialogs }) => dialogs.at(-1)?.message === 'Every part works.')
    await app.act({ do: 'answer', button: 'OK' })
  })

  it('whoever looks at the window is told by the page alone', async () => {
    await app.act({ do: 'focusWindow' })
    const looked = await drop('good_looked_at')
    await reaches(looked.workflowId, 'AwaitingApproval')
    // A later notice is on the desktop: the one before would be there too.
    await app.act({ do: 'blurWindow' })
    const { workflowId, fileName } = await drop('good_not_looked_at')
    await reaches(workflowId, 'AwaitingApproval')
    const { notifications } = await app.sees('the notification', (seen) =>
      seen.notifications.some(({ body }) => body.includes(fileName)),
    )
    expect(notifications.some(({ body }) => body.includes(looked.fileName))).toBe(false)
  })

  it('shows in the tray and on the badge what awaits approval, and opens it from there', async () => {
    const { workflowId, fileName } = await drop('good_in_tray')
    await reaches(workflowId, 'AwaitingApproval')
    const { badge, tray } = await app.sees('the tray', (seen) => seen.tray?.menu.some(({ label }) => label === fileName) === true)
    const { total } = await app.call('runs.list', { stages: ['AwaitingApproval'] })
    expect(badge).toBe(total)
    expect(tray?.tooltip).toBe(`Gatehouse: ${total} runs wait for approval`)
    await app.act({ do: 'chooseTray', labels: [fileName, 'Show'] })
    await app.sees('the run', ({ windows }) => windows.some(({ url }) => url.endsWith(`#/runs/${workflowId}`)))
    const decision = { workflowId, decisionId: crypto.randomUUID(), decision: 'reject', reason: 'no better' } as const
    await app.call('runs.decide', decision)
    await app.sees('one less', (seen) => seen.badge === total - 1)
  })

  it('opens links, from the system and by a second start; a link that names nothing is answered', async () => {
    const { runs } = await app.call('runs.list', {})
    const [one, other] = runs.map(({ workflowId }) => workflowId)
    const opened = (workflowId: string | undefined) => () =>
      app.sees('the run', ({ windows }) => windows.some(({ url }) => url.endsWith(`#/runs/${workflowId}`)))
    await app.act({ do: 'openUrl', url: `gatehouse://run/${one}` })
    await opened(one)()
    expect(await start(`gatehouse://run/${other}`).ended).toMatchObject({ code: 0 })
    await opened(other)()

    await app.act({ do: 'openUrl', url: 'gatehouse://run/..%2fsettings' })
    await app.sees('the answer', ({ dialogs }) => dialogs.some(({ message }) => message.startsWith('This link names no run')))
    await app.act({ do: 'answer', button: 'OK' })
    await app.act({ do: 'openUrl', url: 'gatehouse://run/nobody' })
    const { windows } = await app.sees('the answer', ({ dialogs }) =>
      dialogs.some(({ message }) => message === 'There is no run nobody here.'),
    )
    await app.act({ do: 'answer', button: 'OK' })
    expect(windows[0]?.url).toMatch(new RegExp(`${other}$`))
  })

  it('is fetched back when its display goes away', async () => {
    const area = { x: 0, y: 0, width: 1280, height: 700 }
    const { windows } = await app.sees('the window', (seen) => seen.windows.length === 1)
    expect(windows[0]?.bounds.width).toBe(1440)
    await app.act({ do: 'setDisplays', workAreas: [{ ...area, x: 4000 }] })
    await app.sees('the window back', (seen) => (seen.windows[0]?.bounds.x ?? 0) >= 4000)
  })

  it('takes a file that is opened with it, and those of a second start, which ends', async () => {
    const opened = join(place.home.root, 'good_opened.csv')
    await writeFile(opened, sampleCsv(1001))
    /** The run of the file, once it was taken. */
    const accepted = async (name: string) => {
      const taken = (entry: IntakeEntry) => entry.path.includes(name) && entry.outcome === 'accepted'
      const { entries } = await app.hears('intake.changed', (heard) => heard.entries.some(taken))
      return entries.find(taken)?.workflowId as string
    }
    const first = accepted('good_opened')
    await app.act({ do: 'openFile', path: opened })
    const firstRun = await first

    const handed = join(place.home.root, 'good_handed.csv')
    await writeFile(handed, sampleCsv(1002))
    const second = accepted('good_handed')
    const other = start(handed)
    expect(await other.ended).toMatchObject({ code: 0 })
    await reaches(await second, 'AwaitingApproval')
    await reaches(firstRun, 'AwaitingApproval')
  })

  it('starts a worker in a utility process, which takes steps, and ends it', async () => {
    const switchTo = (on: boolean) =>
      app.call('workers.switchProcess', { on, reason: 'to see it work', requestId: crypto.randomUUID() })
    const polls = app.hears('workers.changed', ({ process }) => process?.state === 'polling')
    await switchTo(true)
    const { process: worker } = await polls
    const pid = worker?.processId as number
    expect(descendantsOf(app.process.pid as number).map((each) => each.pid)).toContain(pid)
    const switchOwn = (on: boolean) => app.call('workers.switch', { on, reason: 'the other', requestId: crypto.randomUUID() })
    await switchOwn(false)
    const { workflowId } = await drop('good_by_the_other')
    await reaches(workflowId, 'AwaitingApproval')
    const { steps } = await app.call('runs.get', { workflowId })
    const workers = new Set(steps.flatMap(({ attempts }) => attempts.map((attempt) => attempt.worker)))
    expect([...workers]).toEqual([worker?.identity])
    await switchTo(false)
    expect(descendantsOf(app.process.pid as number).map((each) => each.pid)).not.toContain(pid)
    await switchOwn(true)
    await allUp()
  })

  it('asks before it puts down work in flight, and keeps running when told so', async () => {
    const settings = await app.call('settings.get', {})
    await app.call('settings.set', { settings: { ...settings, demoTrainer: { minSeconds: 60, maxSeconds: 60 } } })
    const { workflowId } = await drop('good_slow')
    await reaches(workflowId, 'Training')
    const asked = (count: number) =>
      app.sees('the question', ({ dialogs }) => dialogs.filter(({ message }) => message.includes('in a step')).length === count)
    await app.act({ do: 'chooseMenu', labels: ['File', 'quit'] })
    const { dialogs } = await asked(1)
    expect(dialogs.at(-1)).toMatchObject({
      message: '1 run is in a step.',
      detail: 'It is given back to Temporal and goes on at the next start.',
      buttons: ['Quit', 'Keep running'],
    })
    await app.act({ do: 'answer', button: 'Keep running' })
    expect(await app.call('app.info', {})).toMatchObject({ operator: 'ada' })
    // The window's own cross asks as well, while the window is still there.
    await app.act({ do: 'closeWindow' })
    const { windows } = await asked(2)
    expect(windows).toMatchObject([{ visible: true }])
    await app.act({ do: 'answer', button: 'Keep running' })
    await app.call('runs.cancel', { workflowId, reason: 'seen enough', requestId: crypto.randomUUID() })
    await reaches(workflowId, 'Cancelled')
  })

  it('quits with work in flight when told so, in order; the run goes on at the next start', async () => {
    const settings = await app.call('settings.get', {})
    await app.call('settings.set', { settings: { ...settings, demoTrainer: { minSeconds: 5, maxSeconds: 5 } } })
    const { workflowId } = await drop('good_put_down')
    await reaches(workflowId, 'Training')
    await app.act({ do: 'chooseTray', labels: ['Quit Gatehouse'] })
    await app.sees('the question', ({ dialogs }) => dialogs.at(-1)?.answer === null)
    await app.act({ do: 'answer', button: 'Quit' })
    await endsCleanly()

    app = start(`gatehouse://run/${workflowId}`)
    await app.sees('the run', ({ windows }) => windows.some(({ url }) => url.endsWith(`#/runs/${workflowId}`)))
    await reaches(workflowId, 'AwaitingApproval')
    const { steps } = await app.call('runs.get', { workflowId })
    expect(steps.find(({ step }) => step === 'train_model')?.state).toBe('completed')
  })

  it('starts anew for another profile, which is on record; asked about a run in a step, whoever stays is not restarted later', async () => {
    await allUp()
    const chosen = await app.call('profiles.use', { name: 'compose', reason: 'the containers are ready' })
    expect(chosen).toMatchObject({ inUse: 'embedded', next: 'compose', canRestart: true })
    const { entries } = await app.call('audit.list', { kinds: ['settings'], limit: 1 })
    expect(entries[0]).toMatchObject({ name: 'profiles.use', operator: 'ada', reason: 'the containers are ready' })
    expect(JSON.parse(await readFile(join(place.home.config, 'profiles.json'), 'utf8'))).toEqual({ current: 'compose' })
    await app.call('profiles.use', { name: 'embedded' })

    const { workflowId } = await drop('good_stays')
    await reaches(workflowId, 'Training')
    await app.call('host.restart', {})
    await app.sees('the question', ({ dialogs }) => dialogs.at(-1)?.answer === null)
    await app.act({ do: 'answer', button: 'Keep running' })
    await reaches(workflowId, 'AwaitingApproval')
    expect((await app.sees('anything', () => true)).relaunches).toEqual([])

    const started = app.sees('the wish to be started anew', ({ relaunches }) => relaunches.length === 1)
    await app.call('host.restart', {})
    await endsCleanly()
    expect((await started).relaunches[0]?.join(' ')).not.toMatch(/good_|gatehouse:/)
    app = start()
    await app.sees('the window', ({ windows }) => windows.some(({ visible, url }) => visible && url !== ''))
    await allUp()
  })

  it('ends without a question when its window is closed and nothing is in flight', async () => {
    await allUp()
    await app.act({ do: 'closeWindow' })
    await endsCleanly()
  })
})

/** The app ends by itself, in order, and nothing that it started is left. */
async function endsCleanly(): Promise<void> {
  const below = descendantsOf(app.process.pid as number)
  expect(below.map(({ command }) => command).join('\n')).toMatch(/temporal[\s\S]*postgres|postgres[\s\S]*temporal/)
  expect(await app.ended).toEqual({ code: 0, signal: null })
  expect(stillRunning(below)).toEqual([])
  expect(processesNaming(place.home.root)).toEqual([])
  expect(app.said()).not.toMatch(/error/i)
}

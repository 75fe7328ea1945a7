import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MenuItemConstructorOptions } from 'electron'
import { afterEach, describe, expect, it } from 'vitest'
import type { RunSummary } from '../../contract/model.ts'
import type { ConnectionStatus, Push, Reply } from '../../contract/wire.ts'
import { fakeRun } from '../testing/fakeBackend.ts'
import { runOfDeepLink } from './deepLink.ts'
import { dot, withDot } from './dot.ts'
import { followPending, type Pending } from './pendingApprovals.ts'
import { quitQuestion, runsInStep } from './quitQuestion.ts'
import { autostartFolder, desktopEntry, startAtLoginByFile } from './startAtLogin.ts'
import { menuLabel, trayMenu } from './trayMenu.ts'

describe('a link of ours', () => {
  it.each([
    ['gatehouse://run/mlops-1700000000-good_model', 'mlops-1700000000-good_model'],
    ['GATEHOUSE://run/mlops-1-a/', 'mlops-1-a'],
    ['gatehouse://run/mlops-1-%C3%BC%20x', 'mlops-1-ü x'],
  ])('%s names its run', (link, workflowId) => expect(runOfDeepLink(link)).toBe(workflowId))

  it.each([
    'gatehouse:',
    'gatehouse://',
    'gatehouse://run',
    'gatehouse://run/',
    'gatehouse://run/a/b',
    'gatehouse://run/%2e%2e%2fsettings',
    'gatehouse://run/a%00b',
    'gatehouse://run/a%E2%80%AEcsv.exe',
    'gatehouse://run/%',
    'gatehouse://run/a?approve=1',
    'gatehouse://run/a#/settings',
    'gatehouse://user@run/a',
    'gatehouse://approve/a',
    'gatehouse:run/a',
    `gatehouse://run/${'a'.repeat(1001)}`,
    'https://run/a',
    'javascript:alert(1)',
    '',
  ])('%s names none', (link) => expect(runOfDeepLink(link)).toBeNull())
})

/** A source that answers `runs.list` from a list that the test changes. */
function fakeSource(first: RunSummary[], total?: number) {
  let runs = first
  let push = (_push: Push) => {}
  let status = (_status: ConnectionStatus) => {}
  let asked = 0
  return {
    asked: () => asked,
    push: (name: string, payload: unknown) => push({ event: name, payload }),
    status: (next: ConnectionStatus) => status(next),
    set(next: RunSummary[]) {
      runs = next
    },
    async send(raw: unknown): Promise<Reply> {
      asked++
      const { input } = raw as { input: { stages: string[] } }
      const found = runs.filter(({ stage }) => input.stages.includes(stage))
      return { id: 0, ok: true, output: { runs: found, total: total ?? found.length, byStage: {} } }
    },
    onPush(listener: (push: Push) => void) {
      push = listener
      return () => {
        push = () => {}
      }
    },
    onStatus(listener: (status: ConnectionStatus) => void) {
      status = listener
      listener('open')
      return () => {
        status = () => {}
      }
    },
  }
}

/** Collects what is told; `next` waits for one more. */
function collect() {
  const told: Pending[] = []
  let wake = () => {}
  return {
    told,
    onChange(pending: Pending) {
      told.push(pending)
      wake()
    },
    async next(): Promise<Pending> {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      return told.at(-1) as Pending
    },
  }
}

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const clean of cleanUps.splice(0)) clean()
})

describe('what awaits approval', () => {
  it('is told at first and when it changes, the longest waiting first, without what was decided already', async () => {
    const older = { ...fakeRun('older'), stageSince: '2026-01-01T00:00:00.000Z' }
    const decided = { ...fakeRun('decided'), decisionPending: true }
    const source = fakeSource([fakeRun('younger'), older, decided, { ...fakeRun('training'), stage: 'Training' }])
    const seen = collect()
    cleanUps.push(followPending(source, seen.onChange, 0))
    const pending = await seen.next()
    expect(pending.count).toBe(2)
    expect(pending.runs.map(({ workflowId }) => workflowId)).toEqual(['older', 'younger'])
    source.set([])
    source.push('runs.changed', { runs: [{ ...older, stage: 'DeployingProd' }] })
    expect(await seen.next()).toEqual({ count: 0, runs: [] })
  })

  it('is asked for once for many changes, and not for runs before the gate', async () => {
    const source = fakeSource([])
    const seen = collect()
    cleanUps.push(followPending(source, seen.onChange, 0))
    await seen.next()
    expect(source.asked()).toBe(1)
    for (let n = 0; n < 100; n++) source.push('runs.changed', { runs: [{ ...fakeRun(`t${n}`), stage: 'Training' }] })
    source.set(Array.from({ length: 100 }, (_, n) => fakeRun(`w${n}`)))
    for (let n = 0; n < 100; n++) source.push('runs.changed', { runs: [fakeRun(`w${n}`)] })
    expect((await seen.next()).count).toBe(100)
    expect(source.asked()).toBe(2)
  })

  it('counts more than it names, and asks again when the host is back', async () => {
    const source = fakeSource([fakeRun('a')], 1000)
    const seen = collect()
    cleanUps.push(followPending(source, seen.onChange, 0))
    expect((await seen.next()).count).toBe(1000)
    source.set([fakeRun('b')])
    source.status('lost')
    source.status('open')
    expect((await seen.next()).runs).toMatchObject([{ workflowId: 'b' }])
  })
})

describe('the tray’s menu', () => {
  it('opens what awaits approval, the window, and the way out', () => {
    const done: string[] = []
    const actions = {
      openRun: (id: string) => done.push(`run ${id}`),
      decide: (id: string, kind: string) => done.push(`${kind} ${id}`),
      show: () => done.push('show'),
      quit: () => done.push('quit'),
    }
    const runs = Array.from({ length: 12 }, (_, n) => ({ workflowId: `w${n}`, fileName: `f${n}.csv` }))
    const menu = trayMenu({ count: 12, runs }, actions)
    expect(menu[0]).toEqual({ label: '12 runs wait for approval', enabled: false })
    expect(menu.slice(1, 13).map(({ label, type }) => label ?? type)).toEqual([
      ...runs.slice(0, 10).map(({ fileName }) => fileName),
      'and 2 more…',
      'separator',
    ])
    const choices = menu[1]?.submenu as MenuItemConstructorOptions[]
    expect(choices.map(({ label }) => label)).toEqual(['Approve…', 'Reject…', 'Show'])
    for (const item of [...choices, menu[11], menu.at(-2), menu.at(-1)])
      item?.click?.(undefined as never, undefined, undefined as never)
    expect(done).toEqual(['approve w0', 'reject w0', 'run w0', 'show', 'show', 'quit'])
    expect(trayMenu({ count: 0, runs: [] }, actions).map(({ label }) => label)).toEqual([
      'Nothing waits for approval',
      undefined,
      'Show Gatehouse',
      'Quit Gatehouse',
    ])
  })

  it.each([
    ['plain.csv', 'plain.csv'],
    ['a&b.csv', 'a&&b.csv'],
    ['two\nlines\t.csv', 'two\u{fffd}lines\u{fffd}.csv'],
    ['evil\u202Evsc.exe', 'evil\u{fffd}vsc.exe'],
    [`${'x'.repeat(80)}.csv`, `${'x'.repeat(59)}…`],
  ])('shows the hostile name %j as %j', (name, label) => expect(menuLabel(name)).toBe(label))
})

describe('the mark on an icon', () => {
  it('is a dot in its lower right corner and nowhere else', () => {
    const plain = Buffer.alloc(24 * 24 * 4)
    const marked = withDot(plain, 24, 24)
    const at = (x: number, y: number) => marked.readUInt32LE((y * 24 + x) * 4)
    expect(at(18, 18)).toBe(0xffe08a1f)
    expect([at(0, 0), at(12, 12), at(23, 0), at(0, 23)]).toEqual([0, 0, 0, 0])
    expect(plain.every((byte) => byte === 0)).toBe(true)
    expect(dot(16).length).toBe(16 * 16 * 4)
  })
})

describe('the question before the end', () => {
  it('counts the runs that are in a step', async () => {
    const stages = ['Queued', 'Training', 'AwaitingApproval', 'DeployingProd', 'Completed'] as const
    expect(await runsInStep(fakeSource(stages.map((stage) => ({ ...fakeRun(stage), stage }))))).toBe(2)
    const away = async (): Promise<Reply> => ({ id: 0, ok: false, error: { kind: 'unavailable', message: '', part: 'host' } })
    expect(await runsInStep({ send: away })).toBe(0)
  })

  it('says what will happen', () => {
    expect(quitQuestion(1).message).toBe('1 run is in a step.')
    expect(Object.values(quitQuestion(3)).join(' ')).toBe(
      '3 runs are in a step. They are given back to Temporal and go on at the next start.',
    )
  })
})

describe('start at login on Linux', () => {
  it('is a desktop entry that comes and goes', () => {
    const config = mkdtempSync(join(tmpdir(), 'gatehouse-login-'))
    cleanUps.push(() => rmSync(config, { recursive: true }))
    const folder = autostartFolder({ XDG_CONFIG_HOME: config }, '/home/olga')
    expect(autostartFolder({}, '/home/olga')).toBe('/home/olga/.config/autostart')
    const item = startAtLoginByFile(folder, '/opt/Gate house/gatehouse')
    expect(item.isOn()).toBe(false)
    item.set(true)
    expect(item.isOn()).toBe(true)
    expect(readFileSync(join(folder, 'gatehouse.desktop'), 'utf8')).toContain('\nExec="/opt/Gate house/gatehouse"\n')
    item.set(false)
    expect(existsSync(join(folder, 'gatehouse.desktop'))).toBe(false)
    item.set(false)
  })

  it('quotes whatever a path may hold', () => {
    expect(desktopEntry('/a "b"/$c/%d/e\\f')).toContain('Exec="/a \\\\"b\\\\"/\\\\$c/%%d/e\\\\\\\\f"\n')
    expect(() => desktopEntry('/a\nTerminal=true')).toThrow('line break')
  })
})

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { defaultNotifications } from '../../../contract/notices.ts'
import { defaultPipelines, type Pipeline } from '../../../contract/pipelines.ts'
import { findAppRoot } from '../../paths.ts'
import { type Home, homeAt, makeHome } from '../home.ts'
import { silentLog } from '../log.ts'
import { createSettings, type SettingsService } from './createSettings.ts'

const resources = join(findAppRoot(import.meta.dirname), 'resources')
let home: Home
let file: string
beforeEach(() => {
  home = homeAt(mkdtempSync(join(tmpdir(), 'gatehouse-settings-')))
  makeHome(home)
  file = join(home.config, 'pipelines.json')
})
afterEach(() => rmSync(home.root, { recursive: true, force: true }))

const open = () => createSettings(home, resources, silentLog)
/** What is told of files, as one text; null where nothing is. */
const problemOf = (settings: SettingsService) =>
  settings
    .unusable()
    .map(({ problem }) => problem)
    .join(' ') || null
const standard = defaultPipelines.at(-1) as Pipeline
const shells: Pipeline = { ...standard, name: 'shells', match: { folders: [], patterns: ['shell*'] }, target: 'rings' }

test('what held before the last change is known until it is taken back, also over a start', () => {
  const settings = open()
  const first = settings.get()
  settings.set({ ...first })
  expect(settings.before()).toBeNull()
  settings.set({ ...first, operator: 'ada' })
  settings.set({ ...first, operator: 'ada' })
  expect(settings.before()).toEqual(first)
  expect(() => settings.set({ ...first, inboxFolders: ['relative'] })).toThrow('full path')
  expect(settings.before()).toEqual(first)
  expect(open().before()).toEqual(first)
  settings.set({ ...first, operator: 'grace' })
  expect(settings.before()?.operator).toBe('ada')
  expect(open().before()).toEqual({ ...first, operator: 'ada' })
  settings.set({ ...first, operator: 'ada' })
  expect(settings.before()).toBeNull()
  expect(open().before()).toBeNull()
})

describe('the last save, after a start,', () => {
  const kept = () => join(home.config, 'settings-before.json')
  const withTrainer = (command: string[]): Pipeline => ({
    ...shells,
    trainer: { kind: 'command', command, timeLimitMinutes: 10, settings: {} },
  })

  test('takes back its own changes and leaves what was edited in the file since', () => {
    const settings = open()
    const first = settings.get()
    settings.set({ ...first, operator: 'ada', pipelines: [shells, standard] })
    const written = JSON.parse(readFileSync(join(home.config, 'settings.json'), 'utf8'))
    writeFileSync(join(home.config, 'settings.json'), JSON.stringify({ ...written, settleSeconds: 7 }))
    expect(open().before()).toEqual({ ...first, settleSeconds: 7 })
  })

  test('is not taken back, nor kept, once the same was edited in the file', () => {
    const settings = open()
    settings.set({ ...settings.get(), operator: 'ada' })
    const written = JSON.parse(readFileSync(join(home.config, 'settings.json'), 'utf8'))
    writeFileSync(join(home.config, 'settings.json'), JSON.stringify({ ...written, operator: 'grace' }))
    expect(open().before()).toBeNull()
    expect(existsSync(kept())).toBe(false)
  })

  test.each<[string, (settings: SettingsService) => void]>([
    ['is changed', (s) => s.set({ ...s.get(), pipelines: [withTrainer(['train']), standard] })],
    ['goes with its pipeline', (s) => s.set({ ...s.get(), pipelines: [standard] })],
  ])('is not kept on the disk when a command that may hold a secret %s', (_, change) => {
    const settings = open()
    settings.set({ ...settings.get(), pipelines: [withTrainer(['train', 'hunter2']), standard] })
    settings.set({ ...settings.get(), operator: 'ada' })
    expect(existsSync(kept())).toBe(true)
    change(settings)
    expect(settings.before()?.pipelines).toHaveLength(2)
    expect(
      readdirSync(home.config)
        .map((name) => readFileSync(join(home.config, name), 'utf8'))
        .join(),
    ).not.toContain('hunter2')
    expect(open().before()).toBeNull()
  })

  test.each([
    '{ "version": 1, "before": {',
    '{ "version": 2 }',
    '{ "version": 1, "before": { "settleSeconds": "no" }, "saved": {} }',
  ])('is not known from a damaged note: %s', (text) => {
    const settings = open()
    settings.set({ ...settings.get(), operator: 'ada' })
    writeFileSync(kept(), text)
    const next = open()
    expect(next.get().operator).toBe('ada')
    expect(next.before()).toBeNull()
  })

  test('that cannot be kept is saved all the same', () => {
    const settings = open()
    mkdirSync(join(kept(), 'in the way'), { recursive: true })
    settings.set({ ...settings.get(), operator: 'ada' })
    expect(settings.before()).not.toBeNull()
    expect(open().get().operator).toBe('ada')
    expect(open().before()).toBeNull()
  })
})

describe('pipelines', () => {
  test('are the defaults without a file, and no file is made for them', () => {
    const settings = open()
    expect(settings.get().pipelines).toEqual(defaultPipelines)
    settings.set({ ...settings.get(), operator: 'ada' })
    expect(open().get()).toMatchObject({ operator: 'ada', pipelines: defaultPipelines })
  })

  test('that are saved lie in a file of their own, with the schema that an editor checks them by', () => {
    const settings = open()
    settings.set({ ...settings.get(), pipelines: [shells, standard] })
    const written = JSON.parse(readFileSync(file, 'utf8'))
    expect(written).toMatchObject({ $schema: './pipelines.schema.json', version: 1, pipelines: [{ name: 'shells' }, {}] })
    expect(JSON.parse(readFileSync(join(home.config, 'settings.json'), 'utf8'))).not.toHaveProperty('pipelines')
    expect(existsSync(join(home.config, 'pipelines.schema.json'))).toBe(true)
    expect(open().get().pipelines).toEqual([shells, standard])
  })

  test.each([
    ['is no JSON', '{ "version": 1, "pipelines": [', 'JSON'],
    [
      'has a wrong value',
      JSON.stringify({ version: 1, pipelines: [{ ...standard, quarantineLimit: 5 }] }),
      'pipelines.0.quarantineLimit',
    ],
    ['is of a newer version', JSON.stringify({ version: 2, pipelines: [] }), 'version 2, which a newer Gatehouse wrote'],
  ])('a file that %s is named and set aside, the defaults apply, and nothing is lost', (_, text, words) => {
    writeFileSync(file, text)
    const settings = open()
    expect(settings.get().pipelines).toEqual(defaultPipelines)
    expect(problemOf(settings)).toContain(file)
    expect(problemOf(settings)).toContain(words)
    const aside = readdirSync(home.config).find((name) => name.startsWith('pipelines.json.broken-')) as string
    expect(readFileSync(join(home.config, aside), 'utf8')).toBe(text)
    // Other settings are saved without touching it.
    settings.set({ ...settings.get(), operator: 'ada' })
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  test('a run carries its pipeline, with the retries and the patience of that one', () => {
    const settings = open()
    const patient: Pipeline = {
      ...shells,
      approval: { ...shells.approval, hours: 2 },
      retries: {
        train_model: { maximumAttempts: 1, initialIntervalSeconds: 1, backoffCoefficient: 1, maximumIntervalSeconds: 1 },
      },
    }
    settings.set({ ...settings.get(), pipelines: [patient, standard] })
    const run = settings.forRun('/in/shell_1.csv')
    expect(run).toMatchObject({ pipeline: { name: 'shells' }, approval_timeout_seconds: 7200 })
    expect(run.retries.train_model.maximumAttempts).toBe(1)
    expect(run.retries.deploy_dev).toEqual(settings.get().retries.deploy_dev)
    expect(settings.forRun('/in/other.csv')).toMatchObject({ pipeline: { name: 'standard' }, approval_timeout_seconds: 86_400 })
  })
})

describe('settings', () => {
  const settingsFile = () => join(home.config, 'settings.json')

  test('of an earlier version keep what they say, and what they do not know has its default', () => {
    const earlier = { operator: 'ada', notifications: { approvalPending: false, runFailed: true } }
    writeFileSync(settingsFile(), JSON.stringify(earlier))
    const { notifications } = open().get()
    expect(notifications).toEqual({ ...defaultNotifications, approvalPending: false })
    writeFileSync(settingsFile(), JSON.stringify({ notifications: { quiet: { on: true } } }))
    expect(open().get().notifications.quiet).toEqual({ ...defaultNotifications.quiet, on: true })
  })

  test.each(['null', '[]', '"x"', '{"notifications": 5}', '{"notifications": {"quiet": {"from": "25:00"}}}'])(
    'that are %s are set aside with their copy named, until they are saved anew',
    (text) => {
      writeFileSync(settingsFile(), text)
      const settings = open()
      expect(settings.get()).toEqual(settings.defaults)
      const copy = readdirSync(home.config).find((name) => name.startsWith('settings.json.broken-')) as string
      expect(problemOf(settings)).toContain(join(home.config, copy))
      expect(readFileSync(join(home.config, copy), 'utf8')).toBe(text)
      settings.set({ ...settings.get(), operator: 'ada' })
      expect(problemOf(settings)).toBeNull()
    },
  )

  test('that a newer version wrote are named, kept to the byte, and the defaults are used', () => {
    const text = JSON.stringify({ version: 2, operator: 'ada' })
    writeFileSync(settingsFile(), text)
    const settings = open()
    expect(settings.get()).toEqual(settings.defaults)
    expect(problemOf(settings)).toMatch(/version 2, which a newer Gatehouse wrote; this one knows version 1/)
    settings.set({ ...settings.get(), operator: 'grace' })
    expect(JSON.parse(readFileSync(settingsFile(), 'utf8'))).toMatchObject({ version: 1, operator: 'grace' })
    const copy = readdirSync(home.config).find((name) => name.startsWith('settings.json.broken-')) as string
    expect(readFileSync(join(home.config, copy), 'utf8')).toBe(text)
    expect(problemOf(open())).toBeNull()
  })

  test('that nobody knows are named, have no effect, and are still there after the next save', () => {
    writeFileSync(settingsFile(), JSON.stringify({ operator: 'ada', setleSeconds: 9 }))
    const settings = open()
    expect(settings.get().operator).toBe('ada')
    expect(problemOf(settings)).toContain('"setleSeconds"')
    settings.set({ ...settings.get(), operator: 'grace' })
    expect(JSON.parse(readFileSync(settingsFile(), 'utf8'))).toMatchObject({ operator: 'grace', setleSeconds: 9 })
  })

  test('that nobody knows within others are named by their place and kept, also pipelines that belong elsewhere', () => {
    const { quiet } = defaultNotifications
    const written = {
      notifications: { quiet: { on: true, zone: 'Europe/Berlin' }, sound: { volume: 3 } },
      retries: { train_model: { maximumAttempts: 7, jitter: 0.5 }, deploy_test: {} },
      pipelines: [{ name: 'mine' }],
    }
    writeFileSync(settingsFile(), JSON.stringify(written))
    const settings = open()
    // What they stand beside is in force, and what is not said has its default.
    expect(settings.get().notifications.quiet).toEqual({ ...quiet, on: true })
    expect(settings.get().retries.train_model).toEqual({ ...settings.defaults.retries.train_model, maximumAttempts: 7 })
    expect(settings.get().pipelines).toEqual(defaultPipelines)
    const told = problemOf(settings)
    expect(settings.unusable()).toEqual([{ file: settingsFile(), problem: told }])
    expect(told).toContain(
      '"notifications.quiet.zone", "notifications.sound", "retries.train_model.jitter", "retries.deploy_test", "pipelines"',
    )
    expect(told).toContain(file)
    settings.set({ ...settings.get(), operator: 'grace', notifications: { ...settings.get().notifications, quiet } })
    expect(JSON.parse(readFileSync(settingsFile(), 'utf8'))).toMatchObject({
      operator: 'grace',
      notifications: { quiet: { on: false, zone: 'Europe/Berlin' }, sound: { volume: 3 } },
      retries: { train_model: { maximumAttempts: 7, jitter: 0.5 }, deploy_test: {} },
      pipelines: [{ name: 'mine' }],
    })
    // They are there still, and so is the word about them.
    expect(problemOf(settings)).toBe(told)
  })

  test('say which of them is wrong, not in which shape', () => {
    writeFileSync(settingsFile(), JSON.stringify({ settleSeconds: -3 }))
    expect(problemOf(open())).toMatch(/could not be used: settleSeconds: .*0\.1/)
  })

  test('in whose place a folder lies do not keep the host from starting; the folder is moved aside', () => {
    mkdirSync(settingsFile())
    writeFileSync(join(settingsFile(), 'notes'), 'kept')
    const settings = open()
    expect(problemOf(settings)).toMatch(/a folder has its name/)
    settings.set({ ...settings.get(), operator: 'ada' })
    expect(open().get().operator).toBe('ada')
    const aside = readdirSync(home.config).find((name) => name.startsWith('settings.json.broken-')) as string
    expect(readFileSync(join(home.config, aside, 'notes'), 'utf8')).toBe('kept')
  })

  test('that cannot be written are not in force either, nor are the pipelines saved with them', () => {
    const settings = open()
    const before = settings.get()
    mkdirSync(settingsFile())
    expect(() => settings.set({ ...before, operator: 'ada', pipelines: [shells, standard] })).toThrow(/could not be saved/)
    expect(settings.get()).toEqual(before)
    expect(open().get().pipelines).toEqual(before.pipelines)
  })

  test('name each inbox folder once', () => {
    const settings = open()
    expect(() => settings.set({ ...settings.get(), inboxFolders: ['/a', '/a'] })).toThrow('"/a" is there twice')
  })
})

describe('what somebody writes into the files while Gatehouse runs', () => {
  const settingsFile = () => join(home.config, 'settings.json')
  const edit = (path: string, change: object) =>
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...change }))

  test('is taken up, told with what held before, and can be taken back', () => {
    const settings = open()
    settings.set({ ...settings.get(), operator: 'ada' })
    const told: string[] = []
    settings.onEdit((before, now) => told.push(`${before.approvalTimeoutHours} to ${now.approvalTimeoutHours}`))
    settings.takeEdits()
    edit(settingsFile(), { approvalTimeoutHours: 12 })
    settings.takeEdits()
    settings.takeEdits()
    expect(settings.get()).toMatchObject({ operator: 'ada', approvalTimeoutHours: 12 })
    expect(settings.before()?.approvalTimeoutHours).toBe(24)
    expect(told).toEqual(['24 to 12'])
    writeFileSync(file, JSON.stringify({ version: 1, pipelines: [shells, standard] }))
    settings.takeEdits()
    expect(settings.get().pipelines.map(({ name }) => name)).toEqual(['shells', standard.name])
  })

  test('is not lost by a save of what was read before it', () => {
    const settings = open()
    const over = settings.get()
    settings.set({ ...over, settleSeconds: 3 }, over)
    edit(settingsFile(), { approvalTimeoutHours: 12, of_later: 1 })
    settings.set({ ...over, startsPerSecond: 7 }, over)
    expect(settings.get()).toMatchObject({ settleSeconds: 3, approvalTimeoutHours: 12, startsPerSecond: 7 })
    expect(JSON.parse(readFileSync(settingsFile(), 'utf8'))).toMatchObject({ approvalTimeoutHours: 12, of_later: 1 })
  })

  test('and cannot be used changes nothing, is told, kept before a save, and mended by the next edit', () => {
    const settings = open()
    settings.set({ ...settings.get(), operator: 'ada' })
    const good = readFileSync(settingsFile(), 'utf8')
    writeFileSync(settingsFile(), '{ "operator": ')
    settings.takeEdits()
    expect(settings.get().operator).toBe('ada')
    expect(problemOf(settings)).toContain('What held before applies')
    expect(readdirSync(home.config).filter((name) => name.startsWith('settings.json.broken'))).toHaveLength(1)
    writeFileSync(settingsFile(), good)
    settings.takeEdits()
    expect(problemOf(settings)).toBeNull()
  })
})

test('two that were each right and are not together are refused, and nothing is changed', () => {
  const settings = open()
  const over = settings.get()
  settings.set({ ...over, demoTrainer: { ...over.demoTrainer, maxSeconds: 16 } }, over)
  const late = { ...over, demoTrainer: { ...over.demoTrainer, minSeconds: 20 } }
  expect(() => settings.set(late, over)).toThrow('shortest training time')
  expect(settings.get().demoTrainer).toEqual({ minSeconds: 15, maxSeconds: 16 })
})

import { describe, expect, it } from 'vitest'
import { invalid } from '../../../contract/errors.ts'
import { createMemoryConnection } from '../../api/memory.ts'
import { createSimulatedHost } from '../../dev/simulatedHost.ts'
import {
  bytesBehind,
  checkDraft,
  createSettingsStore,
  differsFromDefaults,
  draftOf,
  isDirty,
  type SettingsDraft,
} from './settingsStore.ts'

const host = createSimulatedHost('empty')
const settings = await host.handlers['settings.get']({})
const errorsOf = (change: Partial<SettingsDraft>) => {
  const checked = checkDraft({ ...draftOf(settings), ...change }, settings)
  return checked.ok ? {} : checked.errors
}

describe('checkDraft', () => {
  it('gives back what it was made of', () => {
    expect(checkDraft(draftOf(settings), settings)).toEqual({ ok: true, settings })
  })
  it.each([
    [4 * 1024 ** 3, '4096', null],
    [1_234_567_890, '1177', 1_234_567_890],
    [5_000_000, '4.77', 5_000_000],
    [1_000, '0.000954', 1_000],
    [1.5 * 1024 ** 2, '1.5', null],
  ])('shows a largest file of %d bytes as %s MiB, and keeps the bytes until another number is typed', (bytes, shown, behind) => {
    const odd = { ...settings, maxFileBytes: bytes }
    const draft = draftOf(odd)
    expect(draft.maxFileMebibytes).toBe(shown)
    expect(bytesBehind({ settings: odd, draft })).toBe(behind)
    expect(checkDraft({ ...draft, operator: 'Grace' }, odd)).toMatchObject({ settings: { maxFileBytes: bytes } })
    const typed = { ...draft, maxFileMebibytes: '2' }
    expect(bytesBehind({ settings: odd, draft: typed })).toBeNull()
    expect(checkDraft(typed, odd)).toMatchObject({ settings: { maxFileBytes: 2 * 1024 ** 2 } })
  })
  it.each<[Partial<SettingsDraft>, Record<string, string>]>([
    [{ settleSeconds: '' }, { settleSeconds: 'Enter a number.' }],
    [{ settleSeconds: '0' }, { settleSeconds: 'Must be at least 0.1.' }],
    [{ operator: '  ' }, { operator: 'This must not be empty.' }],
    [{ inboxFolders: ['/a', ''] }, { 'inboxFolders.1': 'This must not be empty.' }],
    [{ minSeconds: '30', maxSeconds: '20' }, { maxSeconds: 'The shortest training time must not exceed the longest.' }],
    [{ approvalTimeoutHours: '0' }, { approvalTimeoutHours: 'Must be more than 0.' }],
    [{ approvalTimeoutHours: '0.0001' }, { approvalTimeoutHours: 'Must be at least a second (0.0003 hours).' }],
    [{ maxFileMebibytes: 'big' }, { maxFileMebibytes: 'Enter a number.' }],
    [{ startsPerSecond: '2,5' }, {}],
    [{ metrics: { on: true, port: ' ' } }, {}],
    [{ metrics: { on: true, port: 'http' } }, { 'metrics.port': 'Enter a number.' }],
    [{ metrics: { on: true, port: '70000' } }, { 'metrics.port': 'Must be at most 65535.' }],
    [
      {
        retries: {
          ...draftOf(settings).retries,
          train_model: { ...draftOf(settings).retries.train_model, maximumAttempts: '1.5' },
        },
      },
      { 'retries.train_model.maximumAttempts': 'Enter a whole number.' },
    ],
  ])('%o', (change, errors) => expect(errorsOf(change)).toEqual(errors))
})

describe('settingsStore', () => {
  it('saves, and what is being typed outlives a change from elsewhere', async () => {
    const own = createSimulatedHost('empty')
    const connection = createMemoryConnection(own.handlers)
    own.onEvent((name, payload) => connection.emit(name, payload))
    const store = createSettingsStore(connection)
    await store.getState().fetch()
    store.getState().edit({ operator: 'Grace' })
    connection.emit('settings.changed', { settings: { ...settings, settleSeconds: 9 } })
    expect(store.getState().draft?.operator).toBe('Grace')
    await store.getState().save()
    expect((await connection.call('settings.get', {})).operator).toBe('Grace')
    expect(isDirty(store.getState())).toBe(false)
  })
  it('of two windows each keeps what the other saved, and is told where its own would replace that', async () => {
    const connection = createMemoryConnection(createSimulatedHost('empty').handlers)
    const [first, second] = [createSettingsStore(connection), createSettingsStore(connection)]
    await Promise.all([first.getState().fetch(), second.getState().fetch()])
    first.getState().edit({ operator: 'Grace', settleSeconds: '3' })
    second.getState().edit({ approvalTimeoutHours: '48' })
    await second.getState().save()
    connection.emit('settings.changed', { settings: await connection.call('settings.get', {}) })
    expect(first.getState()).toMatchObject({
      draft: { operator: 'Grace', approvalTimeoutHours: '48' },
      replaces: false,
    })
    second.getState().edit({ settleSeconds: '4' })
    await second.getState().save()
    connection.emit('settings.changed', { settings: await connection.call('settings.get', {}) })
    expect(first.getState()).toMatchObject({ draft: { settleSeconds: '3' }, replaces: true })
    await first.getState().save()
    expect(first.getState().replaces).toBe(false)
    expect(await connection.call('settings.get', {})).toMatchObject({
      ...{ operator: 'Grace', settleSeconds: 3, approvalTimeoutHours: 48 },
    })
  })
  it('keeps what is typed while a save is under way', async () => {
    let answer = (_: typeof settings) => {}
    const answered = new Promise<typeof settings>((resolve) => {
      answer = resolve
    })
    const connection = createMemoryConnection({ 'settings.get': () => settings, 'settings.set': () => answered })
    const store = createSettingsStore(connection)
    await store.getState().fetch()
    store.getState().edit({ operator: 'Grace' })
    const saved = store.getState().save()
    store.getState().edit({ settleSeconds: '7' })
    answer({ ...settings, operator: 'Grace' })
    await saved
    expect(store.getState().draft).toMatchObject({ operator: 'Grace', settleSeconds: '7' })
    expect(isDirty(store.getState())).toBe(true)
  })
  it('knows where metrics are offered once they are switched on', async () => {
    const own = createSimulatedHost('empty')
    const connection = createMemoryConnection(own.handlers)
    own.onEvent((name, payload) => connection.emit(name, payload))
    const store = createSettingsStore(connection)
    await store.getState().fetch()
    expect(store.getState().metrics).toEqual({ url: null, problem: null })
    store.getState().edit({ metrics: { on: true, port: '9464' } })
    await store.getState().save()
    expect(store.getState().metrics?.url).toBe('http://127.0.0.1:9464/metrics')
  })
  it('shows the host’s refusal beside its field', async () => {
    const connection = createMemoryConnection({
      'settings.get': () => settings,
      'settings.set': () => {
        throw invalid('This folder cannot be written to.', 'settings.inboxFolders.0')
      },
    })
    const store = createSettingsStore(connection)
    await store.getState().fetch()
    store.getState().edit({ inboxFolders: ['/root'] })
    await store.getState().save()
    expect(store.getState().errors).toEqual({ 'inboxFolders.0': 'This folder cannot be written to.' })
    expect(store.getState().draft?.inboxFolders).toEqual(['/root'])
  })
  it('takes the last save back, and keeps what others changed meanwhile', async () => {
    const own = createSimulatedHost('empty')
    const connection = createMemoryConnection(own.handlers)
    own.onEvent((name, payload) => connection.emit(name, payload))
    const store = createSettingsStore(connection)
    await store.getState().fetch()
    store.getState().edit({ operator: 'Grace' })
    await store.getState().save()
    await connection.call('settings.set', { settings: { ...(await connection.call('settings.get', {})), settleSeconds: 9 } })
    await store.getState().undo()
    expect(await connection.call('settings.get', {})).toMatchObject({ operator: settings.operator, settleSeconds: 9 })
    expect(store.getState().undoable).toBeNull()
  })
  it('takes the last save back also after the page was loaded anew, and once only', async () => {
    const connection = createMemoryConnection(createSimulatedHost('empty').handlers)
    const first = createSettingsStore(connection)
    await first.getState().fetch()
    expect(first.getState().undoable).toBeNull()
    first.getState().edit({ operator: 'Grace' })
    await first.getState().save()
    const second = createSettingsStore(connection)
    await second.getState().fetch()
    expect(second.getState().undoable).toEqual({ operator: settings.operator })
    await second.getState().undo()
    expect((await connection.call('settings.get', {})).operator).toBe(settings.operator)
    const third = createSettingsStore(connection)
    await third.getState().fetch()
    expect(third.getState().undoable).toBeNull()
  })
  it('sets one section to its defaults and leaves the others as they are typed', async () => {
    const connection = createMemoryConnection(createSimulatedHost('empty').handlers)
    const store = createSettingsStore(connection)
    await store.getState().fetch()
    store.getState().edit({ operator: 'Grace', settleSeconds: '9' })
    expect(differsFromDefaults(store.getState(), ['settleSeconds'])).toBe(true)
    store.getState().reset(['settleSeconds'])
    expect(store.getState().draft).toMatchObject({ operator: 'Grace', settleSeconds: String(settings.settleSeconds) })
    expect(differsFromDefaults(store.getState(), ['settleSeconds'])).toBe(false)
  })
  it('checks what is typed of the notifications, each beside its field', () => {
    const draft = draftOf(settings)
    const notifications = {
      ...draft.notifications,
      remindAfterMinutes: '0',
      quiet: { ...draft.notifications.quiet, to: '22:00', days: [] },
    }
    expect(errorsOf({ notifications })).toMatchObject({
      'notifications.remindAfterMinutes': 'Must be at least 1.',
      'notifications.quiet.days': 'Choose at least one day.',
    })
    const sameEnds = { ...draft.notifications, quiet: { ...draft.notifications.quiet, to: '22:00', timeZone: 'Mars' } }
    expect(errorsOf({ notifications: sameEnds })).toMatchObject({
      'notifications.quiet.timeZone': 'This is no time zone, e.g. Europe/Berlin.',
    })
  })
})

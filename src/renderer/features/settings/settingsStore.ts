import { createStore } from 'zustand/vanilla'
import type { CallOutput } from '../../../contract/calls.ts'
import { CallFailed } from '../../../contract/errors.ts'
import type { MetricsState } from '../../../contract/metrics.ts'
import { type Settings, settings as settingsSchema } from '../../../contract/model.ts'
import type { NotificationSettings, QuietHours } from '../../../contract/notices.ts'
import { collides, rebased } from '../../../contract/rebase.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'
import { checkPipelines, draftsOfPipelines, type PipelineDraft } from '../pipelines/pipelineDraft.ts'
import { type RetriesDraft, type RetryField, retryFields, retrySteps } from '../retries/retriesDraft.ts'

/** Bytes of a mebibyte: the default limit is a whole number of them. */
const mebibyte = 1024 ** 2

/** The form as it is typed: numbers are text until they are checked. */
export interface SettingsDraft {
  inboxFolders: string[]
  settleSeconds: string
  maxFileMebibytes: string
  operator: string
  minSeconds: string
  maxSeconds: string
  approvalTimeoutHours: string
  startsPerSecond: string
  retries: RetriesDraft
  notifications: NotificationsDraft
  /** The port empty: whichever is free. */
  metrics: { on: boolean; port: string }
  appearance: Settings['appearance']
  /** In this order: the first that takes a file makes its run. */
  pipelines: PipelineDraft[]
}

/** What of the notifications is typed as a number. */
export const notificationMinutes = ['remindAfterMinutes', 'remindEveryMinutes', 'warnBeforeMinutes'] as const
export type NotificationMinutes = (typeof notificationMinutes)[number]
export interface NotificationsDraft
  extends Omit<NotificationSettings, NotificationMinutes | 'quiet'>,
    Record<NotificationMinutes, string> {
  /** The zone empty: as the host's machine. */
  quiet: Omit<QuietHours, 'timeZone'> & { timeZone: string }
}

/** As somebody would say it: whole from a hundred on, else with three digits */
export function mebibytesOf(bytes: number): string {
  const exact = bytes / mebibyte
  return String(Number.isInteger(exact) ? exact : exact >= 100 ? Math.round(exact) : Number(exact.toPrecision(3)))
}

/** How many bytes stand behind the number in the form, where that number was rounded and nobody has typed another. */
export const bytesBehind = ({ settings, draft }: Pick<SettingsState, 'settings' | 'draft'>): number | null => {
  if (!settings || draft?.maxFileMebibytes !== mebibytesOf(settings.maxFileBytes)) return null
  return number(draft.maxFileMebibytes) * mebibyte === settings.maxFileBytes ? null : settings.maxFileBytes
}

export function draftOf(settings: Settings): SettingsDraft {
  const retries = {} as SettingsDraft['retries']
  for (const step of retrySteps) {
    const policy = settings.retries[step]
    retries[step] = Object.fromEntries(retryFields.map((field) => [field, String(policy[field])])) as Record<RetryField, string>
  }
  return {
    inboxFolders: [...settings.inboxFolders],
    settleSeconds: String(settings.settleSeconds),
    maxFileMebibytes: mebibytesOf(settings.maxFileBytes),
    operator: settings.operator,
    minSeconds: String(settings.demoTrainer.minSeconds),
    maxSeconds: String(settings.demoTrainer.maxSeconds),
    approvalTimeoutHours: String(settings.approvalTimeoutHours),
    startsPerSecond: String(settings.startsPerSecond),
    retries,
    notifications: {
      ...settings.notifications,
      remindAfterMinutes: String(settings.notifications.remindAfterMinutes),
      remindEveryMinutes: String(settings.notifications.remindEveryMinutes),
      warnBeforeMinutes: String(settings.notifications.warnBeforeMinutes),
      quiet: { ...settings.notifications.quiet, timeZone: settings.notifications.quiet.timeZone ?? '' },
    },
    metrics: { on: settings.metrics.on, port: String(settings.metrics.port ?? '') },
    appearance: settings.appearance,
    pipelines: draftsOfPipelines(settings.pipelines),
  }
}

/** Reads what was typed as a number; NaN, which no schema lets through, for anything else. */
const number = (text: string) => (text.trim() === '' ? Number.NaN : Number(text.trim().replace(',', '.')))

/** Where the contract's path of a problem stands in the form. */
const fieldOfPath: Record<string, string> = {
  maxFileBytes: 'maxFileMebibytes',
  'demoTrainer.minSeconds': 'minSeconds',
  'demoTrainer.maxSeconds': 'maxSeconds',
  demoTrainer: 'maxSeconds',
}

interface Issue {
  code: string
  message: string
  minimum?: unknown
  maximum?: unknown
  inclusive?: boolean
  expected?: string
  origin?: string
  type?: string
}

/** zod's problem in the words of the form. */
function issueWords(issue: Issue, path: string): string {
  if (issue.code === 'invalid_type') return issue.expected === 'int' ? 'Enter a whole number.' : 'Enter a number.'
  if (issue.code === 'too_small') {
    if (issue.origin === 'string') return 'This must not be empty.'
    if (issue.origin === 'array') return path === 'inboxFolders' ? 'At least one folder is needed.' : issue.message
    return issue.inclusive === false ? `Must be more than ${issue.minimum}.` : `Must be at least ${issue.minimum}.`
  }
  if (issue.code === 'too_big') {
    const maximum = path === 'maxFileBytes' ? Number(issue.maximum) / mebibyte : issue.maximum
    return issue.origin === 'string' ? `At most ${maximum} characters.` : `Must be at most ${maximum}.`
  }
  return issue.message
}

export type CheckedDraft = { ok: true; settings: Settings } | { ok: false; errors: Record<string, string> }

/** Checks the form against the contract; problems are keyed by the form's field, e.g. `retries.train_model.maximumAttempts`. */
export function checkDraft(draft: SettingsDraft, base: Settings): CheckedDraft {
  const policies = Object.fromEntries(
    retrySteps.map((step) => [step, Object.fromEntries(retryFields.map((field) => [field, number(draft.retries[step][field])]))]),
  )
  const read = settingsSchema.safeParse({
    ...base,
    inboxFolders: draft.inboxFolders.map((folder) => folder.trim()),
    settleSeconds: number(draft.settleSeconds),
    // Shown in short: what nobody edited stays what it is, to the byte.
    maxFileBytes:
      draft.maxFileMebibytes === mebibytesOf(base.maxFileBytes)
        ? base.maxFileBytes
        : Math.round(number(draft.maxFileMebibytes) * mebibyte),
    operator: draft.operator,
    demoTrainer: { minSeconds: number(draft.minSeconds), maxSeconds: number(draft.maxSeconds) },
    approvalTimeoutHours: number(draft.approvalTimeoutHours),
    startsPerSecond: number(draft.startsPerSecond),
    retries: policies,
    notifications: {
      ...draft.notifications,
      remindAfterMinutes: number(draft.notifications.remindAfterMinutes),
      remindEveryMinutes: number(draft.notifications.remindEveryMinutes),
      warnBeforeMinutes: number(draft.notifications.warnBeforeMinutes),
      quiet: { ...draft.notifications.quiet, timeZone: draft.notifications.quiet.timeZone.trim() || null },
    },
    metrics: { on: draft.metrics.on, port: draft.metrics.port.trim() === '' ? null : number(draft.metrics.port) },
    appearance: draft.appearance,
  })
  const checked = checkPipelines(draft.pipelines)
  if (read.success && checked.ok) return { ok: true, settings: { ...read.data, pipelines: checked.pipelines } }
  const errors: Record<string, string> = checked.ok ? {} : checked.errors
  for (const issue of read.error?.issues ?? []) {
    const path = issue.path.join('.')
    errors[fieldOfPath[path] ?? path] ??= issueWords(issue as Issue, path)
  }
  return { ok: false, errors }
}

export interface SettingsState {
  load: 'loading' | 'ready' | 'failed'
  problem: string | null
  settings: Settings | null
  draft: SettingsDraft | null
  errors: Record<string, string>
  saving: boolean
  /** Somebody else has meanwhile saved other values of what is typed here: saving replaces theirs. */
  replaces: boolean
  savedAt: number | null
  /** What the last save changed, as it was before; null when nothing is to be undone. */
  undoable: Partial<Settings> | null
  /** Defaults and profile; null until the host has told. */
  about: SettingsAbout | null
  /** Where the host's metrics can be scraped; null until the host has told. */
  metrics: MetricsState | null
  fetch(): Promise<void>
  edit(change: Partial<SettingsDraft>): void
  save(): Promise<void>
  revert(): void
  /** Sets these fields of the form to their defaults; nothing is saved by it. */
  reset(fields: readonly (keyof SettingsDraft)[]): void
  /** Takes the last save back; what others changed meanwhile stays. */
  undo(): Promise<void>
}

export type SettingsAbout = CallOutput<'settings.about'>

export const isDirty = ({ settings, draft }: Pick<SettingsState, 'settings' | 'draft'>) =>
  settings !== null && draft !== null && JSON.stringify(draft) !== JSON.stringify(draftOf(settings))

/** Whether these fields of the form hold something else than the defaults. */
export const differsFromDefaults = (state: Pick<SettingsState, 'draft' | 'about'>, fields: readonly (keyof SettingsDraft)[]) => {
  if (!state.draft || !state.about) return false
  const [is, standard] = [state.draft, draftOf(state.about.defaults)]
  return fields.some((field) => JSON.stringify(is[field]) !== JSON.stringify(standard[field]))
}

/** The settings of `before` that `after` has otherwise. */
const changedIn = (before: Settings, after: Settings): Partial<Settings> =>
  Object.fromEntries(
    Object.entries(before).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(after[name as keyof Settings])),
  )

export function createSettingsStore(connection: Connection) {
  const store = createStore<SettingsState>()((set, get) => ({
    load: 'loading',
    problem: null,
    settings: null,
    draft: null,
    errors: {},
    saving: false,
    replaces: false,
    savedAt: null,
    undoable: null,
    about: null,
    metrics: null,
    async fetch() {
      try {
        take(await connection.call('settings.get', {}))
        set({ about: await connection.call('settings.about', {}).catch(() => get().about) })
        // The page may have been loaded anew since the last save.
        const { settings, about, undoable } = get()
        if (undoable === null && settings && about?.before) set({ undoable: changedIn(about.before, settings) })
        set({ metrics: await connection.call('metrics.get', {}).catch(() => get().metrics) })
      } catch (cause) {
        set(get().load === 'ready' ? { problem: problemText(cause) } : { load: 'failed', problem: problemText(cause) })
      }
    },
    edit(change) {
      const { draft, settings } = get()
      if (!draft || !settings) return
      const next = { ...draft, ...change }
      const checked = checkDraft(next, settings)
      set({ draft: next, errors: checked.ok ? {} : checked.errors, savedAt: null, problem: null })
    },
    async save() {
      const { draft, settings, saving } = get()
      if (!draft || !settings || saving) return
      const checked = checkDraft(draft, settings)
      if (!checked.ok) return set({ errors: checked.errors })
      set({ saving: true, problem: null })
      try {
        const saved = await connection.call('settings.set', { settings: checked.settings, over: settings })
        took(saved, draft)
        set({ savedAt: Date.now(), undoable: changedIn(settings, saved) })
      } catch (cause) {
        const field = cause instanceof CallFailed && cause.error.kind === 'invalid' ? cause.error.field : null
        const at = field?.replace(/^settings\./, '')
        if (at) set({ errors: { [fieldOfPath[at] ?? at]: problemText(cause) } })
        else set({ problem: problemText(cause) })
      } finally {
        set({ saving: false })
      }
    },
    revert() {
      const { settings } = get()
      if (settings) set({ draft: draftOf(settings), errors: {}, problem: null, replaces: false })
    },
    reset(fields) {
      const { about, edit } = get()
      if (!about) return
      const standard = draftOf(about.defaults)
      edit(Object.fromEntries(fields.map((field) => [field, standard[field]])))
    },
    async undo() {
      const { settings, undoable, saving } = get()
      if (!settings || !undoable || saving) return
      set({ saving: true, problem: null })
      try {
        const saved = await connection.call('settings.set', { settings: { ...settings, ...undoable }, over: settings })
        took(saved, draftOf(settings))
        set({ savedAt: Date.now(), undoable: null })
      } catch (cause) {
        set({ problem: problemText(cause) })
      } finally {
        set({ saving: false })
      }
    },
  }))
  /** What is being typed is kept when the settings change elsewhere; all else in the form follows them. */
  const take = (settings: Settings) =>
    store.setState((state) => {
      const to = draftOf(settings)
      const next = { settings, load: 'ready' as const, problem: null }
      if (!state.draft || !state.settings) return { ...next, draft: to }
      const from = draftOf(state.settings)
      const draft = rebased(state.draft, from, to)
      const checked = checkDraft(draft, settings)
      const replaces = isDirty({ settings, draft }) && (state.replaces || collides(state.draft, from, to))
      return { ...next, draft, replaces, errors: checked.ok ? {} : checked.errors }
    })
  /** These hold since they were saved as the form said then; what was typed after that is not saved yet. */
  const took = (settings: Settings, sent: SettingsDraft) =>
    store.setState((state) => {
      const draft = rebased(state.draft ?? sent, sent, draftOf(settings))
      const checked = checkDraft(draft, settings)
      return { settings, draft, replaces: false, errors: checked.ok ? {} : checked.errors }
    })
  connection.subscribe('settings.changed', ({ settings }) => take(settings))
  connection.subscribe('metrics.changed', ({ state }) => store.setState({ metrics: state }))
  return store
}
export type SettingsStore = ReturnType<typeof createSettingsStore>

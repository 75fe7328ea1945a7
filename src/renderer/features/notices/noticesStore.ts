import { createStore } from 'zustand/vanilla'
import { awaitsDecision } from '../../../contract/model.ts'
import {
  asksForDecision,
  createNoticeGroups,
  isJoinable,
  type NoticeTarget,
  type ShownNotice,
  severalOpen,
  severalWords,
  targetOf,
} from '../../../contract/noticeGroups.ts'
import type { Notice, NoticeKind } from '../../../contract/notices.ts'
import type { Connection } from '../../../contract/wire.ts'
import { problemText } from '../../ui/problem.ts'

/** How long a toast stays, in milliseconds; long enough to read two lines twice. */
export const toastMs = 8000
/** More would cover the list; the oldest goes first. */
const mostToasts = 3

export interface Toast {
  id: number
  tone: 'info' | 'attention' | 'bad' | 'good'
  title: string
  body: string
  /** What its button opens; null where there is nothing to open. */
  opens: NoticeTarget | null
  /** Several of one kind are one toast; how many it tells of. */
  kind?: NoticeKind
  count?: number
  /** The runs that it tells of: once nobody has to decide on any of them, it goes. */
  runs?: readonly string[]
}

export interface NoticesState {
  toasts: readonly Toast[]
  /** What the browser lets us do; `unsupported` where there is no Notification. */
  permission: NotificationPermission | 'unsupported'
  /** Why a test could not be asked for; null when it could. */
  testProblem: string | null
  show(toast: Omit<Toast, 'id'>): void
  dismiss(id: number): void
  /** Goes to what a toast told of. */
  open(target: NoticeTarget): void
  askPermission(): Promise<void>
  /** Asks the host for a notice, to see whether it arrives. */
  test(): Promise<void>
}

const toneOf: Record<NoticeKind, Toast['tone']> = {
  approvalPending: 'attention',
  approvalReminder: 'attention',
  approvalExpiring: 'attention',
  approvalExpired: 'bad',
  runFailed: 'bad',
  gateFailed: 'bad',
  decisionRefused: 'bad',
  stackDown: 'bad',
  stackUp: 'good',
  quietSummary: 'info',
  test: 'info',
}

/** Notices that come within this time are told together, in milliseconds. */
const togetherMs = 300

export interface NoticesDeps {
  connection: Connection
  /** The browser's own notifications; null where the shell makes native ones by itself. */
  notifications: typeof Notification | null
  /** Whether the operator looks at this window right now. */
  hasFocus: () => boolean
  open: (target: NoticeTarget) => void
  /** Whether this run is on the screen right now: then its own words say it already. */
  isShown: (workflowId: string) => boolean
}

export function createNoticesStore({ connection, notifications, hasFocus, open, isShown }: NoticesDeps) {
  let nextId = 1
  const store = createStore<NoticesState>()((set, get) => ({
    toasts: [],
    permission: notifications ? notifications.permission : 'unsupported',
    testProblem: null,
    show(toast) {
      const { kind } = toast
      // A second one of a kind that is still there joins it: runs that end one after the other make no pile.
      const same = kind && isJoinable(kind) ? get().toasts.filter((t) => t.kind === kind) : []
      const count = [...same, toast].reduce((sum, t) => sum + (t.count ?? 1), 0)
      const told =
        kind && same.length > 0
          ? {
              ...{ ...toast, title: severalWords(kind, count), body: '', opens: severalOpen(kind), count },
              runs: [...same, toast].flatMap(({ runs }) => runs ?? []),
            }
          : toast
      // Told twice in the same words, it stands there once, for as long as if it were new.
      const others = get().toasts.filter((t) => !same.includes(t) && (t.title !== told.title || t.body !== told.body))
      set({ toasts: [...others, { ...told, id: nextId++ }].slice(-mostToasts) })
    },
    dismiss: (id) => set({ toasts: get().toasts.filter((toast) => toast.id !== id) }),
    open,
    async askPermission() {
      if (notifications) set({ permission: await notifications.requestPermission() })
    },
    async test() {
      try {
        await connection.call('notices.test', {})
        set({ testProblem: null })
      } catch (cause) {
        set({ testProblem: problemText(cause) })
      }
    },
  }))
  const groups = createNoticeGroups()
  const onDesktop = new Map<string, Notification>()
  const toast = ({ kind, title, body, opens, count, runs }: ShownNotice) =>
    store.getState().show({ tone: toneOf[kind], title, body, opens: opens.place === 'console' ? null : opens, kind, count, runs })

  const onScreen = (notices: readonly Notice[]) => {
    const unseen = notices.filter(({ workflowId }) => workflowId === null || !isShown(workflowId))
    // Toasts that are still there join by themselves; what went away is not counted once more.
    for (const one of createNoticeGroups().add(unseen)) toast(one)
  }
  function toDesktop(allowed: typeof Notification, notices: readonly Notice[]): void {
    for (const { title, body, tag, replaces, opens } of groups.add(notices)) {
      for (const gone of replaces) onDesktop.get(gone)?.close()
      const shown = new allowed(title, { body, tag })
      onDesktop.set(tag, shown)
      shown.onclose = () => onDesktop.delete(tag)
      shown.onclick = () => {
        window.focus()
        open(opens)
        shown.close()
      }
    }
  }

  let together: { notice: Notice; looking: boolean }[] = []
  let due = false
  const tell = () => {
    const told = together
    together = []
    due = false
    const allowed = notifications?.permission === 'granted' ? notifications : null
    // A test is for the desktop, and whoever asks for it looks at this window.
    if (allowed) toDesktop(allowed, noticesOf(told.filter(({ notice, looking }) => !looking || notice.kind === 'test')))
    // Nobody looks now: in a browser without permission the toast waits for whoever comes back.
    onScreen(noticesOf(told.filter(({ looking }) => looking || (notifications && !allowed))))
  }
  connection.subscribe('notice', (notice) => {
    together.push({ notice, looking: hasFocus() })
    if (!due) setTimeout(tell, togetherMs)
    due = true
  })
  connection.subscribe('runs.changed', ({ runs }) => {
    const gone = new Set(runs.filter((run) => !awaitsDecision(run)).map(({ workflowId }) => workflowId))
    if (gone.size === 0) return
    together = together.filter(
      ({ notice: { kind, workflowId } }) => !asksForDecision(kind) || workflowId === null || !gone.has(workflowId),
    )
    for (const tag of groups.decided(gone)) onDesktop.get(tag)?.close()
    const { toasts } = store.getState()
    if (!toasts.some(({ runs: told }) => told?.some((id) => gone.has(id)))) return
    store.setState({ toasts: toasts.flatMap((each) => withoutDecided(each, gone)) })
  })
  return store
}

const noticesOf = (told: readonly { notice: Notice }[]) => told.map(({ notice }) => notice)

/** A toast that asks for decisions, for those that are still to be made; none when there are none. */
function withoutDecided(toast: Toast, gone: ReadonlySet<string>): Toast[] {
  const { kind, runs = [] } = toast
  if (!kind || !asksForDecision(kind)) return [toast]
  const left = runs.filter((id) => !gone.has(id))
  if (left.length === runs.length) return [toast]
  const [last] = left
  if (last === undefined) return []
  const opens = left.length === 1 ? targetOf({ kind, workflowId: last }) : severalOpen(kind)
  // The names that it listed may be among those that are decided.
  return [{ ...toast, title: severalWords(kind, left.length), body: '', opens, count: left.length, runs: left }]
}
export type NoticesStore = ReturnType<typeof createNoticesStore>

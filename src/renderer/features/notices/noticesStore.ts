import { createStore } from 'zustand/vanilla'
import type { EventPayload } from '../../../contract/events.ts'
import type { Connection } from '../../../contract/wire.ts'

/** How long a toast stays, in milliseconds; long enough to read two lines twice. */
export const toastMs = 8000
/** More would cover the list; the oldest goes first. */
const mostToasts = 3

export type Notice = EventPayload<'notice'>
export interface Toast {
  id: number
  tone: 'info' | 'attention' | 'bad' | 'good'
  title: string
  body: string
  workflowId: string | null
  /** Several of one kind are one toast; how many it tells of. */
  kind?: Notice['kind']
  count?: number
}

export interface NoticesState {
  toasts: readonly Toast[]
  /** What the browser lets us do; `unsupported` where there is no Notification. */
  permission: NotificationPermission | 'unsupported'
  show(toast: Omit<Toast, 'id'>): void
  dismiss(id: number): void
  askPermission(): Promise<void>
}

const toneOf: Record<Notice['kind'], Toast['tone']> = {
  approvalPending: 'attention',
  runFailed: 'bad',
  decisionRefused: 'bad',
  stackDown: 'bad',
  stackUp: 'good',
}

/** Kinds of which the number says enough; what is wrong with the stack or with a decision is told in full. */
const joinable: ReadonlySet<Notice['kind']> = new Set(['approvalPending', 'runFailed'])

/** Notices that come within this time are told together, in milliseconds. */
const burstMs = 300
/** More of one kind than this become one. */
const mostOfAKind = 3

const manyWords: Record<Notice['kind'], (n: number) => string> = {
  approvalPending: (n) => `${n} runs wait for approval`,
  runFailed: (n) => `${n} runs failed`,
  decisionRefused: (n) => `${n} decisions were refused`,
  stackDown: (n) => `${n} parts of the stack are down`,
  stackUp: (n) => `${n} parts of the stack are up again`,
}

/** A thousand files at once must not become a thousand messages: many of one kind are told as one. */
export function groupNotices(notices: readonly Notice[]): (Notice & { count?: number })[] {
  const kinds = [...new Set(notices.map((notice) => notice.kind))]
  return kinds.flatMap((kind) => {
    const same = notices.filter((notice) => notice.kind === kind)
    return same.length <= mostOfAKind
      ? same
      : [{ kind, title: manyWords[kind](same.length), body: '', workflowId: null, count: same.length }]
  })
}

export interface NoticesDeps {
  connection: Connection
  /** The browser's own notifications; null where the shell makes native ones by itself. */
  notifications: typeof Notification | null
  /** Whether the operator looks at this window right now. */
  hasFocus: () => boolean
  openRun: (workflowId: string) => void
  /** Whether this run is on the screen right now: then its own words say it already. */
  isShown: (workflowId: string) => boolean
}

export function createNoticesStore({ connection, notifications, hasFocus, openRun, isShown }: NoticesDeps) {
  let nextId = 1
  const store = createStore<NoticesState>()((set, get) => ({
    toasts: [],
    permission: notifications ? notifications.permission : 'unsupported',
    show(toast) {
      const { kind } = toast
      // A second one of a kind that is still there joins it: runs that end one after the other make no pile.
      const same = kind && joinable.has(kind) ? get().toasts.filter((t) => t.kind === kind) : []
      const count = [...same, toast].reduce((sum, t) => sum + (t.count ?? 1), 0)
      const told =
        kind && same.length > 0 ? { ...toast, title: manyWords[kind](count), body: '', workflowId: null, count } : toast
      const others = get().toasts.filter((t) => !same.includes(t))
      set({ toasts: [...others, { ...told, id: nextId++ }].slice(-mostToasts) })
    },
    dismiss: (id) => set({ toasts: get().toasts.filter((toast) => toast.id !== id) }),
    async askPermission() {
      if (notifications) set({ permission: await notifications.requestPermission() })
    },
  }))
  const tell = ({ kind, title, body, workflowId, count = 1 }: Notice & { count?: number }) => {
    const toast = { tone: toneOf[kind], title, body, workflowId, kind, count }
    if (hasFocus()) {
      if (workflowId === null || !isShown(workflowId)) store.getState().show(toast)
      return
    }
    if (notifications?.permission !== 'granted') {
      // Nobody looks now: in a browser without permission the toast waits for whoever comes back.
      if (notifications) store.getState().show(toast)
      return
    }
    const shown = new notifications(title, { body, tag: workflowId ?? kind })
    shown.onclick = () => {
      window.focus()
      if (workflowId) openRun(workflowId)
      shown.close()
    }
  }
  let burst: Notice[] = []
  connection.subscribe('notice', (notice) => {
    burst.push(notice)
    if (burst.length > 1) return
    setTimeout(() => {
      const told = groupNotices(burst)
      burst = []
      for (const one of told) tell(one)
    }, burstMs)
  })
  return store
}
export type NoticesStore = ReturnType<typeof createNoticesStore>

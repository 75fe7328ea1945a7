import { createStore } from 'zustand/vanilla'
import type { EventPayload } from '../../../contract/events.ts'
import type { Connection } from '../../../contract/wire.ts'

/** How long a toast stays, in milliseconds; long enough to read two lines twice. */
export const toastMs = 8000
/** More would cover the list; the oldest goes first. */
const mostToasts = 4

export type Notice = EventPayload<'notice'>
export interface Toast {
  id: number
  tone: 'info' | 'attention' | 'bad' | 'good'
  title: string
  body: string
  workflowId: string | null
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
export function groupNotices(notices: readonly Notice[]): Notice[] {
  const kinds = [...new Set(notices.map((notice) => notice.kind))]
  return kinds.flatMap((kind) => {
    const same = notices.filter((notice) => notice.kind === kind)
    return same.length <= mostOfAKind ? same : [{ kind, title: manyWords[kind](same.length), body: '', workflowId: null }]
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
      set({ toasts: [...get().toasts, { ...toast, id: nextId++ }].slice(-mostToasts) })
    },
    dismiss: (id) => set({ toasts: get().toasts.filter((toast) => toast.id !== id) }),
    async askPermission() {
      if (notifications) set({ permission: await notifications.requestPermission() })
    },
  }))
  const tell = ({ kind, title, body, workflowId }: Notice) => {
    const toast = { tone: toneOf[kind], title, body, workflowId }
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

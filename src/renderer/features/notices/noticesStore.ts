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

export interface NoticesDeps {
  connection: Connection
  /** The browser's own notifications; null where the shell makes native ones by itself. */
  notifications: typeof Notification | null
  /** Whether the operator looks at this window right now. */
  hasFocus: () => boolean
  openRun: (workflowId: string) => void
}

export function createNoticesStore({ connection, notifications, hasFocus, openRun }: NoticesDeps) {
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
  connection.subscribe('notice', (notice) => {
    const { title, body, workflowId } = notice
    if (hasFocus()) {
      store.getState().show({ tone: toneOf[notice.kind], title, body, workflowId })
      return
    }
    if (notifications?.permission !== 'granted') {
      // Nobody looks now: in a browser without permission the toast waits for whoever comes back.
      if (notifications) store.getState().show({ tone: toneOf[notice.kind], title, body, workflowId })
      return
    }
    const shown = new notifications(title, { body, tag: workflowId ?? notice.kind })
    shown.onclick = () => {
      window.focus()
      if (workflowId) openRun(workflowId)
      shown.close()
    }
  })
  return store
}
export type NoticesStore = ReturnType<typeof createNoticesStore>

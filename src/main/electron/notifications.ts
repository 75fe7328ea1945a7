import { Notification } from 'electron'
import { events } from '../../contract/events.ts'
import type { DecisionKind } from '../../contract/model.ts'
import { groupNotices, type Notice } from './groupNotices.ts'
import type { EnvelopeSource } from './source.ts'

/** Notices that come within this time of the first one are told together. */
const burstMs = 700

const buttons = [
  { text: 'Approve…', kind: 'approve' },
  { text: 'Reject…', kind: 'reject' },
] as const

export interface NotificationsOptions {
  icon: string
  /** A click on a notification; null when it stands for several runs. */
  onClick(workflowId: string | null): void
  /** A button of a notification; opens the dialog, because a decision needs a reason. */
  onDecide(workflowId: string, kind: DecisionKind): void
}

/** Turns the host's notices into native notifications. Gives the function that ends it. */
export function showNotices(
  source: Pick<EnvelopeSource, 'onPush'>,
  { icon, onClick, onDecide }: NotificationsOptions,
): () => void {
  if (!Notification.isSupported()) return () => {}
  // A notification that is not referenced is collected, and its click with it.
  const shown = new Set<Notification>()
  let burst: Notice[] = []
  let timer: NodeJS.Timeout | undefined

  const show = () => {
    timer = undefined
    for (const { title, body, workflowId, toDecide } of groupNotices(burst.splice(0))) {
      const notification = new Notification({
        title,
        body,
        icon,
        // A desktop without buttons shows none; a click on the notification itself is everywhere.
        ...(toDecide ? { actions: buttons.map(({ text }) => ({ type: 'button' as const, text })) } : {}),
      })
      shown.add(notification)
      notification.on('click', () => onClick(workflowId))
      notification.on('action', (details: { actionIndex?: number }, index?: number) => {
        // The index was an argument of its own before Electron 38.
        const kind = buttons[details.actionIndex ?? index ?? -1]?.kind
        if (workflowId !== null && kind) onDecide(workflowId, kind)
      })
      notification.on('close', () => shown.delete(notification))
      notification.show()
    }
  }

  const stop = source.onPush((push) => {
    if (push.event !== 'notice') return
    const notice = events.notice.safeParse(push.payload)
    if (!notice.success) return
    burst.push(notice.data)
    timer ??= setTimeout(show, burstMs)
  })
  return () => {
    stop()
    clearTimeout(timer)
    burst = []
    for (const notification of shown) notification.close()
  }
}

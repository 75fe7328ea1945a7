import { Notification } from 'electron'
import { events } from '../../contract/events.ts'
import { groupNotices, type Notice } from './groupNotices.ts'
import type { EnvelopeSource } from './source.ts'

/** Notices that come within this time of the first one are told together. */
const burstMs = 700

export interface NotificationsOptions {
  icon: string
  /** A click on a notification; null when it stands for several runs. */
  onClick(workflowId: string | null): void
}

/** Turns the host's notices into native notifications. Gives the function that ends it. */
export function showNotices(source: Pick<EnvelopeSource, 'onPush'>, { icon, onClick }: NotificationsOptions): () => void {
  if (!Notification.isSupported()) return () => {}
  // A notification that is not referenced is collected, and its click with it.
  const shown = new Set<Notification>()
  let burst: Notice[] = []
  let timer: NodeJS.Timeout | undefined

  const show = () => {
    timer = undefined
    for (const { title, body, workflowId } of groupNotices(burst.splice(0))) {
      const notification = new Notification({ title, body, icon })
      shown.add(notification)
      notification.on('click', () => onClick(workflowId))
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

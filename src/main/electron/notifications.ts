import { Notification } from 'electron'
import { events } from '../../contract/events.ts'
import { awaitsDecision, type DecisionKind } from '../../contract/model.ts'
import { asksForDecision, createNoticeGroups, type NoticeTarget, type ShownNotice } from '../../contract/noticeGroups.ts'
import type { Notice } from '../../contract/notices.ts'
import type { Push } from '../../contract/wire.ts'
import type { EnvelopeSource } from './source.ts'

/** Notices that come within this time of the first one are told together. */
const burstMs = 700

const buttons = [
  { text: 'Approve…', kind: 'approve' },
  { text: 'Reject…', kind: 'reject' },
] as const

/** One run that waits for a decision: the buttons lead to its dialog where the desktop has buttons. */
const runToDecide = ({ kind, opens }: Pick<ShownNotice, 'kind' | 'opens'>): string | null =>
  opens.place === 'run' && asksForDecision(kind) ? opens.workflowId : null

export interface NotificationsOptions {
  icon: string
  /** Whether the operator looks at the window right now: then the page says it, and nothing has to come over it. */
  isLookedAt(): boolean
  /** A click on a notification. */
  onClick(target: NoticeTarget): void
  /** A button of a notification; opens the dialog, because a decision needs a reason. */
  onDecide(workflowId: string, kind: DecisionKind): void
}

/**
 * Whether a push is for the page. A notice is while the operator looks at the window: asked at one place, so that page and
 * desktop never leave it to each other. A test is for both, as whoever asks for it looks at the window.
 */
export const isForPage = (push: Push, looking: boolean): boolean =>
  push.event !== 'notice' || looking || isTest(push.payload) || !Notification.isSupported()

const isTest = (payload: unknown) => events.notice.safeParse(payload).data?.kind === 'test'

/**
 * Turns the host's notices into native notifications while nobody looks at the window, and takes off the screen what asks for
 * a decision that was made. Gives the function that ends it. */
export function showNotices(
  source: Pick<EnvelopeSource, 'onPush'>,
  { icon, isLookedAt, onClick, onDecide }: NotificationsOptions,
): () => void {
  if (!Notification.isSupported()) return () => {}
  const groups = createNoticeGroups()
  // A notification that is not referenced is collected, and its click with it.
  const shown = new Map<string, Notification>()
  let burst: Notice[] = []
  let timer: NodeJS.Timeout | undefined

  const show = () => {
    timer = undefined
    for (const told of groups.add(burst.splice(0))) {
      for (const tag of told.replaces) shown.get(tag)?.close()
      const workflowId = runToDecide(told)
      const notification = new Notification({
        title: told.title,
        body: told.body,
        icon,
        // A desktop without buttons shows none; a click on the notification itself is everywhere.
        ...(workflowId === null ? {} : { actions: buttons.map(({ text }) => ({ type: 'button' as const, text })) }),
      })
      shown.set(told.tag, notification)
      notification.on('click', () => onClick(told.opens))
      notification.on('action', (details: { actionIndex?: number }, index?: number) => {
        // The index was an argument of its own before Electron 38.
        const kind = buttons[details.actionIndex ?? index ?? -1]?.kind
        if (workflowId !== null && kind) onDecide(workflowId, kind)
      })
      notification.on('close', () => shown.delete(told.tag))
      notification.show()
    }
  }

  const decided = (workflowIds: ReadonlySet<string>) => {
    burst = burst.filter(({ kind, workflowId }) => !asksForDecision(kind) || workflowId === null || !workflowIds.has(workflowId))
    for (const tag of groups.decided(workflowIds)) shown.get(tag)?.close()
  }

  const stop = source.onPush((push) => {
    if (push.event === 'runs.changed') {
      const changed = events['runs.changed'].safeParse(push.payload)
      if (!changed.success) return
      decided(new Set(changed.data.runs.filter((run) => !awaitsDecision(run)).map(({ workflowId }) => workflowId)))
    }
    if (push.event !== 'notice') return
    const notice = events.notice.safeParse(push.payload)
    if (!notice.success) return
    if (isLookedAt() && notice.data.kind !== 'test') return
    burst.push(notice.data)
    timer ??= setTimeout(show, burstMs)
  })
  return () => {
    stop()
    clearTimeout(timer)
    burst = []
    for (const notification of shown.values()) notification.close()
  }
}

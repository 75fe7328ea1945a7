import type { EventPayload } from '../../contract/events.ts'
import { assertNever } from '../../contract/model.ts'

export type Notice = EventPayload<'notice'>
export interface Shown {
  title: string
  body: string
  /** The run that a click opens; null opens the console. */
  workflowId: string | null
  /** It waits for a decision, which its buttons lead to where the desktop has buttons. */
  toDecide: boolean
}

/** More than this many of one kind at once become one notification. */
const most = 3

/** What to show for notices that came together: a thousand files at once must not become a thousand notifications. */
export function groupNotices(notices: readonly Notice[]): Shown[] {
  const byKind = new Map<Notice['kind'], Notice[]>()
  for (const notice of notices) byKind.set(notice.kind, [...(byKind.get(notice.kind) ?? []), notice])
  return [...byKind].flatMap(([kind, group]) =>
    group.length <= most
      ? group.map(({ title, body, workflowId }) => ({
          title,
          body,
          workflowId,
          toDecide: kind === 'approvalPending' && workflowId !== null,
        }))
      : [{ title: titleOf(kind, group.length), body: listOf(group), workflowId: null, toDecide: false }],
  )
}

function titleOf(kind: Notice['kind'], count: number): string {
  switch (kind) {
    case 'approvalPending':
      return `${count} runs wait for a decision`
    case 'runFailed':
      return `${count} runs failed`
    case 'decisionRefused':
      return `${count} decisions were refused`
    case 'stackDown':
      return `${count} parts of the stack are down`
    case 'stackUp':
      return `${count} parts of the stack are back`
    default:
      return assertNever(kind)
  }
}

const listOf = (group: readonly Notice[]) =>
  `${group
    .slice(0, most)
    .map((n) => n.title)
    .join(', ')} and ${group.length - most} more`

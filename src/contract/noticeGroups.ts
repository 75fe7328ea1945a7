/** Notices of one kind that come close to each other are told as one: both shells group them in the same way. */
import type { Stage } from './model.ts'
import type { Notice, NoticeKind } from './notices.ts'

/** What a click opens. `runs`: the list, narrowed to these stages. `console`: nothing in particular. */
export type NoticeTarget =
  | { place: 'run'; workflowId: string }
  | { place: 'inbox' }
  | { place: 'runs'; stages: readonly Stage[] }
  | { place: 'console' }

export interface ShownNotice {
  kind: NoticeKind
  title: string
  body: string
  opens: NoticeTarget
  /** How many notices it tells of. */
  count: number
  /** Names it among what is on the screen. */
  tag: string
  /** Tags of what it says once more, which is to be taken off the screen. */
  replaces: readonly string[]
}

/** So many of one kind are told one by one, more as one. */
const mostOfAKind = 3
/** One that comes within this time of the one before belongs to the same burst, in milliseconds. */
const burstMs = 60_000

/** What several of a kind are called, and where they lead; null for kinds that are never joined: each says something of its own. */
const several: Record<NoticeKind, { one: string; many: string; opens: NoticeTarget } | null> = {
  approvalPending: { one: 'run waits for approval', many: 'runs wait for approval', opens: { place: 'inbox' } },
  approvalReminder: { one: 'run still waits for approval', many: 'runs still wait for approval', opens: { place: 'inbox' } },
  approvalExpiring: { one: 'run rejects itself soon', many: 'runs reject themselves soon', opens: { place: 'inbox' } },
  approvalExpired: {
    one: 'run rejected itself',
    many: 'runs rejected themselves',
    opens: { place: 'runs', stages: ['TimedOut'] },
  },
  runFailed: { one: 'run failed', many: 'runs failed', opens: { place: 'runs', stages: ['Failed'] } },
  gateFailed: {
    one: 'model was refused by the gate',
    many: 'models were refused by the gate',
    opens: { place: 'runs', stages: ['GateFailed'] },
  },
  decisionRefused: null,
  stackDown: null,
  stackUp: null,
  quietSummary: null,
  test: null,
}

/** Whether several of a kind may be told as one. */
export const isJoinable = (kind: NoticeKind): boolean => several[kind] !== null

/** `20 runs failed`: how many of a kind there are. */
export const severalWords = (kind: NoticeKind, count: number): string =>
  `${count} ${(count === 1 ? several[kind]?.one : several[kind]?.many) ?? 'notices'}`

/** What a click on several of a kind opens. */
export const severalOpen = (kind: NoticeKind): NoticeTarget => several[kind]?.opens ?? { place: 'console' }

/** What a click on one notice opens. */
export function targetOf({ kind, workflowId }: Pick<Notice, 'kind' | 'workflowId'>): NoticeTarget {
  if (workflowId !== null) return { place: 'run', workflowId }
  return kind === 'quietSummary' ? { place: 'inbox' } : severalOpen(kind)
}

interface Burst {
  notices: Notice[]
  tags: string[]
  lastAt: number
}

/** Remembers what of a burst is on the screen, so that the fourth of a kind takes the place of the three before it. */
export function createNoticeGroups(now: () => number = Date.now) {
  const bursts = new Map<NoticeKind, Burst>()
  let next = 1

  const alone = (notice: Notice, burst: Burst | null): ShownNotice => {
    const tag = `${notice.kind} ${next++}`
    burst?.tags.push(tag)
    return { ...words(notice), opens: targetOf(notice), count: 1, tag, replaces: [] }
  }

  function ofKind(kind: NoticeKind, notices: readonly Notice[]): ShownNotice[] {
    if (!isJoinable(kind)) return notices.map((notice) => alone(notice, null))
    const known = bursts.get(kind)
    const burst = known && now() - known.lastAt <= burstMs ? known : { notices: [], tags: [], lastAt: 0 }
    bursts.set(kind, burst)
    burst.notices.push(...notices)
    burst.lastAt = now()
    if (burst.notices.length <= mostOfAKind) return notices.map((notice) => alone(notice, burst))
    const tag = `${kind} ${next++}`
    const replaces = burst.tags
    burst.tags = [tag]
    const count = burst.notices.length
    return [
      { kind, title: severalWords(kind, count), body: listOf(burst.notices), opens: severalOpen(kind), count, tag, replaces },
    ]
  }

  return {
    /** What to show for notices that came together, beside what was shown before. */
    add(notices: readonly Notice[]): ShownNotice[] {
      const kinds = [...new Set(notices.map(({ kind }) => kind))]
      return kinds.flatMap((kind) =>
        ofKind(
          kind,
          notices.filter((notice) => notice.kind === kind),
        ),
      )
    },
  }
}
export type NoticeGroups = ReturnType<typeof createNoticeGroups>

const words = ({ kind, title, body }: Notice) => ({ kind, title, body })

/** The first few by what tells them apart. */
const listOf = (notices: readonly Notice[]) =>
  `${notices
    .slice(0, mostOfAKind)
    .map(({ subject, title }) => subject ?? title)
    .join(', ')} and ${notices.length - mostOfAKind} more`

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
  /** The runs that it tells of. */
  runs: readonly string[]
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

/** Whether a kind asks for a decision on its run: it says nothing any more once that was made. */
export const asksForDecision = (kind: NoticeKind): boolean =>
  kind === 'approvalPending' || kind === 'approvalReminder' || kind === 'approvalExpiring'

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
  shown: { tag: string; notices: readonly Notice[] }[]
  lastAt: number
}

/** Remembers what of a burst is on the screen, so that the fourth of a kind takes the place of the three before it. */
export function createNoticeGroups(now: () => number = Date.now) {
  const bursts = new Map<NoticeKind, Burst>()
  /** Runs of what asks for decisions, by tag; also of bursts that are over. */
  const undecided = new Map<string, Set<string>>()
  let next = 1

  function tagOf(kind: NoticeKind, notices: readonly Notice[], burst: Burst | null): { tag: string; runs: string[] } {
    const tag = `${kind} ${next++}`
    const runs = notices.flatMap(({ workflowId }) => workflowId ?? [])
    burst?.shown.push({ tag, notices })
    if (asksForDecision(kind)) undecided.set(tag, new Set(runs))
    return { tag, runs }
  }

  const alone = (notice: Notice, burst: Burst | null): ShownNotice => ({
    ...words(notice),
    ...tagOf(notice.kind, [notice], burst),
    ...{ opens: targetOf(notice), count: 1, replaces: [] },
  })

  function ofKind(kind: NoticeKind, notices: readonly Notice[]): ShownNotice[] {
    if (!isJoinable(kind)) return notices.map((notice) => alone(notice, null))
    const known = bursts.get(kind)
    const burst = known && now() - known.lastAt <= burstMs ? known : { shown: [], lastAt: 0 }
    bursts.set(kind, burst)
    burst.lastAt = now()
    const all = [...burst.shown.flatMap((one) => one.notices), ...notices]
    if (all.length <= mostOfAKind) return notices.map((notice) => alone(notice, burst))
    const replaces = burst.shown.map(({ tag }) => tag)
    for (const tag of replaces) undecided.delete(tag)
    burst.shown = []
    const told = tagOf(kind, all, burst)
    return [
      {
        ...{ kind, title: severalWords(kind, all.length), body: listOf(all), opens: severalOpen(kind), count: all.length },
        ...{ ...told, replaces },
      },
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
    /** These runs wait no more: they are counted no more. Gives the tags of what now asks for nothing any more. */
    decided(workflowIds: Iterable<string>): string[] {
      const gone = new Set(workflowIds)
      for (const [kind, burst] of bursts) {
        if (!asksForDecision(kind)) continue
        const left = burst.shown.map(({ tag, notices }) => ({
          tag,
          notices: notices.filter(({ workflowId }) => workflowId === null || !gone.has(workflowId)),
        }))
        burst.shown = left.filter(({ notices }) => notices.length > 0)
      }
      return [...undecided].flatMap(([tag, runs]) => {
        const before = runs.size
        for (const workflowId of gone) runs.delete(workflowId)
        if (runs.size > 0 || before === 0) return []
        undecided.delete(tag)
        return tag
      })
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

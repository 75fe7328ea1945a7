/** What a batch would do and what it would leave alone, and why: plain functions of the runs as they are known. */
import { type Candidate, type ProductionModel, standingOf } from '../../../contract/approvals.ts'
import { assertNever, isEndStage, type RunSummary, stepThatWaits } from '../../../contract/model.ts'
import { stageLabels } from '../../../contract/sentence.ts'
import { compareMetrics, type MetricChange } from '../report/compare.ts'

export const batchKinds = ['approve', 'reject', 'retryNow', 'again', 'cancel', 'terminate'] as const
export type BatchKind = (typeof batchKinds)[number]

export interface Group {
  /** What they have in common, as the beginning of a sentence. */
  words: string
  runs: readonly RunSummary[]
}

export interface BatchPlan {
  /** In the order in which they will be acted on: as given. */
  acts: readonly RunSummary[]
  /** Those that it leaves alone, by reason, the largest group first. */
  leaves: readonly Group[]
  /** How the operator's approval counts, where one alone does not decide. */
  standings: readonly Group[]
}

/** @param operator who would do it; the policy of a run may bar them */
export function planOf(kind: BatchKind, runs: readonly RunSummary[], operator: string): BatchPlan {
  const why = new Map(runs.map((run) => [run, whyNot(kind, run, operator)]))
  const acts = runs.filter((run) => why.get(run) === null)
  return {
    acts,
    leaves: grouped(runs, (run) => why.get(run) ?? ''),
    standings: kind === 'approve' ? grouped(acts, (run) => standingOf(run.approvals, operator).words) : [],
  }
}

/** Why this cannot be done to the run now; null when it can. The host and the workflow decide in the end. */
export function whyNot(kind: BatchKind, run: RunSummary, operator: string): string | null {
  const { stage } = run
  const ended = isEndStage(stage) ? `Ended already (${stageLabels[stage]}).` : null
  switch (kind) {
    case 'approve':
    case 'reject':
      if (ended) return ended
      if (stage !== 'AwaitingApproval') return `Awaits no decision yet (${stageLabels[stage]}).`
      if (run.decisionPending) return 'Decided here already; the decision waits for Temporal.'
      return standingOf(run.approvals, operator)[kind]
    case 'cancel':
    case 'terminate':
      return ended ?? (run.runId === null ? 'Still on its way to Temporal; try again in a moment.' : null)
    case 'retryNow':
      if (ended) return ended
      if (run.paused !== null) return 'Its step is paused; resume it first.'
      return run.retryAt === null || stepThatWaits(stage) === null ? 'No attempt of it waits.' : null
    case 'again':
      return ended ? null : `Has not ended (${stageLabels[stage]}).`
    default:
      return assertNever(kind)
  }
}

function grouped(runs: readonly RunSummary[], wordsOf: (run: RunSummary) => string): Group[] {
  const groups = new Map<string, RunSummary[]>()
  for (const run of runs) {
    const words = wordsOf(run)
    if (words !== '') groups.set(words, [...(groups.get(words) ?? []), run])
  }
  return [...groups].map(([words, of]) => ({ words, runs: of })).sort((a, b) => b.runs.length - a.runs.length)
}

/** A candidate beside the model now in production. */
export type Comparison =
  | { kind: 'worse' | 'better' | 'same'; changes: readonly MetricChange[] }
  | { kind: 'first' }
  | { kind: 'unlike' }
  | { kind: 'unknown'; why: string }

/** What is known to compare candidates with; `problem` says why it is not. */
export interface Reference {
  candidates: ReadonlyMap<string, Candidate>
  production: ProductionModel | null
  problem: string | null
}

/** `worse` when any metric got worse, however many got better: that one comes first. */
export function comparisonOf(run: RunSummary, { candidates, production, problem }: Reference): Comparison {
  if (problem !== null) return { kind: 'unknown', why: problem }
  const candidate = candidates.get(run.workflowId)
  if (!candidate || !run.metrics) return { kind: 'unknown', why: 'Its figures are not known here.' }
  if (production === null) return { kind: 'first' }
  if (production.task !== candidate.task || production.target !== candidate.target) return { kind: 'unlike' }
  const changes = compareMetrics(production.metrics, run.metrics)
  const worst = changes[0]
  if (!worst) return { kind: 'unlike' }
  if (worst.verdict === 'worse') return { kind: 'worse', changes }
  return { kind: changes.some(({ verdict }) => verdict === 'better') ? 'better' : 'same', changes }
}

const badness: Record<Comparison['kind'], number> = { worse: 0, unknown: 1, unlike: 2, same: 3, first: 4, better: 5 }

/** What is approved only when it is ticked by itself: it got worse, or nobody can say. */
export const needsTick = ({ kind }: Comparison): boolean => kind === 'worse' || kind === 'unknown' || kind === 'unlike'

export interface Judged {
  run: RunSummary
  comparison: Comparison
}

/** Candidates with their comparison, worst news first. */
export function judged(runs: readonly RunSummary[], reference: Reference): Judged[] {
  const share = ({ comparison }: Judged) => ('changes' in comparison ? (comparison.changes[0]?.share ?? 0) : 0)
  return runs
    .map((run) => ({ run, comparison: comparisonOf(run, reference) }))
    .sort(
      (a, b) =>
        badness[a.comparison.kind] - badness[b.comparison.kind] || (a.comparison.kind === 'worse' ? share(b) - share(a) : 0),
    )
}

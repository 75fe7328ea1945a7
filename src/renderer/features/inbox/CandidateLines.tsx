import type { Candidate } from '../../../contract/approvals.ts'
import type { RunSummary } from '../../../contract/model.ts'
import { listMetrics } from '../../../contract/training.ts'
import { useIn } from '../../app/console.ts'
import { count, figure, plural, shareWords, significant } from '../../ui/format.ts'
import { plainText } from '../../ui/plainText.ts'
import { Change } from '../report/Changes.tsx'
import { compareMetrics, metricWords } from '../report/compare.ts'

/** As many changes as a row has room for, what got worse first. */
const mostChanges = 3

/** What a candidate brings, in two lines: its figures beside production's, then its gate and its data. */
export function CandidateLines({ run }: { run: RunSummary }) {
  const candidate = useIn('inbox', (s) => s.byId.get(run.workflowId))
  return (
    <>
      <div className="inbox-line small inbox-figures">
        <Figures run={run} candidate={candidate} />
      </div>
      <div className="inbox-line small muted">
        <span>
          {[gateWords(run, candidate), ...(candidate?.data ? dataWords(candidate.data) : [])].filter(Boolean).join(' · ')}
        </span>
      </div>
    </>
  )
}

function Figures({ run, candidate }: { run: RunSummary; candidate: Candidate | undefined }) {
  const production = useIn('inbox', (s) => s.production)
  const problem = useIn('inbox', (s) => s.problem)
  const known = useIn('inbox', (s) => s.known)
  if (!run.metrics) return <span className="faint">No figures are known.</span>
  const comparable =
    candidate && production && production.task === candidate.task && production.target === candidate.target
      ? compareMetrics(production.metrics, run.metrics)
      : []
  if (comparable.length > 0) {
    return (
      <>
        {comparable.slice(0, mostChanges).map((change) => (
          <span key={change.metric} className="inbox-figure">
            {metricWords(change.metric)} <strong>{significant(change.to)}</strong> <Change change={change} />
          </span>
        ))}
        <span className="faint" title={production?.fileName}>
          than in production
        </span>
      </>
    )
  }
  return (
    <>
      {listMetrics(run.metrics)
        .slice(0, mostChanges)
        .map(({ name, value }) => (
          <span key={name} className="inbox-figure">
            {metricWords(name)} <strong>{figure(value)}</strong>
          </span>
        ))}
      <span className="faint ellipsis" title={problem ?? undefined}>
        {problem
          ? 'What production serves is not known now.'
          : !known
            ? ''
            : production
              ? 'Production predicts something else, so their figures do not compare.'
              : 'It would be the first model in production.'}
      </span>
    </>
  )
}

function gateWords({ gatePassed }: RunSummary, candidate: Candidate | undefined): string {
  if (!candidate || candidate.checks.length === 0) return gatePassed ? 'Gate passed' : ''
  const failed = candidate.checks.filter(({ passed }) => !passed)
  const all = candidate.checks.length
  return failed.length === 0
    ? `${all === 1 ? 'The one check' : `All ${all} checks`} of the gate passed`
    : `${count(all - failed.length)} of ${count(all)} checks passed; not ${failed.map(({ label }) => label).join(', ')}`
}

function dataWords({ rows, quarantined, missing, duplicates, leaks }: NonNullable<Candidate['data']>): string[] {
  return [
    plural(rows, 'row'),
    missing > 0 ? `${shareWords(missing)} missing` : 'no value missing',
    ...(quarantined > 0 ? [`${count(quarantined)} in quarantine`] : []),
    ...(duplicates > 0 ? [plural(duplicates, 'duplicate')] : []),
    ...(leaks.length > 0 ? [`left out as a leak: ${plainText(leaks.join(', '))}`] : []),
  ]
}

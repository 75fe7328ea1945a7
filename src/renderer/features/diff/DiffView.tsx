import { ArrowDown, ArrowLeft, ArrowLeftRight, ArrowUp, ChevronDown, ChevronRight, CircleAlert, Eye } from 'lucide-react'
import { type ReactNode, useEffect, useId, useState } from 'react'
import type { Diff, DiffEntry, DiffSection } from '../../../contract/diff.ts'
import type { RunDetail, RunSummary } from '../../../contract/model.ts'
import { momentWords } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import type { Comparison } from '../../app/route.ts'
import { Button } from '../../ui/Button.tsx'
import { middleCut, plural, shareWords } from '../../ui/format.ts'
import { Note } from '../../ui/Note.tsx'
import { problemText } from '../../ui/problem.ts'
import { useTimes } from '../../ui/times.tsx'
import './diff.css'

/** A run beside another one, or two attempts of one of its steps: what differs first, what is the same folded. */
export default function DiffView({ detail, compare }: { detail: RunDetail; compare: Comparison }) {
  const { connection, route } = useConsole()
  const [reveal, setReveal] = useState(false)
  const [tried, setTried] = useState(0)
  const [diff, setDiff] = useState<Diff | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const { workflowId } = detail
  const asked = JSON.stringify(compare)
  useEffect(() => {
    // What failed is tried again on request.
    void tried
    const pair = JSON.parse(asked) as Comparison
    let over = false
    setProblem(null)
    const answer =
      pair.kind === 'run'
        ? connection.call('runs.diff', { left: pair.other, right: workflowId, reveal })
        : connection.call('runs.diffAttempts', { workflowId, step: pair.step, left: pair.left, right: pair.right, reveal })
    answer.then(
      (found) => over || setDiff(found),
      (cause) => {
        if (over) return
        setDiff(null)
        setProblem(problemText(cause))
      },
    )
    return () => {
      over = true
    }
  }, [connection, workflowId, asked, reveal, tried])
  const covered = diff?.sections.some(({ entries }) => entries.some((entry) => entry.covered)) ?? false
  return (
    <div className="run-body scroll">
      <div className="diff-tools">
        <Button size="small" look="quiet" onPress={() => route.getState().go({ compare: null })}>
          <ArrowLeft size={14} aria-hidden />
          The run
        </Button>
        {compare.kind === 'run' ? (
          <>
            <h3>Beside another run</h3>
            <Button
              size="small"
              onPress={() => route.getState().go({ run: compare.other, full: true, compare: { kind: 'run', other: workflowId } })}
            >
              <ArrowLeftRight size={13} aria-hidden />
              Swap
            </Button>
          </>
        ) : (
          <ChosenAttempts detail={detail} compare={compare} />
        )}
        <span className="grow" />
        {covered || reveal ? (
          <Button size="small" look="quiet" onPress={() => setReveal(!reveal)}>
            <Eye size={13} aria-hidden />
            {reveal ? 'Cover secrets' : 'Show secrets'}
          </Button>
        ) : null}
      </div>
      {problem !== null ? (
        <Note tone="bad">
          <p>They could not be compared: {problem}</p>
          <Button size="small" onPress={() => setTried(tried + 1)}>
            Try again
          </Button>
        </Note>
      ) : diff === null ? (
        <div aria-busy="true">
          <span className="sr-only">Comparing</span>
          <span className="skeleton" style={{ width: '60%' }} />
        </div>
      ) : (
        <Sections diff={diff} detail={detail} compare={compare} />
      )}
    </div>
  )
}

function ChosenAttempts({ detail, compare }: { detail: RunDetail; compare: Comparison & { kind: 'attempts' } }) {
  const { route } = useConsole()
  const attempts = detail.steps.find(({ step }) => step === compare.step)?.attempts ?? []
  const choose = (change: Partial<typeof compare>) =>
    route.getState().go({ compare: { ...compare, ...change }, full: true }, 'replace')
  return (
    <>
      <h3>
        Two attempts of <code>{compare.step}</code>
      </h3>
      {(['left', 'right'] as const).map((side) => (
        <label key={side}>
          <span className="sr-only">{side === 'left' ? 'The first one' : 'The second one'}</span>
          <select
            className="input small"
            value={compare[side]}
            onChange={(event) => choose({ [side]: Number(event.target.value) })}
          >
            {attempts.map(({ attempt, outcome }) => (
              <option key={attempt} value={attempt} disabled={attempt === compare[side === 'left' ? 'right' : 'left']}>
                {`Attempt ${attempt}, ${outcome === 'timedOut' ? 'timed out' : outcome}`}
              </option>
            ))}
          </select>
        </label>
      ))}
    </>
  )
}

function Sections({ diff, detail, compare }: { diff: Diff; detail: RunDetail; compare: Comparison }) {
  const other = useIn('runs', (s) => (compare.kind === 'run' ? s.byId.get(compare.other) : undefined))
  const times = useTimes()
  const nameOf = (run: RunSummary) =>
    `${middleCut(run.fileName, 32)}, ${momentWords(run.acceptedAt, new Date(), { ...times, relative: false })}`
  const heads = {
    left: compare.kind === 'run' && other ? nameOf(other) : diff.left,
    right: compare.kind === 'run' ? nameOf(detail) : diff.right,
  }
  const differing = diff.sections.reduce((sum, section) => sum + section.differing, 0)
  return (
    <>
      <p className="sentence">
        {differing === 0
          ? 'Nothing that could be compared differs.'
          : `${plural(differing, 'value')} ${differing === 1 ? 'differs' : 'differ'}.`}
      </p>
      {diff.sections.map((section) => (
        <SectionView key={section.name} section={section} heads={heads} />
      ))}
    </>
  )
}

function SectionView({ section, heads }: { section: DiffSection; heads: { left: string; right: string } }) {
  const id = useId()
  const [open, setOpen] = useState(false)
  const { title, entries, differing, same, problems, note } = section
  const unlike = entries.filter(({ kind }) => kind !== 'same')
  const alike = entries.filter(({ kind }) => kind === 'same')
  return (
    <section className="section diff-section" aria-labelledby={id}>
      <h3 id={id}>
        {title} <span className="faint">{countWords(section)}</span>
      </h3>
      {note ? <p className="faint">{note}</p> : null}
      {problems.map(({ side, text, expected }) => (
        <p key={`${side} ${text}`} className={expected ? 'faint' : 'error-text'}>
          {expected ? null : <CircleAlert size={13} aria-hidden />}
          <span>
            {heads[side]}: {text}
          </span>
        </p>
      ))}
      {unlike.length > 0 ? <Entries entries={unlike} heads={heads} label={`${title}: what differs`} /> : null}
      {differing > unlike.length ? (
        <p className="faint">And {plural(differing - unlike.length, 'more value')} that differ.</p>
      ) : null}
      {same > 0 ? (
        <div>
          <button type="button" className="button link small" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? <ChevronDown size={12} aria-hidden /> : <ChevronRight size={12} aria-hidden />}
            {plural(same, 'value')} the same
          </button>
        </div>
      ) : null}
      {open ? <Entries entries={alike} heads={heads} label={`${title}: what is the same`} /> : null}
      {open && same > alike.length ? <p className="faint">And {plural(same - alike.length, 'more value')}.</p> : null}
    </section>
  )
}

function countWords({ differing, same, problems }: DiffSection): string {
  if (differing > 0) return `${differing} differ`
  if (same > 0) return 'the same'
  return problems.length > 0 ? 'not compared' : 'neither has any'
}

function Entries({ entries, heads, label }: { entries: DiffEntry[]; heads: { left: string; right: string }; label: string }) {
  return (
    <div className="diff-scroll">
      <table className="diff-table" aria-label={label}>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col" className="ellipsis" title={heads.left}>
              {heads.left}
            </th>
            <th scope="col" className="ellipsis" title={heads.right}>
              {heads.right}
            </th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry, index) => (
            // The index is the key: long paths are cut, and two may read alike then
            <tr key={index}>
              <th scope="row">
                <code>{entry.path || 'The whole'}</code>
              </th>
              <td className={entry.kind === 'same' ? '' : 'diff-before'}>
                <Value text={entry.left} covered={entry.covered} absent={entry.kind === 'added'} />
              </td>
              <td className={entry.kind === 'same' ? '' : 'diff-after'}>
                <Value text={entry.right} covered={entry.covered} absent={entry.kind === 'removed'} />
              </td>
              <td>
                <ChangeWords entry={entry} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Value({ text, covered, absent }: { text: string | null; covered: boolean; absent: boolean }): ReactNode {
  if (absent) return <span className="faint">none</span>
  if (text === null)
    return covered ? (
      <span title="Its name says that it is a secret">
        ••••••<span className="sr-only"> covered</span>
      </span>
    ) : null
  return <code className="wrap">{text}</code>
}

const kindWords: Record<DiffEntry['kind'], string> = { changed: 'differs', added: 'new', removed: 'gone', same: '' }

function ChangeWords({ entry: { change, kind } }: { entry: DiffEntry }) {
  if (!change) return <span className="faint">{kindWords[kind]}</span>
  const { by, share, better } = change
  const Sign = by.startsWith('-') ? ArrowDown : ArrowUp
  return (
    <span className={`diff-change nowrap${better === null ? '' : better ? ' tone-good' : ' tone-bad'}`}>
      <Sign size={12} aria-hidden />
      {by.startsWith('-') ? by.replace('-', '−') : `+${by}`}
      {share === null ? '' : ` (${shareWords(Math.abs(share))})`}
      {better === null ? '' : better ? ' better' : ' worse'}
    </span>
  )
}

import { useEffect, useMemo, useState } from 'react'
import { Input } from 'react-aria-components'
import type { RunDetail, RunSummary } from '../../../contract/model.ts'
import { describeRun } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Note } from '../../ui/Note.tsx'
import { problemText } from '../../ui/problem.ts'
import { StageSign } from '../../ui/StageSign.tsx'
import { Moment, useTimes } from '../../ui/times.tsx'
import './diff.css'

/** Runs that are offered at once. */
const offered = 12

/** Chooses the run that this one is measured by: the one in production, the one before of the same file, or any other. */
export default function CompareDialog({ detail, onClose }: { detail: RunDetail; onClose: () => void }) {
  const { connection, route } = useConsole()
  const [text, setText] = useState('')
  const [found, setFound] = useState<{ text: string; runs: RunSummary[] } | null>(null)
  const [production, setProduction] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    connection.call('deployments.list', {}).then(
      ({ environments }) =>
        setProduction(environments.find(({ environment }) => environment === 'prod')?.served?.workflowId ?? null),
      () => undefined, // then it is not offered
    )
  }, [connection])
  useEffect(() => {
    let over = false
    connection.call('runs.list', { text: text.trim() === '' ? undefined : text.trim().slice(0, 200), limit: offered + 1 }).then(
      ({ runs }) => over || setFound({ text, runs }),
      (cause) => over || setProblem(problemText(cause)),
    )
    return () => {
      over = true
    }
  }, [connection, text])
  const known = useIn('runs', (s) => s.byId)
  const before = useMemo(
    () =>
      [...known.values()]
        .filter(({ fileName, acceptedAt }) => fileName === detail.fileName && acceptedAt < detail.acceptedAt)
        .sort((a, b) => (a.acceptedAt < b.acceptedAt ? 1 : -1))[0],
    [known, detail],
  )
  const inProduction = production === null || production === detail.workflowId ? undefined : known.get(production)
  const choose = (other: string) => {
    onClose()
    route.getState().go({ run: detail.workflowId, full: true, compare: { kind: 'run', other } })
  }
  const others = found?.runs.filter(({ workflowId }) => workflowId !== detail.workflowId).slice(0, offered)
  return (
    <Dialog
      title={`Compare ${detail.fileName} with`}
      isOpen
      onClose={onClose}
      foot={
        <>
          <span className="grow" />
          <Button onPress={onClose}>Close</Button>
        </>
      }
    >
      <div className="diff-picks">
        {inProduction ? <Pick title="The one in production" run={inProduction} choose={choose} /> : null}
        {before ? <Pick title="The run before of the same file" run={before} choose={choose} /> : null}
      </div>
      <Input
        className="input"
        type="search"
        aria-label="Search runs; Enter takes the first"
        autoFocus
        placeholder="File or id of any other run"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          const first = others?.[0]
          // What was found for other letters is no answer to these.
          if (event.key === 'Enter' && first && text.trim() !== '' && found?.text === text) choose(first.workflowId)
        }}
      />
      {problem !== null ? (
        <Note tone="bad">
          <p>{problem}</p>
        </Note>
      ) : null}
      {others?.length === 0 ? <p className="faint">No other run is like that.</p> : null}
      <div className="diff-picks">
        {others?.map((run) => (
          <Pick key={run.workflowId} run={run} choose={choose} />
        ))}
      </div>
    </Dialog>
  )
}

function Pick({ title, run, choose }: { title?: string; run: RunSummary; choose(workflowId: string): void }) {
  const times = useTimes()
  const sentence = describeRun(run, new Date(), times)
  return (
    <button type="button" className="diff-pick" title={sentence} onClick={() => choose(run.workflowId)}>
      <StageSign run={run} />
      <span className="diff-pick-words">
        {title ? <strong>{title}</strong> : null}
        <span className="ellipsis">{run.fileName}</span>
        <span className="faint ellipsis">{sentence}</span>
      </span>
      <span className="faint nowrap">
        <Moment at={run.acceptedAt} />
      </span>
    </button>
  )
}

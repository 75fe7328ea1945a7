import { useCallback, useEffect, useState } from 'react'
import type { RunValues as Values } from '../../../contract/history.ts'
import type { RunDetail } from '../../../contract/model.ts'
import { useConsole } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { Note } from '../../ui/Note.tsx'
import { problemText } from '../../ui/problem.ts'
import { countLate, lateWait } from '../payload/late.ts'
import { PayloadList } from './StepDetail.tsx'

/** What a run holds beside its steps; asked for only when somebody wants to see it, as a worker has to answer. */
export function RunValues({ detail }: { detail: RunDetail }) {
  const { connection } = useConsole()
  const [asked, setAsked] = useState(0)
  const [values, setValues] = useState<Values | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const { workflowId } = detail
  const read = useCallback(() => setAsked((times) => times + 1), [])
  useEffect(() => {
    if (asked === 0) return
    let waiting: ReturnType<typeof setTimeout> | undefined
    let over = false
    setProblem(null)
    connection.call('runs.values', { workflowId }).then(
      (answer) => {
        if (over) return
        setValues(answer)
        const { status, input, memo, searchAttributes, headers } = answer
        if (countLate([...(status ? [status] : []), ...input, ...memo, ...searchAttributes, ...headers]) > 0)
          waiting = setTimeout(read, lateWait(asked))
      },
      (cause) => over || setProblem(problemText(cause)),
    )
    return () => {
      over = true
      clearTimeout(waiting)
    }
  }, [connection, workflowId, asked, read])
  return (
    <div className="payloads">
      <p className="faint">
        <Button size="small" onPress={read}>
          {values ? 'Read again' : 'Show values'}
        </Button>{' '}
        Input, memo, search attributes, headers, and what the run answers to <code>get_status</code> now.
      </p>
      {problem !== null ? (
        <Note tone="bad">
          <p>They could not be read: {problem}</p>
        </Note>
      ) : null}
      {values ? (
        <>
          {values.status ? (
            <PayloadList title="get_status" payloads={[values.status]} />
          ) : (
            <p className="faint">{values.statusProblem}</p>
          )}
          <PayloadList title="Input" payloads={values.input} none="No input." />
          <PayloadList title="Memo" payloads={values.memo} none="Nothing." />
          <PayloadList title="Search attribute" payloads={values.searchAttributes} none="None." />
          <PayloadList title="Header" payloads={values.headers} none="None." />
        </>
      ) : asked > 0 && problem === null ? (
        <span className="skeleton" style={{ width: '60%' }} />
      ) : null}
    </div>
  )
}

import { useState } from 'react'
import type { RunDetail, StepName } from '../../../contract/model.ts'
import type { StepAction } from '../../../contract/operator.ts'
import { reasonProblem } from '../../../contract/people.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field } from '../../ui/Field.tsx'
import { bytesWords } from '../../ui/format.ts'
import { problemText } from '../../ui/problem.ts'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { stepLabels } from './timeline.ts'

/** What can be done to a run as a whole or to one of its steps, each with a reason. */
export type RunAction = { kind: 'again' | 'cancel' | 'terminate' } | { kind: StepAction; step: StepName }

interface Words {
  title: string
  /** What will happen, before it does. */
  what: string
  go: string
  going: string
  leave: string
  dangerous: boolean
}

function wordsOf(action: RunAction, detail: RunDetail): Words {
  const step = 'step' in action ? stepLabels[action.step] : ''
  switch (action.kind) {
    case 'again':
      return {
        title: `Run ${detail.fileName} again?`,
        what: `A new run starts with the same dataset (${bytesWords(detail.sizeBytes)}, stored when it was accepted) and with the settings of now. This run and its record stay as they are.`,
        go: 'Start a new run',
        going: 'Starting…',
        leave: 'Keep as it is',
        dangerous: false,
      }
    case 'cancel':
      return {
        title: `Cancel the run of ${detail.fileName}?`,
        what: 'The step under way is stopped and no further step begins. What was deployed stays deployed; the dataset stays stored.',
        go: 'Cancel run',
        going: 'Cancelling…',
        leave: 'Let it run',
        dangerous: true,
      }
    case 'terminate':
      return {
        title: `Terminate the run of ${detail.fileName}?`,
        what: 'Temporal ends the run at once without asking it: no step is put down in order, and a deployment under way may be left half told. Meant for a run that does not react to Cancel.',
        go: 'Terminate run',
        going: 'Terminating…',
        leave: 'Let it run',
        dangerous: true,
      }
    case 'retryNow':
      return {
        title: `Try “${step}” now?`,
        what: 'The next attempt begins at once instead of after the rest of its wait. Temporal then counts its attempts anew; those made so far stay on record here.',
        go: 'Try now',
        going: 'Asking…',
        leave: 'Keep waiting',
        dangerous: false,
      }
    case 'pause':
      return {
        title: `Pause “${step}”?`,
        what: 'No further attempt of this step begins until somebody resumes it; an attempt under way is told to stop and counts as failed. The run waits meanwhile.',
        go: 'Pause step',
        going: 'Pausing…',
        leave: 'Leave it',
        dangerous: false,
      }
    case 'resume':
      return {
        title: `Resume “${step}”?`,
        what: 'The next attempt of this step begins at once.',
        go: 'Resume step',
        going: 'Resuming…',
        leave: 'Keep it paused',
        dangerous: false,
      }
    case 'restart':
      return {
        title: `Retry from “${step}”?`,
        what: restartWords(action.step, detail),
        go: 'Retry from this step',
        going: 'Going back…',
        leave: 'Leave it',
        dangerous: detail.endedAt === null,
      }
  }
}

/** The decision belongs to the part that is made anew unless the step comes after it. */
function restartWords(step: StepName, detail: RunDetail): string {
  const running = detail.endedAt === null ? 'What the run does now is ended, and it' : 'The run'
  const decided = step === 'record_decision' || step === 'deploy_prod'
  return `${running} goes on from the moment before this step began, under the same workflow id; the steps before it are kept as they were. ${
    decided ? 'The decision stands.' : 'A decision that was taken already does not count for it: somebody has to decide again.'
  }`
}

/** Temporal takes a reason for these, and no codec seals it; the others have none there. */
const reachesTemporal: ReadonlySet<RunAction['kind']> = new Set(['cancel', 'terminate', 'pause', 'restart'])

/** Asks for the reason, says what will happen, and does it. */
export function ActionDialog({ action, detail, onClose }: { action: RunAction; detail: RunDetail; onClose: () => void }) {
  const { run, runs, route } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  // One per opened dialog, so that a second click never does it twice.
  const [requestId] = useState(() => crypto.randomUUID())
  const [reason, setReason] = useState('')
  const [sending, setSending] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const words = wordsOf(action, detail)
  const send = async () => {
    if (off !== null || sending) return
    const wrong = reasonProblem(reason)
    if (wrong !== null) return setProblem(wrong)
    setSending(true)
    setProblem(null)
    try {
      const workflowId = await run.getState().act(action, reason.trim(), requestId)
      onClose()
      if (workflowId === detail.workflowId) return
      runs.getState().reveal()
      runs.getState().setCursor(workflowId)
      route.getState().go({ place: 'runs', run: workflowId, full: false })
    } catch (cause) {
      setSending(false)
      setProblem(problemText(cause))
    }
  }
  return (
    <Dialog
      title={words.title}
      alert={words.dangerous}
      isOpen
      onClose={onClose}
      foot={
        <>
          <span className="grow" />
          <Button onPress={onClose}>{words.leave}</Button>
          <Button look={words.dangerous ? 'danger' : 'primary'} isDisabled={sending} offBecause={off} onPress={send}>
            {sending ? words.going : words.go}
          </Button>
        </>
      }
    >
      <p>{words.what}</p>
      <Field label="Reason" multiline autoFocus isRequired value={reason} onChange={setReason} onSend={send} error={problem} />
      <p className="faint">
        Kept in the audit log with your name
        {reachesTemporal.has(action.kind)
          ? ', and by Temporal in clear, also while encryption is on: write nothing secret.'
          : '.'}
      </p>
    </Dialog>
  )
}

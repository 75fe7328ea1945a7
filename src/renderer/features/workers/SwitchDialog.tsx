import { useState } from 'react'
import { reasonProblem } from '../../../contract/people.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field } from '../../ui/Field.tsx'
import { problemText } from '../../ui/problem.ts'
import { whyActionsAreOff } from '../stack/stackStore.ts'

const words = {
  own: {
    start: 'Start the worker',
    stop: 'Stop the worker',
    onStart: 'It takes up the steps that wait, the oldest first.',
    onStop:
      'It takes no further step. A step under way is given back to Temporal and made again by whoever takes it. Files are still accepted and runs still begin; they wait until this or another worker works.',
  },
  process: {
    start: 'Start a worker process',
    stop: 'Stop the worker process',
    onStart:
      'A second worker on this machine, in a process of its own. It takes steps beside the worker of this host, is started again when it dies, and ends with Gatehouse. The drill “Worker crash” can hit it.',
    onStop:
      'It takes no further step, gives those under way back to Temporal, and ends. Whoever takes them makes them again; the worker of this host is not touched.',
  },
} as const

/** Asks for a reason, and switches this host's own worker or its worker process. */
export function SwitchDialog({ what, on, onClose }: { what: keyof typeof words; on: boolean; onClose: () => void }) {
  const { workers } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  // One per opened dialog, so that a second click never does it twice.
  const [requestId] = useState(() => crypto.randomUUID())
  const [reason, setReason] = useState('')
  const [sending, setSending] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const send = async () => {
    if (off !== null || sending) return
    const wrong = reasonProblem(reason)
    if (wrong !== null) return setProblem(wrong)
    setSending(true)
    setProblem(null)
    try {
      const { switch: switchOwn, switchProcess } = workers.getState()
      await (what === 'own' ? switchOwn : switchProcess)(on, reason.trim(), requestId)
      onClose()
    } catch (cause) {
      setSending(false)
      setProblem(problemText(cause))
    }
  }
  const verb = on ? words[what].start : words[what].stop
  return (
    <Dialog
      title={`${verb}?`}
      isOpen
      onClose={onClose}
      foot={
        <>
          <span className="grow" />
          <Button onPress={onClose}>Leave it as it is</Button>
          <Button look="primary" isDisabled={sending} offBecause={off} onPress={() => void send()}>
            {sending ? (on ? 'Starting…' : 'Stopping…') : verb}
          </Button>
        </>
      }
    >
      <p>{on ? words[what].onStart : words[what].onStop}</p>
      <Field label="Reason" multiline autoFocus isRequired value={reason} onChange={setReason} onSend={send} error={problem} />
      <p className="faint">Kept in the audit log with your name.</p>
    </Dialog>
  )
}

import { useEffect } from 'react'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Note } from '../../ui/Note.tsx'
import { HistoryEvents } from './HistoryView.tsx'

/** A history out of a file, over whatever was looked at: read-only, as it is nobody's run here. */
export default function HistoryFileDialog() {
  const { historyFile, historyOfFile } = useConsole()
  const { file, opening, problem } = useIn('historyFile', (s) => s)
  const reading = useIn('historyOfFile', (s) => s)
  const id = file?.id ?? null
  useEffect(() => {
    if (id !== null) void historyOfFile.getState().open(id)
  }, [historyOfFile, id])
  const fileName = file?.fileName ?? opening?.fileName ?? problem?.fileName ?? ''
  const close = () => historyFile.getState().close()
  return (
    <Dialog
      title={<bdi>{fileName}</bdi>}
      isOpen={file !== null || opening !== null || problem !== null}
      onClose={close}
      size={file ? 'full' : 'normal'}
      foot={
        <>
          <span className="grow faint">
            {file ? 'Read-only: it is in memory until Gatehouse ends, and nothing of it is kept.' : ''}
          </span>
          <Button onPress={close}>Close</Button>
        </>
      }
    >
      {problem ? (
        <Note tone="bad">
          <p className="wrap">{problem.words}</p>
        </Note>
      ) : null}
      {opening ? (
        <p className="faint" role="status">
          Reading the file… {opening.fraction > 0 ? `${Math.round(opening.fraction * 100)} %` : ''}
        </p>
      ) : null}
      {file ? (
        <>
          <p className="muted wrap">
            {file.events} events of {file.workflowType ?? 'an unnamed workflow'}
            {file.workflowId === null ? '' : ', '}
            <code>{file.workflowId}</code>
          </p>
          <HistoryEvents reading={reading} again={() => void historyOfFile.getState().open(file.id)} />
        </>
      ) : null}
    </Dialog>
  )
}

import { useEffect, useRef, useState } from 'react'
import { Radio, RadioGroup } from 'react-aria-components'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { download } from '../../ui/download.ts'
import { Note } from '../../ui/Note.tsx'
import { problemText } from '../../ui/problem.ts'
import { whyActionsAreOff } from '../stack/stackStore.ts'

/** What leaves is said before it does: decoded values are in clear in the file. */
export function ExportDialog({ workflowId, onClose }: { workflowId: string; onClose: () => void }) {
  const { connection } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const [decoded, setDecoded] = useState(false)
  const [events, setEvents] = useState<number | null>(null)
  const [done, setDone] = useState<{ events: number; unreadable: number } | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const closed = useRef(false)
  useEffect(() => {
    closed.current = false
    return () => {
      closed.current = true
    }
  }, [])
  const save = async () => {
    setProblem(null)
    setEvents(0)
    const texts: string[] = []
    let count = 0
    let unreadable = 0
    try {
      let after: string | null = null
      do {
        const piece: Awaited<ReturnType<typeof ask>> = await ask(after)
        if (closed.current) return
        texts.push(piece.text)
        count += piece.events
        unreadable += piece.unreadable
        setEvents(count)
        after = piece.next
      } while (after !== null)
      download(document, `${workflowId}-history${decoded ? '-decoded' : ''}.json`, 'application/json', texts)
      setDone({ events: count, unreadable })
    } catch (cause) {
      setProblem(problemText(cause))
    }
    setEvents(null)
  }
  const ask = (after: string | null) => connection.call('history.export', { workflowId, decoded, after })
  return (
    <Dialog
      title="Export the history"
      isOpen
      onClose={onClose}
      foot={
        <>
          <span className="grow faint" role="status">
            {events === null ? '' : `${events} events read…`}
          </span>
          {/* The button that was pressed goes away: the focus comes here, so that Escape still closes. */}
          <Button key={String(done !== null)} autoFocus={done !== null} onPress={onClose}>
            {done ? 'Done' : 'Cancel'}
          </Button>
          {done ? null : (
            <Button look="primary" offBecause={off} isDisabled={events !== null} onPress={() => void save()}>
              {events === null ? 'Export' : 'Exporting…'}
            </Button>
          )}
        </>
      }
    >
      {done ? (
        <Note tone={done.unreadable > 0 ? 'human' : 'good'}>
          <p>
            {done.events} events were handed to your downloads.{' '}
            {done.unreadable > 0 ? `${done.unreadable} of their values could not be decoded; each says why in the file.` : ''}
          </p>
        </Note>
      ) : (
        <RadioGroup
          className="history-kinds"
          aria-label="What the file holds"
          value={decoded ? 'decoded' : 'stored'}
          onChange={(value) => setDecoded(value === 'decoded')}
          isDisabled={events !== null}
        >
          <Radio value="stored" className="history-kind">
            <span className="history-kind-name">As Temporal holds it</span>
            <span className="muted">
              Sealed values stay sealed; a value that Temporal holds in clear is in clear in the file too, secrets included.
              Temporal's own tools and replayers read it.
            </span>
          </Radio>
          <Radio value="decoded" className="history-kind">
            <span className="history-kind-name">Decoded</span>
            <span className="muted">Every value in clear, failures included, and still a history that replayers read.</span>
          </Radio>
        </RadioGroup>
      )}
      {decoded && !done ? (
        <Note tone="human">
          <p>
            The file holds everything that this run handles in clear: also the passwords, tokens and other secrets that the
            console covers. Whoever gets it can read them. The audit log keeps that you took it out.
          </p>
        </Note>
      ) : null}
      {problem ? (
        <Note tone="bad">
          <p className="wrap">{problem} Nothing was saved.</p>
        </Note>
      ) : null}
    </Dialog>
  )
}

import { Download } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useConsole } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyButton } from '../../ui/Copy.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { download } from '../../ui/download.ts'
import { Field } from '../../ui/Field.tsx'
import { Note } from '../../ui/Note.tsx'
import type { Asked, KeyCall, KeysView } from './keysStore.ts'
import { useNewPassphrase } from './useNewPassphrase.tsx'

/** Says what will happen, and does it. */
export function ConfirmDialog({
  title,
  verb,
  danger = false,
  ask,
  onClose,
  children,
}: {
  title: string
  verb: string
  danger?: boolean
  ask: (call: KeysView['ask']) => Promise<Asked<KeyCall>>
  onClose: () => void
  children: ReactNode
}) {
  const { keys } = useConsole()
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const confirm = async () => {
    setBusy(true)
    const asked = await ask(keys.getState().ask)
    setBusy(false)
    if (asked.ok) onClose()
    else setRefusal(asked.message)
  }
  return (
    <Dialog
      title={title}
      alert={danger}
      isOpen
      onClose={onClose}
      foot={
        <>
          <span className="grow" />
          <Button onPress={onClose}>Leave it as it is</Button>
          <Button look={danger ? 'danger' : 'primary'} isDisabled={busy} onPress={() => void confirm()}>
            {verb}
          </Button>
        </>
      }
    >
      {children}
      <Refusal message={refusal} />
    </Dialog>
  )
}

const Refusal = ({ message }: { message: string | null }) =>
  message === null ? null : (
    <Note tone="bad">
      <p>{message}</p>
    </Note>
  )

export function ExportDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const { keys } = useConsole()
  const { passphrase, problem, fields, forget } = useNewPassphrase()
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const [text, setText] = useState<string | null>(null)
  const wrap = async () => {
    setBusy(true)
    setRefusal(null)
    const asked = await keys.getState().ask('keys.export', { id, passphrase })
    setBusy(false)
    forget()
    if (asked.ok) setText(asked.output.text)
    else setRefusal(asked.message)
  }
  if (text !== null) {
    return (
      <Dialog
        title={`${id}, sealed by the passphrase`}
        isOpen
        onClose={onClose}
        foot={
          <>
            <Button onPress={() => download(document, `gatehouse-key-${id}.txt`, 'text/plain', `${text}\n`)}>
              <Download size={13} aria-hidden />
              Save as a file
            </Button>
            <span className="grow" />
            <Button look="primary" onPress={onClose}>
              Done
            </Button>
          </>
        }
      >
        <p>Hand this to the second operator, and the passphrase another way. It is of no use to anyone without it.</p>
        <div className="key-text">
          <pre className="scroll">{text}</pre>
          <CopyButton text={text} what="the sealed key" />
        </div>
      </Dialog>
    )
  }
  return (
    <Dialog
      title={`Export ${id}`}
      isOpen
      onClose={onClose}
      foot={
        <>
          <span className="grow" />
          <Button onPress={onClose}>Cancel</Button>
          <Button look="primary" isDisabled={busy || problem !== null} onPress={() => void wrap()}>
            {busy ? 'Sealing…' : 'Seal the key'}
          </Button>
        </>
      }
    >
      <p>The key becomes one block of text that only this passphrase opens. Who has both reads everything that it sealed.</p>
      {fields}
      <Refusal message={refusal} />
    </Dialog>
  )
}

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const { keys } = useConsole()
  const [text, setText] = useState('')
  const [passphrase, setPassphrase] = useState('')
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const [done, setDone] = useState<string | null>(null)
  const open = async () => {
    setBusy(true)
    setRefusal(null)
    const asked = await keys.getState().ask('keys.import', { text, passphrase })
    setBusy(false)
    setPassphrase('')
    if (!asked.ok) return setRefusal(asked.message)
    const { id, alreadyHere } = asked.output
    setText('')
    setDone(alreadyHere ? `The key ${id} is here already; nothing was changed.` : `The key ${id} is here now, for reading.`)
  }
  return (
    <Dialog
      title="Import a key"
      isOpen
      onClose={onClose}
      foot={
        <>
          <span className="grow" />
          <Button onPress={onClose}>{done ? 'Done' : 'Cancel'}</Button>
          <Button look="primary" isDisabled={busy || text.trim() === '' || passphrase === ''} onPress={() => void open()}>
            {busy ? 'Opening…' : 'Import'}
          </Button>
        </>
      }
    >
      <p>It opens what it sealed elsewhere; new payloads go on being sealed with this Gatehouse’s own key.</p>
      <Field label="Exported key" multiline autoFocus value={text} onChange={setText} placeholder="-----BEGIN …" />
      <Field label="Its passphrase" type="password" autoComplete="off" value={passphrase} onChange={setPassphrase} />
      <Refusal message={refusal} />
      {done ? (
        <Note tone="good">
          <p role="status">{done}</p>
        </Note>
      ) : null}
    </Dialog>
  )
}

export function ProtectDialog({ onClose }: { onClose: () => void }) {
  const { keys } = useConsole()
  const { passphrase, problem, fields, forget } = useNewPassphrase()
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const protect = async () => {
    setBusy(true)
    setRefusal(null)
    const asked = await keys.getState().ask('keys.usePassphrase', { passphrase })
    setBusy(false)
    forget()
    if (asked.ok) onClose()
    else setRefusal(asked.message)
  }
  return (
    <Dialog
      title="Protect the keys by a passphrase"
      isOpen
      onClose={onClose}
      foot={
        <>
          <span className="grow" />
          <Button onPress={onClose}>Cancel</Button>
          <Button look="primary" isDisabled={busy || problem !== null} onPress={() => void protect()}>
            {busy ? 'Sealing the keys…' : 'Protect the keys'}
          </Button>
        </>
      }
    >
      <p>
        The keys are sealed by it on disk. It is asked for at each start; until it is given runs wait, and nothing is written in
        clear. Without it the keys are lost, and with them what they sealed.
      </p>
      {fields}
      <Refusal message={refusal} />
    </Dialog>
  )
}

import { useState } from 'react'
import type { BackupProgress, BackupReport } from '../../../contract/backup.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { CheckBox } from '../../ui/CheckBox.tsx'
import { CopyLine } from '../../ui/Copy.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field } from '../../ui/Field.tsx'
import { bytesWords, plural } from '../../ui/format.ts'
import { Note } from '../../ui/Note.tsx'
import { ProgressBar } from '../../ui/ProgressBar.tsx'
import { Moment } from '../../ui/times.tsx'
import { useNewPassphrase } from '../encryption/useNewPassphrase.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { restoreCommand } from './backupStore.ts'

/** Asks where to, makes it, and says where it is. Closing it while it is made leaves it at work. */
export function BackupDialog({ onClose }: { onClose: () => void }) {
  const { backup } = useConsole()
  const outcome = useIn('backup', (s) => s.outcome)
  const making = useIn('backup', (s) => s.state?.making ?? null)
  // Kept while it is made: where that is refused, only what was wrong is typed anew.
  const [wanted, setWanted] = useState<Wanted>({ where: '', withKeys: true })
  const close = () => {
    backup.getState().forget()
    onClose()
  }
  if (outcome?.ok) return <Made report={outcome.report} onClose={close} />
  if (making) {
    return (
      <Dialog
        title="Backing up"
        isOpen
        onClose={onClose}
        foot={
          <>
            <span className="grow" />
            <Button onPress={() => void backup.getState().stop()}>Stop the backup</Button>
            <Button look="primary" onPress={onClose}>
              Go on in the background
            </Button>
          </>
        }
      >
        <p>Runs, the inbox and approvals go on meanwhile.</p>
        <BackupBar making={making} />
      </Dialog>
    )
  }
  return (
    <Ask
      {...wanted}
      onEdit={(change) => setWanted({ ...wanted, ...change })}
      refusal={outcome?.message ?? null}
      onClose={close}
    />
  )
}

interface Wanted {
  where: string
  withKeys: boolean
}
interface AskProps extends Wanted {
  onEdit: (change: Partial<Wanted>) => void
  refusal: string | null
  onClose: () => void
}

function Ask({ where, withKeys, onEdit, refusal, onClose }: AskProps) {
  const { backup } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const folder = useIn('backup', (s) => s.state?.folder ?? '')
  const [asked, setAsked] = useState(false)
  const { passphrase, problem, fields, forget } = useNewPassphrase({ autoFocus: false })
  const make = async () => {
    setAsked(true)
    await backup.getState().make(where, withKeys ? passphrase : null)
    forget()
    setAsked(false)
  }
  return (
    <Dialog
      title="Back up everything"
      isOpen
      onClose={onClose}
      foot={
        <>
          <span className="grow" />
          <Button onPress={onClose}>Cancel</Button>
          <Button
            look="primary"
            offBecause={off ?? (withKeys && problem ? `Passphrase: ${problem}` : null)}
            isDisabled={asked}
            onPress={() => void make()}
          >
            {asked ? 'Beginning…' : 'Back up now'}
          </Button>
        </>
      }
    >
      <p>
        One file with everything that was accepted, as of one moment: the ledger, Temporal’s history, experiments, datasets,
        models, deployments and configuration. Runs go on meanwhile.
      </p>
      <p className="faint">
        Not in it: files in the inbox that were not accepted yet, logs, and passwords, API keys and tokens. Of a profile whose
        Temporal and Postgres are not Gatehouse’s own, those two.
      </p>
      <Field
        label="Folder on the host’s machine"
        hint={`Empty: ${folder}. A copy on another disk survives the loss of this one.`}
        placeholder={folder}
        spellCheck="false"
        autoComplete="off"
        value={where}
        onChange={(text) => onEdit({ where: text })}
      />
      <CheckBox
        label="Put the encryption keys in it, sealed by a passphrase"
        isOn={withKeys}
        onChange={(on) => onEdit({ withKeys: on })}
      />
      {withKeys ? (
        <div className="backup-passphrase">{fields}</div>
      ) : (
        <Note tone="human">
          <p>
            Without the keys, payloads in this backup can be read only where the keychain or this data folder still has them. On
            another machine they are lost.
          </p>
        </Note>
      )}
      {refusal === null ? null : (
        <Note tone="bad">
          <p>{refusal}</p>
        </Note>
      )}
    </Dialog>
  )
}

function Made({ report, onClose }: { report: BackupReport; onClose: () => void }) {
  const { file, sizeBytes, sha256, madeAt, runs, keysIncluded, notes } = report
  return (
    <Dialog
      title="Backed up"
      size="wide"
      isOpen
      onClose={onClose}
      foot={
        <>
          <span className="grow" />
          <Button look="primary" autoFocus onPress={onClose}>
            Done
          </Button>
        </>
      }
    >
      <dl className="facts">
        <dt>File</dt>
        <dd>
          <CopyLine text={file} what="the backup’s path" />
        </dd>
        <dt>Holds</dt>
        <dd>
          {plural(runs, 'run')}, {keysIncluded.length === 0 ? 'no keys' : plural(keysIncluded.length, 'key')} ·{' '}
          {bytesWords(sizeBytes)} · as of <Moment at={madeAt} />
        </dd>
        <dt>SHA-256</dt>
        <dd>
          <CopyLine text={sha256} what="the backup’s SHA-256" />
        </dd>
        <dt>Restore it with</dt>
        <dd>
          <CopyLine text={restoreCommand(file)} what="the command that restores it" />
        </dd>
      </dl>
      <p className="faint">
        {keysIncluded.length === 0 ? '' : 'Keep the passphrase apart from the file. '}The SHA-256, kept elsewhere, tells a changed
        file from this one.
      </p>
      {notes.map((note) => (
        <Note key={note} tone="human">
          <p>{note}</p>
        </Note>
      ))}
    </Dialog>
  )
}

export function BackupBar({ making: { what, doneBytes, totalBytes } }: { making: BackupProgress }) {
  return (
    <div className="backup-bar">
      <ProgressBar label={what} share={totalBytes === 0 ? null : doneBytes / totalBytes} />
      <span className="muted" role="status">
        {what.replace(/\.$/, '')}
        {totalBytes === 0 ? '…' : ` · ${bytesWords(doneBytes)} of ${bytesWords(totalBytes)}`}
      </span>
    </div>
  )
}

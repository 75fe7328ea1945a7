import { useEffect, useState } from 'react'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyLine } from '../../ui/Copy.tsx'
import { bytesWords, plural } from '../../ui/format.ts'
import { Note } from '../../ui/Note.tsx'
import { Moment } from '../../ui/times.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { BackupBar, BackupDialog } from './BackupDialog.tsx'
import { DiagnosticsDialog } from './DiagnosticsDialog.tsx'
import './data.css'

/** Where everything lies, what would survive its loss, and the archive for whoever helps. */
export function DataFolder() {
  const { backup } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const info = useIn('stack', (s) => s.info)
  const state = useIn('backup', (s) => s.state)
  const problem = useIn('backup', (s) => s.problem)
  const outcome = useIn('backup', (s) => s.outcome)
  const [open, setOpen] = useState<'backup' | 'diagnostics' | null>(null)
  useEffect(() => void backup.getState().fetch(), [backup])
  const last = state?.last ?? null
  return (
    <>
      <dl className="facts">
        <dt>Folder</dt>
        <dd>{info ? <CopyLine text={info.home} what="the data folder’s path" /> : null}</dd>
        <dt>Last backup</dt>
        <dd>
          {state === null ? null : last === null ? (
            'None is known.'
          ) : (
            <span>
              <Moment at={last.madeAt} />, {bytesWords(last.sizeBytes)}, {plural(last.runs, 'run')},{' '}
              {last.keysIncluded.length === 0 ? 'without keys' : 'with keys'}
              {last.isThere ? null : <span className="tone-bad"> · not there any more, or changed</span>}
            </span>
          )}
        </dd>
        {last === null ? null : (
          <>
            <dt>Its file</dt>
            <dd>
              <CopyLine text={last.file} what="the last backup’s path" />
            </dd>
          </>
        )}
      </dl>
      {state?.making ? <BackupBar making={state.making} /> : null}
      {problem === null ? null : (
        <Note tone="bad">
          <p>{problem}</p>
        </Note>
      )}
      {outcome !== null && open !== 'backup' ? (
        <Note tone={outcome.ok ? 'good' : 'bad'}>
          <p>{outcome.ok ? `Backed up to ${outcome.report.file}.` : outcome.message}</p>
        </Note>
      ) : null}
      <div className="settings-arrival">
        <Button offBecause={off} onPress={() => setOpen('backup')}>
          {state?.making ? 'Show the backup…' : 'Back up now…'}
        </Button>
        <Button offBecause={off} onPress={() => setOpen('diagnostics')}>
          Collect diagnostics…
        </Button>
      </div>
      {open === 'backup' ? <BackupDialog onClose={() => setOpen(null)} /> : null}
      {open === 'diagnostics' ? <DiagnosticsDialog onClose={() => setOpen(null)} /> : null}
    </>
  )
}

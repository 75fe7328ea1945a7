import { Download } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { DiagnosticsContents, DiagnosticsReport } from '../../../contract/diagnostics.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyLine } from '../../ui/Copy.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { download } from '../../ui/download.ts'
import { bytesWords, plural } from '../../ui/format.ts'
import { Note } from '../../ui/Note.tsx'
import { problemText } from '../../ui/problem.ts'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { readArchive } from './readArchive.ts'

/** Shows what would leave the machine, makes the archive, and hands it over. */
export function DiagnosticsDialog({ onClose }: { onClose: () => void }) {
  const { connection } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const [contents, setContents] = useState<DiagnosticsContents | null>(null)
  const [report, setReport] = useState<DiagnosticsReport | null>(null)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let gone = false
    connection.call('diagnostics.list', {}).then(
      (found) => gone || setContents(found),
      (cause) => gone || setProblem(problemText(cause)),
    )
    return () => {
      gone = true
    }
  }, [connection])
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true)
    setProblem(null)
    try {
      await work()
    } catch (cause) {
      setProblem(problemText(cause))
    } finally {
      setBusy(false)
    }
  }
  const make = () => attempt(async () => setReport(await connection.call('diagnostics.make', { file: null })))
  const save = ({ file }: DiagnosticsReport) =>
    attempt(async () => {
      const name = file.split(/[\\/]/).at(-1) ?? file
      download(document, name, 'application/zip', await readArchive(connection, name))
    })
  const shown = report ?? contents
  return (
    <Dialog
      title={report ? 'Diagnostics were collected' : 'Collect diagnostics'}
      isOpen
      onClose={onClose}
      foot={
        <>
          <span className="grow" />
          <Button onPress={onClose}>{report ? 'Done' : 'Cancel'}</Button>
          {report ? (
            <Button look="primary" offBecause={off} isDisabled={busy} onPress={() => void save(report)}>
              <Download size={13} aria-hidden />
              Save a copy
            </Button>
          ) : (
            <Button look="primary" offBecause={off} isDisabled={busy || contents === null} onPress={() => void make()}>
              {busy ? 'Collecting…' : 'Collect'}
            </Button>
          )}
        </>
      }
    >
      {report ? (
        <dl className="facts">
          <dt>File</dt>
          <dd>
            <CopyLine text={report.file} what="the archive’s path" />
          </dd>
          <dt>Size</dt>
          <dd>
            {bytesWords(report.sizeBytes)}, {plural(report.entries.length, 'entry', 'entries')}
          </dd>
        </dl>
      ) : (
        <>
          <p>
            One archive for whoever helps you: versions, settings, the state of each part, checks, the latest failures and the
            ends of the logs. It is written on the host’s machine and sent nowhere.
          </p>
          <p>
            Never in it: keys, passwords, tokens, rows of your CSVs, payloads, models. Your folders stand in it as{' '}
            <span className="mono">[data folder]</span> and <span className="mono">~</span>.
          </p>
        </>
      )}
      <Note tone="human">
        <p>Names of files, runs, machines and operators are in it. Look through it before you hand it on.</p>
      </Note>
      {problem === null ? null : (
        <Note tone="bad">
          <p>{problem}</p>
        </Note>
      )}
      {shown ? <Contents {...shown} /> : problem === null ? <p className="faint">Looking what would be in it…</p> : null}
    </Dialog>
  )
}

function Contents({ entries, missing }: DiagnosticsContents) {
  return (
    <>
      <table className="diagnostics-entries">
        <caption>Contents</caption>
        <tbody>
          {entries.map(({ name, sizeBytes }) => (
            <tr key={name}>
              <th scope="row" className="mono">
                {name}
              </th>
              <td className="number">{bytesWords(sizeBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {missing.map(({ name, why }) => (
        <p key={name} className="faint">
          Not in it: <span className="mono">{name}</span>. {why}
        </p>
      ))}
    </>
  )
}

import { ChevronDown, ChevronUp, CircleX, FileUp, Info, X } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import { useConsole, useIn } from '../../app/console.ts'
import { OpenRun } from '../../app/OpenRun.tsx'
import { IconButton } from '../../ui/Button.tsx'
import { bytesWords, plural } from '../../ui/format.ts'
import { ProgressBar } from '../../ui/ProgressBar.tsx'
import { outcomes } from '../files/FilesView.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { carriesFiles, droppedFiles } from './dropped.ts'
import { isBusy, type TrayItem } from './dropStore.ts'
import { chooseFilesId } from './ids.ts'
import './drop.css'

/** Takes files that are dragged anywhere over the window, and those of every "Choose files…". */
export function DropZone() {
  const { drop, stack, notices, capabilities } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const dragging = useIn('drop', (s) => s.dragging)

  useEffect(() => {
    const { setDragging, sayNotFiles, submit } = drop.getState()
    // dragenter and dragleave fire for every element on the way; only the window's own edge counts.
    // A drag that began in this page (a selected text, a link) is nobody's mistake and gets no overlay.
    let ours = false
    const begin = () => {
      ours = true
    }
    const over = (event: DragEvent) => {
      if (!event.dataTransfer || ours) return
      event.preventDefault()
      const files = carriesFiles(event.dataTransfer)
      event.dataTransfer.dropEffect = files && whyActionsAreOff(stack.getState()) === null ? 'copy' : 'none'
      setDragging(files ? 'files' : 'other')
    }
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setDragging(null)
    }
    const end = () => {
      ours = false
      setDragging(null)
    }
    const take = async (event: DragEvent) => {
      if (ours) return
      event.preventDefault()
      setDragging(null)
      if (!event.dataTransfer) return
      if (!carriesFiles(event.dataTransfer)) return sayNotFiles()
      const reason = whyActionsAreOff(stack.getState())
      if (reason) return notices.getState().show({ tone: 'bad', title: 'Nothing was taken', body: reason, opens: null })
      // Where files have paths the host walks folders by itself; a browser gives the files inside them one by one.
      const paths = event.dataTransfer.files
      await submit(
        capabilities.pathsOfDroppedFiles
          ? [...paths].map((file) => ({ file, name: file.name }))
          : await droppedFiles(event.dataTransfer),
      )
    }
    window.addEventListener('dragstart', begin)
    window.addEventListener('dragenter', over)
    window.addEventListener('dragover', over)
    window.addEventListener('dragleave', leave)
    window.addEventListener('dragend', end)
    window.addEventListener('drop', take)
    return () => {
      window.removeEventListener('dragstart', begin)
      window.removeEventListener('dragenter', over)
      window.removeEventListener('dragover', over)
      window.removeEventListener('dragleave', leave)
      window.removeEventListener('dragend', end)
      window.removeEventListener('drop', take)
    }
  }, [drop, stack, notices, capabilities])

  return (
    <>
      <input
        id={chooseFilesId}
        className="sr-only"
        type="file"
        multiple
        tabIndex={-1}
        aria-hidden
        disabled={off !== null}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])]
          // The same file may be chosen again.
          event.target.value = ''
          if (files.length > 0) void drop.getState().submit(files.map((file) => ({ file, name: file.name })))
        }}
      />
      {dragging ? <Overlay kind={dragging} off={off} /> : null}
      <Tray />
    </>
  )
}

function Overlay({ kind, off }: { kind: 'files' | 'other'; off: string | null }) {
  const inbox = useIn('settings', (s) => s.settings?.inboxFolders[0])
  const refused = off !== null || kind === 'other'
  return (
    <div className={`drop-overlay${refused ? ' refused' : ''}`} aria-hidden>
      <div className="drop-box">
        {refused ? <CircleX size={32} strokeWidth={1.5} /> : <FileUp size={32} strokeWidth={1.5} />}
        {off !== null ? (
          <>
            <strong>Files cannot be taken right now</strong>
            <span>{off} Keep them; drop them again once the connection is back.</span>
          </>
        ) : kind === 'other' ? (
          <>
            <strong>That is text or a link, not a file</strong>
            <span>Drop CSV files or folders from your file manager.</span>
          </>
        ) : (
          <>
            <strong>Drop to start one run per CSV</strong>
            <span>
              Each file is copied to <code>{inbox ?? 'the inbox'}</code>; the originals stay where they are.
            </span>
            <span className="muted">
              A file that was processed before starts nothing and is linked. Anything that is not a CSV is refused with its
              reason.
            </span>
          </>
        )}
      </div>
    </div>
  )
}

/** Lines drawn at once; the counts above always tell of all. */
const mostLines = 200
/** How long the tray names a file that became a run, in milliseconds. */
const doneMs = 12_000
/** What needs to be read comes first; new runs stand in the list anyway. */
const rankOf = (item: TrayItem) =>
  item.state === 'failed' || item.entry?.outcome === 'refused' ? 0 : isBusy(item) ? 2 : item.entry?.outcome === 'accepted' ? 3 : 1

function Tray() {
  const { drop } = useConsole()
  const items = useIn('drop', (s) => s.items)
  const hint = useIn('drop', (s) => s.hint)
  const [folded, setFolded] = useState(false)
  const [held, setHeld] = useState(false)
  const busy = items.filter(isBusy).length
  const by = (outcome: string) => items.filter((item) => item.entry?.outcome === outcome).length
  const failed = items.filter((item) => item.state === 'failed').length + by('refused')
  const accepted = by('accepted')
  const restless = held || busy > 0
  useEffect(() => {
    // Whatever else happened stays until it is put away.
    if (restless || accepted === 0) return
    const timer = setTimeout(() => drop.getState().clearAccepted(), doneMs)
    return () => clearTimeout(timer)
  }, [restless, accepted, drop])
  const sorted = useMemo(() => [...items].sort((a, b) => rankOf(a) - rankOf(b)), [items])
  if (items.length === 0 && !hint) return null
  const summary = [
    busy > 0 ? `${plural(busy, 'file')} under way` : null,
    accepted > 0 ? plural(accepted, 'new run') : null,
    by('alreadyProcessed') > 0 ? `${by('alreadyProcessed')} already processed` : null,
    by('waiting') > 0 ? `${by('waiting')} waiting` : null,
    failed > 0 ? `${failed} not taken` : null,
  ].filter(Boolean)
  return (
    <section
      className="tray"
      aria-label="Files you brought"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
    >
      <div className="tray-head">
        <span role="status">{summary.length > 0 ? summary.join(' · ') : 'Nothing was taken'}</span>
        <span className="grow" />
        {items.length > 0 ? (
          <IconButton size="small" label={folded ? 'Unfold' : 'Fold'} onPress={() => setFolded(!folded)}>
            {folded ? <ChevronUp size={14} aria-hidden /> : <ChevronDown size={14} aria-hidden />}
          </IconButton>
        ) : null}
        <IconButton size="small" label={busy > 0 ? 'Put away what is done' : 'Put away'} onPress={() => drop.getState().clear()}>
          <X size={14} aria-hidden />
        </IconButton>
      </div>
      {hint ? (
        <p className="tray-hint">
          <Info size={14} aria-hidden />
          {hint}
        </p>
      ) : null}
      {folded || items.length === 0 ? null : (
        <ul className="scroll tray-list">
          {sorted.slice(0, mostLines).map((item) => (
            <TrayLine key={item.key} item={item} />
          ))}
          {items.length > mostLines ? (
            <li className="tray-more faint">and {items.length - mostLines} more; Files lists all of them</li>
          ) : null}
        </ul>
      )}
    </section>
  )
}

function TrayLine({ item }: { item: TrayItem }) {
  const outcome = item.entry ? outcomes[item.entry.outcome] : null
  const Sign = outcome?.sign ?? (item.state === 'failed' ? CircleX : FileUp)
  const tone = outcome?.tone ?? (item.state === 'failed' ? 'bad' : 'run')
  const id = item.entry?.workflowId
  return (
    <li className="tray-item">
      <span className={`stage-sign tone-${tone}`}>
        <Sign size={15} aria-hidden />
      </span>
      <div className="tray-words">
        <span className="ellipsis run-file" title={item.name}>
          {item.name}
        </span>
        {item.entry?.outcome === 'accepted' ? <span className="sr-only">, new run</span> : null}
        {item.entry?.outcome === 'accepted' ? null : <span className="tray-result">{resultWords(item)}</span>}
        {item.state === 'sending' && item.sizeBytes ? <ProgressBar label={`Sending ${item.name}`} share={item.fraction} /> : null}
      </div>
      {id ? (
        <OpenRun size="small" workflowId={id} words={item.entry?.outcome === 'alreadyProcessed' ? 'Open it' : undefined} />
      ) : null}
    </li>
  )
}

function resultWords(item: TrayItem): string {
  if (item.entry) return item.entry.message || outcomes[item.entry.outcome].label
  switch (item.state) {
    case 'waiting':
      return 'Waits its turn'
    case 'sending':
      return item.sizeBytes ? `Sending ${bytesWords(item.fraction * item.sizeBytes)} of ${bytesWords(item.sizeBytes)}` : 'Sending'
    case 'settling':
      return 'Checking'
    case 'failed':
      return item.problem ?? 'Not taken'
    case 'done':
      return 'Done'
  }
}

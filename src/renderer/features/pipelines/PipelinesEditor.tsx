import { ArrowDown, ArrowUp, ChevronRight, CircleAlert, CopyPlus, GripVertical, Plus, Trash2 } from 'lucide-react'
import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react'
import { pipelineFor } from '../../../contract/pipelines.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { CopyLine } from '../../ui/Copy.tsx'
import { Field } from '../../ui/Field.tsx'
import { plural } from '../../ui/format.ts'
import { Note } from '../../ui/Note.tsx'
import { plainText } from '../../ui/plainText.ts'
import { PipelineForm } from './PipelineForm.tsx'
import { draftOfPipeline, freeName, moved, newPipeline, type PipelineDraft, takerOf, takesWords } from './pipelineDraft.ts'
import './pipelines.css'

const trainerWords: Record<PipelineDraft['trainer'], string> = {
  boosting: 'gradient-boosted trees',
  command: 'a command',
  demo: 'demo trainer',
}

/** The list of pipelines in order, each open in place to be edited. Saved with the other settings. */
export default function PipelinesEditor({ drafts, inbox }: { drafts: readonly PipelineDraft[]; inbox: string }) {
  const { settings } = useConsole()
  const errors = useIn('settings', (s) => s.errors)
  const home = useIn('stack', (s) => s.info?.home ?? null)
  const [open, setOpen] = useState<string | null>(null)
  const [removed, setRemoved] = useState<{ draft: PipelineDraft; at: number } | null>(null)
  const [said, setSaid] = useState('')
  const list = useRef<HTMLOListElement>(null)
  const put = (pipelines: PipelineDraft[]) => settings.getState().edit({ pipelines })
  const names = drafts.map(({ name }) => name)

  const insert = (draft: PipelineDraft, at: number) => {
    const next = [...drafts]
    next.splice(at, 0, draft)
    put(next)
    setRemoved(null)
    setOpen(draft.key)
  }
  const move = (from: number, to: number) => {
    const at = Math.min(drafts.length - 1, Math.max(0, to))
    if (at === from) return
    put(moved(drafts, from, at))
    setSaid(`${drafts[from]?.name} is number ${at + 1} of ${drafts.length}`)
  }
  const add = () =>
    // Before the ones that take every file, or it would never be asked.
    insert(
      draftOfPipeline({ ...newPipeline, name: freeName(newPipeline.name, names) }, crypto.randomUUID()),
      Math.max(0, drafts.length - 1),
    )
  const copy = (draft: PipelineDraft, index: number) =>
    insert({ ...draft, key: crypto.randomUUID(), name: freeName(draft.name, names) }, index)
  const remove = (draft: PipelineDraft, at: number) => {
    put(drafts.filter(({ key }) => key !== draft.key))
    setRemoved({ draft, at })
  }
  const undo = () => {
    if (removed) insert(removed.draft, Math.min(removed.at, drafts.length))
  }
  const separator = home?.includes('\\') ? '\\' : '/'
  return (
    <div className="pipelines">
      <ol ref={list} className="pipeline-list" aria-label="Pipelines, in the order in which files are offered to them">
        {drafts.map((draft, index) => (
          <li key={draft.key} className={`pipeline${open === draft.key ? ' open' : ''}`}>
            <div className="pipeline-line">
              <Handle list={list} name={draft.name} index={index} of={drafts.length} onMove={move} />
              <button
                type="button"
                className="pipeline-open"
                aria-expanded={open === draft.key}
                onClick={() => setOpen(open === draft.key ? null : draft.key)}
              >
                <ChevronRight size={12} className="column-arrow" aria-hidden />
                <span className="faint">{index + 1}.</span>
                <bdi className="ellipsis pipeline-name">{plainText(draft.name || '(no name)')}</bdi>
                <bdi className="ellipsis faint pipeline-takes">{plainText(takesWords(draft))}</bdi>
                <span className="faint nowrap">
                  {trainerWords[draft.trainer]} · {plural(draft.gate.length, 'check')}
                </span>
                {Object.keys(errors).some((field) => field.startsWith(`pipelines.${draft.key}.`)) ? (
                  <CircleAlert size={14} className="tone-bad" aria-label="needs a correction" />
                ) : null}
              </button>
              <IconButton
                size="small"
                label={`Move ${draft.name} up`}
                isDisabled={index === 0}
                onPress={() => move(index, index - 1)}
              >
                <ArrowUp size={13} aria-hidden />
              </IconButton>
              <IconButton
                size="small"
                label={`Move ${draft.name} down`}
                isDisabled={index === drafts.length - 1}
                onPress={() => move(index, index + 1)}
              >
                <ArrowDown size={13} aria-hidden />
              </IconButton>
              <IconButton size="small" label={`Copy ${draft.name}`} onPress={() => copy(draft, index)}>
                <CopyPlus size={13} aria-hidden />
              </IconButton>
              <IconButton
                size="small"
                label={`Remove ${draft.name}`}
                isDisabled={drafts.length === 1}
                onPress={() => remove(draft, index)}
              >
                <Trash2 size={13} aria-hidden />
              </IconButton>
            </div>
            {open === draft.key ? (
              <PipelineForm
                draft={draft}
                onChange={(change) => put(drafts.map((one) => (one.key === draft.key ? { ...one, ...change } : one)))}
              />
            ) : null}
          </li>
        ))}
      </ol>
      <span className="sr-only" role="status">
        {said}
      </span>
      {errors.pipelines ? (
        <Note tone="bad">
          <p>{errors.pipelines}</p>
        </Note>
      ) : null}
      {removed && !drafts.some(({ key }) => key === removed.draft.key) ? (
        <Note>
          <p>
            Removed <bdi className="strong">{plainText(removed.draft.name)}</bdi>; that holds once you save.{' '}
            <Button look="link" onPress={undo}>
              Undo
            </Button>
          </p>
        </Note>
      ) : null}
      <div>
        <Button size="small" onPress={add}>
          <Plus size={13} aria-hidden />
          Add a pipeline
        </Button>
      </div>
      <WhoTakes drafts={drafts} inbox={inbox} />
      {home ? (
        <p className="faint pipelines-file">
          Kept in
          <CopyLine text={[home, 'config', 'pipelines.json'].join(separator)} what="the path of the file" />
          <span>with its JSON Schema beside it; edited there it counts from the next start.</span>
        </p>
      ) : null}
    </div>
  )
}

/** Drags a pipeline to another place; with the focus on it, the arrow keys do the same. */
function Handle({
  list,
  name,
  index,
  of,
  onMove,
}: {
  list: React.RefObject<HTMLOListElement | null>
  name: string
  index: number
  of: number
  onMove: (from: number, to: number) => void
}) {
  const drag = (event: PointerEvent<HTMLButtonElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return
    const lines = [...(list.current?.children ?? [])].map((line) => line.getBoundingClientRect())
    const own = lines[index]
    if (!own) return
    // It changes places once the pointer is past the middle of the neighbour, so that two of unlike height never flicker.
    const before = lines[index - 1]
    const after = lines[index + 1]
    if (before && event.clientY < before.top + before.height / 2) onMove(index, index - 1)
    else if (after && event.clientY > after.bottom - after.height / 2) onMove(index, index + 1)
  }
  const key = (event: KeyboardEvent) => {
    const by: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, Home: -of, End: of }
    const step = by[event.key]
    if (step === undefined) return
    event.preventDefault()
    onMove(index, index + step)
  }
  return (
    <button
      type="button"
      className="pipeline-handle"
      aria-label={`Move ${name}, number ${index + 1} of ${of}: the arrow keys move it`}
      onKeyDown={key}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
    >
      <GripVertical size={14} aria-hidden />
    </button>
  )
}

/** Says which pipeline a file would get, as the list stands now. */
function WhoTakes({ drafts, inbox }: { drafts: readonly PipelineDraft[]; inbox: string }) {
  const [name, setName] = useState('')
  const path = /[\\/]/.test(name) ? name.trim() : `${inbox}/${name.trim()}`
  const taker = name.trim() === '' ? null : takerOf(drafts, path, pipelineFor)
  return (
    <div className="who-takes">
      <Field
        label="Which pipeline would a file get?"
        placeholder="abalone.csv"
        hint="A name is looked for in the first inbox folder; a full path is taken as it is."
        value={name}
        onChange={setName}
      />
      <p role="status" className={name.trim() !== '' && taker === null ? 'tone-bad' : undefined}>
        {name.trim() === '' ? null : taker === null ? (
          'No pipeline takes it.'
        ) : (
          <>
            It gets <bdi className="strong">{plainText(taker.name)}</bdi>, number {drafts.indexOf(taker) + 1}.
          </>
        )}
      </p>
    </div>
  )
}

import { Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { type RunView, viewName } from '../../../contract/runViews.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field } from '../../ui/Field.tsx'
import { columnSpecs } from './columns.ts'
import { partsOf } from './RunFilters.tsx'

/** Saving the present list as a view, and renaming or deleting those that are there. */
export function ViewsDialog() {
  const dialog = useIn('views', (s) => s.dialog)
  if (dialog === null) return null
  return dialog === 'save' ? <SaveView /> : <ManageViews />
}

const problemOf = (name: string) => viewName.safeParse(name).error?.issues[0]?.message ?? null

function SaveView() {
  const { runs, views } = useConsole()
  const failure = useIn('views', (s) => s.failure)
  const [name, setName] = useState('')
  const [asked, setAsked] = useState(false)
  const { filter, sort, columns } = runs.getState()
  const parts = partsOf(filter)
  const close = () => views.getState().show(null)
  const save = async () => {
    setAsked(true)
    if (problemOf(name) !== null) return
    const view: RunView = { id: crypto.randomUUID(), name: name.trim(), filter, sort, columns: [...columns] }
    if (await views.getState().save(view)) close()
  }
  return (
    <Dialog
      title="Save as a view"
      isOpen
      onClose={close}
      foot={
        <>
          <span className="grow" />
          <Button onPress={close}>Cancel</Button>
          <Button look="primary" onPress={() => void save()}>
            Save view
          </Button>
        </>
      }
    >
      <form
        className="views-form"
        onSubmit={(event: FormEvent) => {
          event.preventDefault()
          void save()
        }}
      >
        <Field label="Name" autoFocus value={name} onChange={setName} error={(asked ? problemOf(name) : null) ?? failure} />
        <dl className="view-parts">
          <dt>Shows</dt>
          <dd>{parts.length === 0 ? 'All runs' : parts.join(' · ')}</dd>
          <dt>Sorted by</dt>
          <dd>
            {columnSpecs[sort.by].label}, {sort.descending ? 'descending' : 'ascending'}
          </dd>
          <dt>Columns</dt>
          <dd>{columns.map((column) => columnSpecs[column].label).join(', ')}</dd>
        </dl>
      </form>
    </Dialog>
  )
}

function ManageViews() {
  const { views } = useConsole()
  const saved = useIn('views', (s) => s.views)
  const removed = useIn('views', (s) => s.removed)
  const failure = useIn('views', (s) => s.failure)
  const problem = useIn('views', (s) => s.problem)
  const close = () => views.getState().show(null)
  return (
    <Dialog
      title="Saved views"
      isOpen
      onClose={close}
      foot={
        <>
          <span className="grow" />
          <Button look="primary" onPress={close}>
            Done
          </Button>
        </>
      }
    >
      {problem ? <p className="error-text">{problem}</p> : null}
      {failure ? <p className="error-text">{failure}</p> : null}
      {removed ? (
        <p className="view-removed" role="status">
          <span className="ellipsis">“{removed.name}” was deleted.</span>
          <Button size="small" onPress={() => void views.getState().undo()}>
            Undo
          </Button>
        </p>
      ) : null}
      {saved.length === 0 ? (
        <p className="muted">No view is saved. Filter, sort, choose columns, then save them as a view.</p>
      ) : null}
      <ul className="view-list">
        {saved.map((view) => (
          <ViewLine key={view.id} view={view} />
        ))}
      </ul>
    </Dialog>
  )
}

function ViewLine({ view }: { view: RunView }) {
  const { views } = useConsole()
  const [name, setName] = useState(view.name)
  const wrong = name === view.name ? null : problemOf(name)
  const rename = async () => {
    if (name.trim() === view.name || wrong !== null) return
    if (!(await views.getState().save({ ...view, name: name.trim() }))) setName(view.name)
  }
  return (
    <li>
      <form
        className="view-line"
        onSubmit={(event: FormEvent) => {
          event.preventDefault()
          void rename()
        }}
      >
        <Field label={`Name of ${view.name}`} hideLabel value={name} onChange={setName} error={wrong} />
        <Button size="small" isDisabled={name.trim() === view.name || wrong !== null} onPress={() => void rename()}>
          Rename
        </Button>
        <IconButton size="small" label={`Delete ${view.name}`} onPress={() => void views.getState().remove(view)}>
          <Trash2 size={14} aria-hidden />
        </IconButton>
      </form>
    </li>
  )
}

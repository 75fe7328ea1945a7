import { ChevronDown, X } from 'lucide-react'
import { useMemo } from 'react'
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
import { useConsole, useIn } from '../../app/console.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { count, plural } from '../../ui/format.ts'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { type BatchKind, batchKinds, whyNot } from './batchPlan.ts'
import { batchSentence, batchWords } from './batchWords.ts'
import './batch.css'

const keyOf: Partial<Record<BatchKind, string>> = { approve: 'a', reject: 'r', retryNow: 'n', again: 'o', cancel: 'c' }

/** Below the list: how many runs are selected and what can be done to them, and how the last batch went. */
export function BatchBar() {
  const selected = useIn('selection', (s) => s.ids.size)
  return (
    <>
      <span className="sr-only" role="status">
        {selected === 0 ? '' : `${plural(selected, 'run')} selected`}
      </span>
      <BatchLine />
      {selected > 0 ? <Selected /> : null}
    </>
  )
}

/** How many of the selected runs each action is possible for, as far as is known here. */
function useAllowed(): Map<BatchKind, number> {
  const ids = useIn('selection', (s) => s.ids)
  const byId = useIn('runs', (s) => s.byId)
  const operator = useIn('settings', (s) => s.settings?.operator ?? '')
  return useMemo(() => {
    const runs = [...ids].flatMap((id) => byId.get(id) ?? [])
    return new Map(batchKinds.map((kind) => [kind, runs.filter((run) => whyNot(kind, run, operator) === null).length]))
  }, [ids, byId, operator])
}

function Selected() {
  const { selection, batch } = useConsole()
  const ids = useIn('selection', (s) => s.ids)
  const problem = useIn('selection', (s) => s.problem)
  const off = useIn('stack', whyActionsAreOff)
  const allowed = useAllowed()
  const start = (kind: BatchKind) => batch.getState().start(kind, selection.getState().ids)
  const shown = batchKinds.filter((kind) => kind !== 'terminate' && (allowed.get(kind) ?? 0) > 0)
  return (
    <div className="batch-bar" role="toolbar" aria-label="Selected runs">
      <span className="batch-count">
        <strong>{count(ids.size)}</strong> selected
        <Hidden />
      </span>
      <IconButton size="small" label="Clear the selection" onPress={() => selection.getState().clear()}>
        <X size={14} aria-hidden />
      </IconButton>
      <SelectAll />
      {problem ? (
        <span className="tone-bad small ellipsis" role="alert" title={problem}>
          {problem}
        </span>
      ) : null}
      <div className="batch-actions">
        {shown.map((kind) => (
          <Button key={kind} size="small" offBecause={off} onPress={() => start(kind)}>
            {batchWords[kind].name} {count(allowed.get(kind) ?? 0)}…<kbd aria-hidden>{keyOf[kind]}</kbd>
          </Button>
        ))}
        {(allowed.get('terminate') ?? 0) > 0 ? (
          <MenuTrigger>
            <AriaButton className="button small quiet" isDisabled={off !== null}>
              More
              <ChevronDown size={12} aria-hidden />
            </AriaButton>
            <Popover placement="top end">
              <Menu className="menu" aria-label="More for the selected runs" onAction={() => start('terminate')}>
                <MenuItem id="terminate" className="menu-item">
                  Terminate {count(allowed.get('terminate') ?? 0)}…
                </MenuItem>
              </Menu>
            </Popover>
          </MenuTrigger>
        ) : null}
      </div>
    </div>
  )
}

/** What left the list stays selected, and nobody acts on what they cannot see without being told. */
function Hidden() {
  const ids = useIn('selection', (s) => s.ids)
  const visible = useIn('runs', (s) => s.visible)
  const hidden = useMemo(() => {
    const shown = new Set(visible)
    return [...ids].filter((id) => !shown.has(id)).length
  }, [ids, visible])
  return hidden === 0 ? null : <span className="faint">, {count(hidden)} not in this list</span>
}

function SelectAll() {
  const { selection } = useConsole()
  const asking = useIn('selection', (s) => s.asking)
  const ids = useIn('selection', (s) => s.ids)
  const visible = useIn('runs', (s) => s.visible)
  const fitting = useIn('runs', (s) => Math.max(s.fitting, s.visible.length + s.fresh))
  if (asking) return <span className="faint small">Asking for all that fit…</span>
  if (fitting === visible.length && visible.every((id) => ids.has(id))) return null
  return (
    <Button size="small" look="link" onPress={() => void selection.getState().selectAll()}>
      Select all {count(fitting)}
    </Button>
  )
}

/** A batch whose dialog is closed: how far it is, and its results when it is over. */
function BatchLine() {
  const { batch } = useConsole()
  const last = useIn('batch', (s) => s.batch)
  const isOpen = useIn('batch', (s) => s.isOpen)
  if (last === null || isOpen) return null
  return (
    <div className="batch-bar batch-line">
      <span role="status">{batchSentence(last)}</span>
      <span className="grow" />
      <Button size="small" onPress={() => batch.getState().show()}>
        {last.phase === 'over' ? 'Show results' : 'Show'}
      </Button>
      {last.phase === 'sending' ? (
        <Button size="small" onPress={() => batch.getState().stop()}>
          Stop
        </Button>
      ) : null}
      {last.phase === 'over' ? (
        <IconButton size="small" label="Put the results away" onPress={() => batch.getState().dismiss()}>
          <X size={14} aria-hidden />
        </IconButton>
      ) : null}
    </div>
  )
}

import { useEffect } from 'react'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { isDirty, type SettingsDraft } from './settingsStore.ts'

/** What became of the form, and what can be done with it; Ctrl and S save it from wherever somebody types. */
export function SaveBar({ draft }: { draft: SettingsDraft }) {
  const { settings } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const base = useIn('settings', (s) => s.settings)
  const errors = useIn('settings', (s) => s.errors)
  const saving = useIn('settings', (s) => s.saving)
  const replaces = useIn('settings', (s) => s.replaces)
  const savedAt = useIn('settings', (s) => s.savedAt)
  const problem = useIn('settings', (s) => s.problem)
  const undoable = useIn('settings', (s) => s.undoable)
  const dirty = isDirty({ settings: base, draft })
  const wrong = Object.keys(errors).length
  const canSave = dirty && !saving && wrong === 0 && off === null
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key !== 's' || !(event.ctrlKey || event.metaKey) || event.altKey) return
      // Else the browser saves the page.
      event.preventDefault()
      if (canSave) void settings.getState().save()
    }
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [canSave, settings])
  return (
    <div className="save-bar">
      <span role="status" className={problem || wrong > 0 ? 'tone-bad ellipsis' : 'muted ellipsis'}>
        {problem
          ? `Not saved: ${problem}`
          : wrong > 0
            ? `${wrong} ${wrong === 1 ? 'field needs' : 'fields need'} a correction.`
            : dirty
              ? replaces
                ? 'Not saved yet. Saving replaces what was changed elsewhere meanwhile; Revert shows it.'
                : 'Changes are not saved yet.'
              : savedAt
                ? 'Saved.'
                : 'All saved.'}
      </span>
      <span className="grow" />
      {undoable && !dirty ? (
        <Button offBecause={off} isDisabled={saving} onPress={() => void settings.getState().undo()}>
          Undo the last save
        </Button>
      ) : null}
      <Button isDisabled={!dirty || saving} onPress={() => settings.getState().revert()}>
        Revert
      </Button>
      <Button
        look="primary"
        isDisabled={!dirty || saving || wrong > 0}
        offBecause={off}
        onPress={() => void settings.getState().save()}
      >
        {saving ? 'Saving…' : 'Save'}
      </Button>
    </div>
  )
}

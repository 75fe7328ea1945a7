import { useConsole, useIn } from '../../app/console.ts'
import { CheckBox } from '../../ui/CheckBox.tsx'
import { CopyLine } from '../../ui/Copy.tsx'
import { Field } from '../../ui/Field.tsx'
import { Note } from '../../ui/Note.tsx'
import type { SettingsDraft } from './settingsStore.ts'

/** Whether the host offers its metrics to Prometheus, and where. */
export function Metrics({ draft }: { draft: SettingsDraft['metrics'] }) {
  const { settings } = useConsole()
  const error = useIn('settings', (s) => s.errors['metrics.port']) ?? null
  const state = useIn('settings', (s) => s.metrics)
  const edit = (change: Partial<SettingsDraft['metrics']>) => settings.getState().edit({ metrics: { ...draft, ...change } })
  return (
    <>
      <CheckBox label="Offer metrics to Prometheus on this machine" isOn={draft.on} onChange={(on) => edit({ on })} />
      <div className="settings-row">
        <Field
          label="Port"
          hint="Empty: a free one from 4790 on."
          inputMode="numeric"
          value={draft.port}
          error={error}
          onChange={(port) => edit({ port })}
        />
      </div>
      {state?.url ? (
        <dl className="facts">
          <dt>Address</dt>
          <dd>
            <CopyLine text={state.url} what="the metrics’ address" />
          </dd>
        </dl>
      ) : null}
      {state?.problem ? (
        <Note tone="bad">
          <p>{state.problem}</p>
        </Note>
      ) : null}
    </>
  )
}

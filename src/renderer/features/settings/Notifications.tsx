import { type NotificationSettings, type Weekday, weekdays } from '../../../contract/notices.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { CheckBox } from '../../ui/CheckBox.tsx'
import { Field } from '../../ui/Field.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import type { NotificationMinutes, NotificationsDraft } from './settingsStore.ts'

type Kind = {
  [K in keyof NotificationSettings]: NotificationSettings[K] extends boolean ? K : never
}[keyof NotificationSettings]

const kinds: { kind: Kind; label: string }[] = [
  { kind: 'approvalPending', label: 'A run waits for approval' },
  { kind: 'approvalReminder', label: 'A run still waits for approval' },
  { kind: 'approvalExpiring', label: 'A run rejects itself soon, or has done so' },
  { kind: 'runFailed', label: 'A run failed' },
  { kind: 'gateFailed', label: 'A model was refused by the quality gate' },
  { kind: 'stack', label: 'Temporal or Postgres is down, or back' },
]

const dayWords: Record<Weekday, string> = {
  mon: 'Mon',
  tue: 'Tue',
  wed: 'Wed',
  thu: 'Thu',
  fri: 'Fri',
  sat: 'Sat',
  sun: 'Sun',
}

/** What is told of, when again, and when not. A decision of this operator that changed nothing is always told. */
export function Notifications({ draft }: { draft: NotificationsDraft }) {
  const { settings } = useConsole()
  const errors = useIn('settings', (s) => s.errors)
  const edit = (change: Partial<NotificationsDraft>) => settings.getState().edit({ notifications: { ...draft, ...change } })
  const minutes = (field: NotificationMinutes) => ({
    inputMode: 'decimal' as const,
    value: draft[field],
    error: errors[`notifications.${field}`] ?? null,
    onChange: (value: string) => edit({ [field]: value }),
  })
  return (
    <>
      <fieldset className="settings-checks" aria-label="What is told">
        {kinds.map(({ kind, label }) => (
          <CheckBox key={kind} label={label} isOn={draft[kind]} onChange={(on) => edit({ [kind]: on })} />
        ))}
      </fieldset>
      <div className="settings-row">
        <Field
          label="Remind after (min)"
          hint="How long a run waits before it is told again."
          {...minutes('remindAfterMinutes')}
        />
        <Field label="Then every (min)" hint="Until somebody has decided." {...minutes('remindEveryMinutes')} />
        <Field
          label="Warn before it ends (min)"
          hint="Before a run rejects itself; never in the first half of its time."
          {...minutes('warnBeforeMinutes')}
        />
      </div>
      <Quiet draft={draft.quiet} onChange={(change) => edit({ quiet: { ...draft.quiet, ...change } })} />
      <Arrival />
    </>
  )
}

function Quiet({
  draft,
  onChange,
}: {
  draft: NotificationsDraft['quiet']
  onChange: (change: Partial<NotificationsDraft['quiet']>) => void
}) {
  const errors = useIn('settings', (s) => s.errors)
  const at = (field: 'from' | 'to') => ({
    type: 'time' as const,
    value: draft[field],
    error: errors[`notifications.quiet.${field}`] ?? null,
    onChange: (value: string) => onChange({ [field]: value }),
  })
  const daysError = errors['notifications.quiet.days']
  return (
    <>
      <CheckBox
        label="Quiet hours: nothing is told, and summed up when they are over"
        isOn={draft.on}
        onChange={(on) => onChange({ on })}
      />
      {draft.on ? (
        <div className="settings-quiet">
          <div className="settings-row">
            <Field label="From" {...at('from')} />
            <Field label="To" hint={draft.to < draft.from ? 'On the next day.' : undefined} {...at('to')} />
            <Field
              label="Time zone"
              hint="Empty: as the host’s machine."
              placeholder={Intl.DateTimeFormat().resolvedOptions().timeZone}
              value={draft.timeZone}
              error={errors['notifications.quiet.timeZone'] ?? null}
              onChange={(timeZone) => onChange({ timeZone })}
            />
          </div>
          <fieldset className="chips" aria-label="Days on which quiet hours begin">
            {weekdays.map((day) => (
              <button
                key={day}
                type="button"
                className="chip"
                aria-pressed={draft.days.includes(day)}
                onClick={() => onChange({ days: weekdays.filter((one) => (one === day) !== draft.days.includes(one)) })}
              >
                {dayWords[day]}
              </button>
            ))}
          </fieldset>
          {daysError ? <p className="error-text">{daysError}</p> : null}
          <CheckBox
            label="A run that rejects itself soon is told all the same"
            isOn={draft.letExpiringThrough}
            onChange={(letExpiringThrough) => onChange({ letExpiringThrough })}
          />
        </div>
      ) : null}
    </>
  )
}

/** Whether notices can arrive here, and a way to see it. The browser is asked from a button, never unprompted. */
function Arrival() {
  const { notices } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const permission = useIn('notices', (s) => s.permission)
  const problem = useIn('notices', (s) => s.testProblem)
  return (
    <>
      <div className="settings-arrival">
        {permission === 'default' ? (
          <Button size="small" onPress={() => void notices.getState().askPermission()}>
            Allow this browser to notify…
          </Button>
        ) : null}
        <Button size="small" offBecause={off} onPress={() => void notices.getState().test()}>
          Send a test
        </Button>
        <span className="faint">{arrivalWords[permission]}</span>
      </div>
      {problem ? <p className="error-text">{problem}</p> : null}
    </>
  )
}

const arrivalWords: Record<NotificationPermission | 'unsupported', string> = {
  default: 'Until then notices show in this page alone.',
  granted: 'This browser shows notices on the desktop.',
  denied: 'This browser was told not to show notices of this page. Allow them in its site settings.',
  unsupported: 'Notices show on the desktop.',
}

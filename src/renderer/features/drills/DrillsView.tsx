import { TriangleAlert } from 'lucide-react'
import { useId } from 'react'
import { type ActiveDrill, type AuditEntry, type Drill, leftOfDrill } from '../../../contract/drills.ts'
import { momentWords } from '../../../contract/sentence.ts'
import type { WorkersState } from '../../../contract/workers.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { OpenRun } from '../../app/OpenRun.tsx'
import { Button } from '../../ui/Button.tsx'
import { useNow } from '../../ui/clock.ts'
import { Field } from '../../ui/Field.tsx'
import { plural } from '../../ui/format.ts'
import { Note } from '../../ui/Note.tsx'
import { Switch } from '../../ui/Switch.tsx'
import { Moment, useTimes } from '../../ui/times.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { useWorkersState } from '../workers/useWorkersState.ts'
import { CrashTargets, canBringWorker } from './CrashTargets.tsx'
import { type DrillDraft, draftOf, scopeWords } from './drillsStore.ts'
import './drills.css'

/** Faults on purpose: a switch each, and what they did. */
export function DrillsView() {
  const { drills } = useConsole()
  const load = useIn('drills', (s) => s.load)
  const problem = useIn('drills', (s) => s.problem)
  const state = useIn('drills', (s) => s.state)
  const workers = useWorkersState()
  if (load === 'failed') {
    return (
      <div className="runs-message">
        <p>The drills could not be read: {problem}</p>
        <Button onPress={() => void drills.getState().fetch()}>Try again</Button>
      </div>
    )
  }
  if (!state) return <div className="drills" aria-busy="true" />
  const { failureFile } = state
  return (
    <div className="drills scroll">
      <div className="drills-page">
        <p className="muted drills-about">
          A drill makes something fail on purpose, so that you see how runs survive it. It holds from the moment it is switched,
          outlives a restart, and every use of it is recorded.
        </p>
        {state.problem ? (
          <Note tone="bad">
            <p>{state.problem}</p>
          </Note>
        ) : null}
        {failureFile.problem ? (
          <Note tone="bad">
            <p>{failureFile.problem}</p>
          </Note>
        ) : null}
        {failureFile.state === 'on' ? (
          <Note tone="human">
            <p>
              The file <span className="mono">{failureFile.path}</span> makes {failureFile.activity?.replaceAll('_', ' ')} fail in
              every run for as long as it is there. Remove it to end that.
            </p>
          </Note>
        ) : null}
        {state.production === null ? null : <Production name={state.production} />}
        <ul className="drills-list" aria-label="Drills">
          {state.drills.map((drill) => (
            <Row key={drill.name} drill={drill} workers={drill.options.startsWorker ? workers : null} />
          ))}
        </ul>
        <Lately entries={state.audit} />
      </div>
    </div>
  )
}

/** Nobody makes anything fail in production by a slip of the hand. */
function Production({ name }: { name: string }) {
  const { drills } = useConsole()
  const typed = useIn('drills', (s) => s.profile)
  return (
    <Note tone="bad">
      <div className="drills-production">
        <p>
          The profile <span className="mono">{name}</span> is marked as production: what fails here on purpose fails for real
          users. Type its name to be able to switch a drill on.
        </p>
        <Field
          label="Name of the profile"
          value={typed}
          spellCheck="false"
          autoComplete="off"
          onChange={drills.getState().typeProfile}
        />
      </div>
    </Note>
  )
}

/** @param workers who works now, for a drill that hits workers; else null */
function Row({ drill, workers }: { drill: Drill; workers: WorkersState | null }) {
  const { drills } = useConsole()
  const locked = useIn('drills', (s) =>
    s.state?.production != null && s.profile.trim() !== s.state.production
      ? 'Type the name of the production profile first.'
      : null,
  )
  const actionsOff = useIn('stack', whyActionsAreOff)
  const off = actionsOff ?? (drill.on === null ? locked : null)
  const busy = useIn('drills', (s) => s.busy[drill.name] === true)
  const refusal = useIn('drills', (s) => s.refusals[drill.name])
  const draft = useIn('drills', (s) => s.drafts[drill.name]) ?? draftOf(drill)
  const described = useId()
  const { name, title, description, on } = drill
  return (
    <li className={`drill${on ? ' on' : ''}`} data-drill={name}>
      <div className="drill-head">
        <Switch
          isSelected={on !== null}
          isDisabled={busy}
          offBecause={off}
          aria-describedby={described}
          onChange={() => void drills.getState().toggle(name, canBringWorker(workers))}
        >
          <span className="drill-title">{title}</span>
        </Switch>
        {on ? (
          <span className="tag human">
            <TriangleAlert size={11} aria-hidden />
            on
          </span>
        ) : null}
      </div>
      <p id={described} className="drill-words muted">
        {description}
      </p>
      {on ? <Effect drill={drill} on={on} /> : <Options drill={drill} />}
      <CrashTargets
        state={workers}
        isOn={on !== null}
        brought={on?.startsWorker === true}
        bring={draft.startsWorker}
        onBring={(startsWorker) => drills.getState().edit(name, { startsWorker })}
      />
      {refusal ? (
        <div className="drill-words">
          <Note tone="bad">
            <p>{refusal}</p>
          </Note>
        </div>
      ) : null}
    </li>
  )
}

/** What a drill that is on does now, and what ends it. */
function Effect({ drill, on }: { drill: Drill; on: ActiveDrill }) {
  const now = new Date(useNow())
  const times = useTimes()
  const left = leftOfDrill(on, (time) => momentWords(time, now, { ...times, relative: false }))
  const parts = [
    drill.options.scope ? scopeWords(on) : '',
    on.probability === null ? '' : `probability ${on.probability}`,
    on.seconds === null ? '' : drill.options.latency ? `${on.seconds * 1000} ms later each way` : `waits ${on.seconds} s`,
    drill.options.count ? `hit ${plural(on.uses, 'attempt')}` : '',
    left,
  ].filter(Boolean)
  const sentence = parts.join(' · ')
  return (
    <p className="drill-words drill-effect" role="status">
      {sentence === '' ? '' : `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)} · `}on since <Moment at={on.since} /> by{' '}
      {on.operator}
      {left === '' && on.scope.kind === 'next' ? ', until that run has ended' : ''}
      {left === '' && on.scope.kind !== 'next' ? ', until it is switched off' : ''}
    </p>
  )
}

const scopes: { id: DrillDraft['scope']; name: string }[] = [
  { id: 'next', name: 'Next run' },
  { id: 'files', name: 'Files like…' },
  { id: 'all', name: 'All runs' },
]

function Options({ drill }: { drill: Drill }) {
  const { drills } = useConsole()
  const draft = useIn('drills', (s) => s.drafts[drill.name]) ?? draftOf(drill)
  const errors = useIn('drills', (s) => s.errors[drill.name])
  const scopeLabel = useId()
  const { options, name, title } = drill
  const edit = (change: Partial<DrillDraft>) => drills.getState().edit(name, change)
  const text = (field: Exclude<keyof DrillDraft, 'scope' | 'startsWorker'>, label: string, placeholder?: string) => (
    <Field
      label={label}
      value={draft[field]}
      error={errors?.[field] ?? null}
      placeholder={placeholder}
      inputMode={field === 'pattern' ? 'text' : 'decimal'}
      onChange={(value) => edit({ [field]: value })}
    />
  )
  return (
    <fieldset className="drill-options" aria-label={`${title}: whom it hits and when it ends`}>
      {options.scope ? (
        <div className="field">
          <span className="label" id={scopeLabel}>
            Applies to
          </span>
          <fieldset className="chips drill-scopes" aria-labelledby={scopeLabel}>
            {scopes.map(({ id, name: words }) => (
              <button
                key={id}
                type="button"
                className="chip"
                aria-pressed={draft.scope === id}
                onClick={() => edit({ scope: id })}
              >
                {words}
              </button>
            ))}
          </fieldset>
        </div>
      ) : null}
      {options.scope && draft.scope === 'files' ? (
        <div className="drill-pattern">{text('pattern', 'File pattern', '*_demo.csv')}</div>
      ) : null}
      {options.probability === null ? null : <div className="drill-number">{text('probability', 'Probability')}</div>}
      {options.seconds === null ? null : (
        <div className="drill-number">{options.latency ? text('latencyMs', 'Latency (ms)') : text('seconds', 'Wait (s)')}</div>
      )}
      {options.count ? <div className="drill-number">{text('count', 'Ends after hits', 'no limit')}</div> : null}
      <div className="drill-number">{text('minutes', 'Ends after (min)', 'no limit')}</div>
    </fieldset>
  )
}

const eventWords: Record<AuditEntry['event'], string> = { on: 'switched on', off: 'off', used: 'hit' }

/** The latest of the audit. */
function Lately({ entries }: { entries: readonly AuditEntry[] }) {
  const id = useId()
  if (entries.length === 0) return null
  return (
    <section className="drills-lately" aria-labelledby={id}>
      <h2 id={id}>Lately</h2>
      <table>
        <thead className="sr-only">
          <tr>
            <th>When</th>
            <th>Drill</th>
            <th>What</th>
            <th>Run</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.id}>
              <td className="faint nowrap">
                <Moment at={entry.at} />
              </td>
              <td className="nowrap">
                <span className={entry.event === 'used' ? 'tone-bad' : ''}>
                  {entry.drill} {eventWords[entry.event]}
                </span>
              </td>
              <td className="muted">
                {entry.event === 'used' ? `${entry.step}, attempt ${entry.attempt}. ` : ''}
                {entry.detail}
                {entry.event === 'used' ? '' : ` By ${entry.operator} on ${entry.host}.`}
              </td>
              <td className="right">{entry.workflowId ? <OpenRun size="small" workflowId={entry.workflowId} /> : null}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

import { CircleAlert, Plus, Trash2 } from 'lucide-react'
import { type ReactNode, Suspense, useId, useState } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { useConsole, useIn } from '../../app/console.ts'
import type { Place } from '../../app/route.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field } from '../../ui/Field.tsx'
import { later } from '../../ui/later.tsx'
import { Note } from '../../ui/Note.tsx'
import { problemText } from '../../ui/problem.ts'
import { DataFolder } from '../data/DataFolder.tsx'
import { RetriesTable } from '../retries/RetriesTable.tsx'
import { SelfTest } from '../selfTest/SelfTest.tsx'
import { hiddenFiles, partLabels, partNames, whyActionsAreOff } from '../stack/stackStore.ts'
import { Metrics } from './Metrics.tsx'
import { Notifications } from './Notifications.tsx'
import { Profile } from './Profile.tsx'
import { SaveBar } from './SaveBar.tsx'
import { bytesBehind, differsFromDefaults, type SettingsDraft } from './settingsStore.ts'
import './settings.css'
import { Skeleton } from '../../ui/Skeleton.tsx'

// The largest form of the console, read when the settings are first looked at.
const PipelinesEditor = later(() => import('../pipelines/PipelinesEditor.tsx'))

export function SettingsView() {
  const { settings } = useConsole()
  const load = useIn('settings', (s) => s.load)
  const problem = useIn('settings', (s) => s.problem)
  const draft = useIn('settings', (s) => s.draft)
  if (load === 'failed') {
    return (
      <div className="runs-message">
        <p>The settings could not be read: {problem}</p>
        <Button onPress={() => void settings.getState().fetch()}>Try again</Button>
      </div>
    )
  }
  if (!draft) return <Skeleton of="the settings" />
  return <Form draft={draft} />
}

function Form({ draft }: { draft: SettingsDraft }) {
  const { settings, capabilities } = useConsole()
  const errors = useIn('settings', (s) => s.errors)
  const info = useIn('stack', (s) => s.info)
  // The others stand in the banner.
  const behind = useIn('settings', bytesBehind)
  const unusable = useIn('stack', useShallow(hiddenFiles))
  const edit = settings.getState().edit
  const text = (
    field: keyof SettingsDraft &
      (
        | 'settleSeconds'
        | 'maxFileMebibytes'
        | 'operator'
        | 'minSeconds'
        | 'maxSeconds'
        | 'approvalTimeoutHours'
        | 'startsPerSecond'
      ),
  ) => ({
    value: draft[field],
    error: errors[field] ?? null,
    onChange: (value: string) => edit({ [field]: value }),
  })
  return (
    <>
      <div className="settings scroll">
        <div className="settings-page">
          {unusable.map(({ file, problem }) => (
            <Note key={file} tone="human">
              <p>{problem}</p>
            </Note>
          ))}
          <Group title="You" resets={['operator']} about="Your name stands beside each of your decisions.">
            <Field label="Operator name" {...text('operator')} />
          </Group>
          <Group
            title="Stack"
            about="Where Temporal and Postgres are. Profiles are described in their file; another one holds from the next start of Gatehouse on. All else on this page holds as soon as it is saved."
          >
            <Stack />
          </Group>
          <Group title="Elsewhere">
            <Elsewhere />
          </Group>
          <Group
            title="Intake"
            resets={['inboxFolders', 'settleSeconds', 'maxFileMebibytes', 'startsPerSecond']}
            about="Watched folders, their subfolders included. The first one receives what is dropped on the window."
          >
            <Folders draft={draft} />
            <div className="settings-row">
              <Field
                label="Settle time (s)"
                hint="A file is taken once it has not changed for this long."
                inputMode="decimal"
                {...text('settleSeconds')}
              />
              <Field
                label="Largest file (MiB)"
                hint={behind === null ? undefined : `Exactly ${behind.toLocaleString('en')} bytes.`}
                inputMode="decimal"
                {...text('maxFileMebibytes')}
              />
              <Field
                label="Starts per second"
                hint="How many runs may begin in a second."
                inputMode="decimal"
                {...text('startsPerSecond')}
              />
            </div>
          </Group>
          <Group
            title="Pipelines"
            resets={['pipelines']}
            about="Which file is made into a model in which way. The first that takes a file makes its run; a change counts for runs that start after it."
          >
            <Suspense fallback={<span className="skeleton" style={{ width: '60%' }} />}>
              <PipelinesEditor drafts={draft.pipelines} inbox={draft.inboxFolders[0] ?? ''} />
            </Suspense>
          </Group>
          <Group
            title="Every run"
            resets={['minSeconds', 'maxSeconds', 'approvalTimeoutHours', 'retries']}
            about="What holds where a pipeline says nothing else. A run under way keeps the settings that it began with."
          >
            <div className="settings-row">
              <Field label="Demo trainer, shortest (s)" inputMode="decimal" {...text('minSeconds')} />
              <Field label="Demo trainer, longest (s)" inputMode="decimal" {...text('maxSeconds')} />
              <Field
                label="Approval timeout (h)"
                hint="After this a run rejects itself."
                inputMode="decimal"
                {...text('approvalTimeoutHours')}
              />
            </div>
            <Retries draft={draft} />
          </Group>
          <Group
            title="Notifications"
            resets={['notifications']}
            about="Told on the desktop while this window is in the background, and in the console while it is not. That a decision of yours came too late is always told."
          >
            <Notifications draft={draft.notifications} />
          </Group>
          <Group
            title="Metrics"
            resets={['metrics']}
            about="Worker, queues, steps, approvals, intake and the stack’s health, for Prometheus and Grafana. Only programs on this machine can ask, and no name of a file, a run or a person is told."
          >
            <Metrics draft={draft.metrics} />
          </Group>
          <Group title="Appearance" resets={['appearance']}>
            <fieldset className="chips" aria-label="Appearance">
              {(['system', 'light', 'dark'] as const).map((appearance) => (
                <button
                  key={appearance}
                  type="button"
                  className="chip"
                  aria-pressed={draft.appearance === appearance}
                  onClick={() => edit({ appearance })}
                >
                  {appearance === 'system' ? 'As the system' : appearance === 'light' ? 'Light' : 'Dark'}
                </button>
              ))}
            </fieldset>
          </Group>
          <Group
            title="Data folder"
            about="Everything that Gatehouse keeps lies in this one folder, but for the keys and passwords in the OS keychain."
          >
            <DataFolder />
          </Group>
          <Group title="This Gatehouse">
            {info ? (
              <dl className="facts">
                <dt>Version</dt>
                <dd>{info.version}</dd>
                <dt>Host</dt>
                <dd>
                  {info.host} · {info.platform}
                </dd>
              </dl>
            ) : null}
            <SelfTest />
            {capabilities.stopHost ? <Stop /> : null}
          </Group>
        </div>
      </div>
      <SaveBar draft={draft} />
    </>
  )
}

function Group({
  title,
  about,
  resets,
  children,
}: {
  title: string
  about?: ReactNode
  /** The fields of the form that stand in it; it can be set to their defaults. */
  resets?: readonly (keyof SettingsDraft)[]
  children: ReactNode
}) {
  const { settings } = useConsole()
  const id = useId()
  const differs = useIn('settings', (s) => resets !== undefined && differsFromDefaults(s, resets))
  return (
    <section className="settings-group" aria-labelledby={id}>
      <div className="settings-head">
        <h2 id={id}>{title}</h2>
        {differs && resets ? (
          <Button size="small" look="link" onPress={() => settings.getState().reset(resets)}>
            Set to defaults<span className="sr-only">: {title}</span>
          </Button>
        ) : null}
      </div>
      {about ? <p className="faint">{about}</p> : null}
      {children}
    </section>
  )
}

/** Where Temporal and Postgres are, and how each part is. */
function Stack() {
  const health = useIn('stack', (s) => s.health)
  return (
    <>
      <Profile />
      {health ? (
        <ul className="settings-parts">
          {partNames.map((name) => (
            <li key={name}>
              <span>{partLabels[name]}</span>
              <span className={`tag ${partTones[health[name].state]}`}>{health[name].state}</span>
              <span className="muted wrap">
                {[health[name].summary, health[name].detail, health[name].remedy].filter(Boolean).join(' · ')}
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <p className="faint">The stack’s health is not known.</p>
      )}
    </>
  )
}

const partTones = { up: 'good', starting: 'run', down: 'bad', off: '' } as const

/** Settings that have a place of their own. */
function Elsewhere() {
  const { route } = useConsole()
  const to = (place: Place) => () => route.getState().go({ place, run: null, full: false })
  return (
    <div className="settings-arrival">
      <Button size="small" onPress={to('encryption')}>
        Keys and encryption
      </Button>
      <Button size="small" onPress={to('drills')}>
        Drills
      </Button>
      <Button size="small" onPress={to('audit')}>
        Who changed what
      </Button>
    </div>
  )
}

function Folders({ draft }: { draft: SettingsDraft }) {
  const { settings } = useConsole()
  const errors = useIn('settings', (s) => s.errors)
  const put = (inboxFolders: string[]) => settings.getState().edit({ inboxFolders })
  return (
    <div className="field">
      <span className="label">Inbox folders</span>
      {draft.inboxFolders.map((folder, index) => (
        // The index is the key: a folder is its place in the list; its text changes while it is typed
        <div key={index} className="settings-folder">
          <Field
            label={`Inbox folder ${index + 1}`}
            hideLabel
            value={folder}
            error={errors[`inboxFolders.${index}`] ?? null}
            placeholder="/absolute/path"
            onChange={(value) => put(draft.inboxFolders.map((f, i) => (i === index ? value : f)))}
          />
          <IconButton
            label={`Stop watching folder ${index + 1}`}
            isDisabled={draft.inboxFolders.length === 1}
            onPress={() => put(draft.inboxFolders.filter((_, i) => i !== index))}
          >
            <Trash2 size={14} aria-hidden />
          </IconButton>
        </div>
      ))}
      {errors.inboxFolders ? (
        <span className="error-text">
          <CircleAlert size={13} aria-hidden />
          {errors.inboxFolders}
        </span>
      ) : null}
      <div>
        <Button size="small" onPress={() => put([...draft.inboxFolders, ''])}>
          <Plus size={13} aria-hidden />
          Add a folder
        </Button>
      </div>
    </div>
  )
}

function Retries({ draft }: { draft: SettingsDraft }) {
  const { settings } = useConsole()
  const errors = useIn('settings', (s) => s.errors)
  return (
    <RetriesTable
      caption={
        <>
          Retries of each step <span className="faint">· 0 attempts means without end</span>
        </>
      }
      draft={draft.retries}
      errorOf={(field) => errors[field] ?? null}
      onChange={(retries) => settings.getState().edit({ retries })}
    />
  )
}

function Stop() {
  const { connection, capabilities } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const [asking, setAsking] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const [stopped, setStopped] = useState(false)
  const stop = async () => {
    try {
      await connection.call('host.stop', {})
      setStopped(true)
      setAsking(false)
    } catch (cause) {
      setProblem(problemText(cause))
    }
  }
  return (
    <div className="settings-stop">
      <Button offBecause={off} isDisabled={stopped} onPress={() => setAsking(true)}>
        {stopped ? 'Stopping…' : 'Stop Gatehouse…'}
      </Button>
      <span className="faint">Closing this {capabilities.shell === 'web' ? 'tab' : 'window'} does not stop it.</span>
      {asking ? (
        <Dialog
          title="Stop Gatehouse?"
          alert
          isOpen
          onClose={() => setAsking(false)}
          foot={
            <>
              <span className="grow" />
              <Button onPress={() => setAsking(false)}>Keep it running</Button>
              <Button look="danger" onPress={stop}>
                Stop Gatehouse
              </Button>
            </>
          }
        >
          <p>
            Worker, inbox and the embedded servers stop. Runs under way stand still and go on at the next start; files that arrive
            in the inbox meanwhile are found then. Approval deadlines that pass meanwhile take effect at the next start.
          </p>
          {problem ? (
            <Note tone="bad">
              <p>{problem}</p>
            </Note>
          ) : null}
        </Dialog>
      ) : null}
    </div>
  )
}

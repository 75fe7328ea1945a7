import { KeyRound, LockKeyholeOpen, MapPin, Plus, Upload } from 'lucide-react'
import { type FormEvent, useEffect, useId, useState } from 'react'
import type { KeyInfo, KeysAuditEntry, KeysState } from '../../../contract/keys.ts'
import { momentWords, spanWords } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyLine } from '../../ui/Copy.tsx'
import { useNow } from '../../ui/clock.ts'
import { Field } from '../../ui/Field.tsx'
import { plural } from '../../ui/format.ts'
import { Note } from '../../ui/Note.tsx'
import { Switch } from '../../ui/Switch.tsx'
import { Moment, useTimes } from '../../ui/times.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { CodecServer } from './CodecServer.tsx'
import { ConfirmDialog, ExportDialog, ImportDialog, ProtectDialog } from './KeyDialogs.tsx'
import { providerWords, sealingKey } from './keysStore.ts'
import { ProviderDialog } from './ProviderDialog.tsx'
import { useAsk } from './useAsk.ts'
import './encryption.css'
import { Skeleton } from '../../ui/Skeleton.tsx'

/** Runs that end and messages that are sealed change the list; nobody tells of each. */
const lookAgainMs = 5_000

type Asking =
  | { kind: 'off' }
  | { kind: 'rotate'; from: string }
  | { kind: 'retire'; id: string }
  | { kind: 'export'; id: string }
  | { kind: 'import' }
  | { kind: 'protect' }
  | { kind: 'place' }

/** What payloads are sealed with, who else may read them, and what has been done to that. */
export default function EncryptionView() {
  const { keys } = useConsole()
  const load = useIn('keys', (s) => s.load)
  const problem = useIn('keys', (s) => s.problem)
  const state = useIn('keys', (s) => s.state)
  useEffect(() => {
    const timer = setInterval(() => void keys.getState().fetch(), lookAgainMs)
    return () => clearInterval(timer)
  }, [keys])
  if (load === 'failed') {
    return (
      <div className="runs-message">
        <p>The keys could not be asked for: {problem}</p>
        <Button onPress={() => void keys.getState().fetch()}>Try again</Button>
      </div>
    )
  }
  if (!state) return <Skeleton of="the keys" />
  return <Page state={state} />
}

function Page({ state }: { state: KeysState }) {
  const [asking, setAsking] = useState<Asking | null>(null)
  return (
    <div className="encryption scroll">
      <div className="encryption-page">
        <Mode state={state} onAsk={setAsking} />
        <Keys state={state} onAsk={setAsking} />
        <CodecServer state={state} />
        <InClear />
        <Lately entries={state.audit} />
      </div>
      {asking ? <Asked asking={asking} state={state} onClose={() => setAsking(null)} /> : null}
    </div>
  )
}

function Asked({ asking, state, onClose }: { asking: Asking; state: KeysState; onClose: () => void }) {
  switch (asking.kind) {
    case 'off':
      return (
        <ConfirmDialog
          title="Write new payloads in clear?"
          verb="Switch encryption off"
          danger
          ask={(call) => call('keys.setEncrypting', { on: false })}
          onClose={onClose}
        >
          <p>
            From now on inputs, results, failures and decisions of every run stand readable in Temporal, in its database and in
            its backups, also after encryption is on again. This is meant for a demonstration.
          </p>
          <p>What is sealed stays sealed, and stays readable here. The console says “not encrypted” until you switch it on.</p>
        </ConfirmDialog>
      )
    case 'rotate':
      return (
        <ConfirmDialog
          title="Make a new key?"
          verb="Make a new key"
          ask={(call) => call('keys.rotate', { from: asking.from })}
          onClose={onClose}
        >
          <p>
            New payloads are sealed with it, also those of runs under way. <code>{asking.from}</code> stays for reading what it
            sealed. A key is also replaced by itself before its budget of messages is used up.
          </p>
        </ConfirmDialog>
      )
    case 'retire':
      return (
        <ConfirmDialog
          title={`Retire ${asking.id}?`}
          verb="Destroy the key"
          danger
          ask={(call) => call('keys.retire', { id: asking.id })}
          onClose={onClose}
        >
          <p>
            The key is destroyed. What only it opens, the histories of runs that have ended, cannot be read here any more. Export
            it first if somebody may ask for them.
          </p>
        </ConfirmDialog>
      )
    case 'export':
      return <ExportDialog id={asking.id} onClose={onClose} />
    case 'import':
      return <ImportDialog onClose={onClose} />
    case 'protect':
      return <ProtectDialog onClose={onClose} />
    case 'place':
      return <ProviderDialog state={state} onClose={onClose} />
  }
}

function Mode({ state, onAsk }: { state: KeysState; onAsk: (asking: Asking) => void }) {
  const off = useIn('stack', whyActionsAreOff)
  const { ask, busy, refusal } = useAsk()
  const key = sealingKey(state)
  const described = useId()
  return (
    <section className={`encryption-mode${state.encrypting ? '' : ' in-clear'}`} aria-label="Encryption of new payloads">
      <div className="encryption-head">
        <Switch
          isSelected={state.encrypting}
          isDisabled={busy}
          offBecause={off}
          aria-describedby={described}
          onChange={(on) => (on ? void ask('keys.setEncrypting', { on }) : onAsk({ kind: 'off' }))}
        >
          <span className="encryption-title">Encrypt new payloads</span>
        </Switch>
        {state.encrypting ? null : (
          <span className="tag bad">
            <LockKeyholeOpen size={11} aria-hidden />
            in clear
          </span>
        )}
      </div>
      <p id={described} className="muted">
        {state.encrypting ? (
          <>
            Inputs, results, failures, decisions and notes of runs are sealed before they reach Temporal (AES-256-GCM)
            {key ? (
              <>
                , now with <code>{key.id}</code>
              </>
            ) : null}
            . Keys are kept in {providerWords[state.provider]}.
          </>
        ) : (
          <>New payloads stand readable in Temporal and its database. What was sealed before stays sealed, and readable here.</>
        )}
      </p>
      {state.problem === null ? null : <Trouble state={state} />}
      {state.warning === null ? null : (
        <Note tone="human">
          <div className="encryption-note">
            <p>{state.warning}</p>
            {state.canUsePassphrase ? (
              <div className="encryption-choices">
                <Button size="small" offBecause={off} onPress={() => onAsk({ kind: 'protect' })}>
                  Protect by a passphrase…
                </Button>
                <Button size="small" offBecause={off} onPress={() => onAsk({ kind: 'place' })}>
                  Choose another place…
                </Button>
              </div>
            ) : null}
          </div>
        </Note>
      )}
      {refusal ? (
        <Note tone="bad">
          <p>{refusal}</p>
        </Note>
      ) : null}
    </section>
  )
}

/** Why keys cannot be had now, and what ends that from here. */
function Trouble({ state }: { state: KeysState }) {
  const off = useIn('stack', whyActionsAreOff)
  const { ask, busy, refusal } = useAsk()
  const [passphrase, setPassphrase] = useState('')
  const unlock = async (event: FormEvent) => {
    event.preventDefault()
    if (passphrase === '') return
    await ask('keys.unlock', { passphrase })
    setPassphrase('')
  }
  return (
    <Note tone="bad">
      <div className="encryption-note">
        <p>
          {state.problem} {state.remedy}
        </p>
        {state.needsPassphrase ? (
          <form className="encryption-unlock" onSubmit={(event) => void unlock(event)}>
            <Field
              label="Passphrase of the keys"
              type="password"
              autoComplete="off"
              value={passphrase}
              error={refusal}
              // Not disabled: whoever mistyped goes on typing where they are.
              isReadOnly={busy}
              onChange={setPassphrase}
            />
            <Button type="submit" look="primary" offBecause={off} isDisabled={busy || passphrase === ''}>
              {busy ? 'Opening…' : 'Unlock'}
            </Button>
          </form>
        ) : (
          <div>
            <Button size="small" offBecause={off} isDisabled={busy} onPress={() => void ask('keys.retry', {})}>
              {busy ? 'Trying…' : 'Try again'}
            </Button>
            {refusal ? <p className="error-text">{refusal}</p> : null}
          </div>
        )}
      </div>
    </Note>
  )
}

/** `< 0.1 %`, `12.5 %`. */
function budgetWords({ messages, messageBudget }: KeyInfo): string {
  const percent = (100 * messages) / messageBudget
  return percent < 0.1 ? '< 0.1 %' : `${percent.toFixed(1)} %`
}

const stateWords: Record<KeyInfo['state'], { words: string; tone: string }> = {
  sealing: { words: 'seals', tone: 'good' },
  reading: { words: 'reads', tone: 'run' },
  retired: { words: 'retired', tone: 'idle' },
}

function Keys({ state, onAsk }: { state: KeysState; onAsk: (asking: Asking) => void }) {
  const off = useIn('stack', whyActionsAreOff)
  const now = useNow()
  const times = useTimes()
  const id = useId()
  const sealing = sealingKey(state)
  const unusable = state.problem ? 'The keys cannot be had now.' : off
  return (
    <section className="encryption-part" aria-labelledby={id}>
      <div className="encryption-part-head">
        <h2 id={id}>Keys</h2>
        <span className="grow" />
        <Button
          size="small"
          offBecause={off ?? (state.provider === 'environment' ? 'The environment of the host names the keys.' : null)}
          onPress={() => onAsk({ kind: 'place' })}
        >
          <MapPin size={13} aria-hidden />
          Where they come from…
        </Button>
        <Button size="small" offBecause={unusable} onPress={() => onAsk({ kind: 'import' })}>
          <Upload size={13} aria-hidden />
          Import…
        </Button>
        <Button
          size="small"
          offBecause={unusable ?? (sealing ? null : 'There is no sealing key yet.')}
          onPress={() => sealing && onAsk({ kind: 'rotate', from: sealing.id })}
        >
          <Plus size={13} aria-hidden />
          New key…
        </Button>
      </div>
      {state.keys.length === 0 ? (
        <p className="faint">No key has been made yet.</p>
      ) : (
        <div className="encryption-scroll">
          <table className="encryption-keys">
            <thead>
              <tr>
                <th>Key</th>
                <th>State</th>
                <th>Age</th>
                <th className="right">Messages</th>
                <th>Needed by</th>
                <th>
                  <span className="sr-only">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {state.keys.map((key) => (
                <tr key={key.id} data-key={key.id}>
                  <td>
                    <span className="encryption-key">
                      <KeyRound size={13} aria-hidden className={`tone-${stateWords[key.state].tone}`} />
                      <CopyLine text={key.id} what="the key’s id" />
                    </span>
                  </td>
                  <td>
                    <span className={`tag ${stateWords[key.state].tone}`}>{stateWords[key.state].words}</span>
                  </td>
                  <td
                    className="nowrap"
                    title={`Made ${momentWords(key.createdAt, new Date(now), times)}, kept in ${providerWords[key.provider]}`}
                  >
                    {spanWords(now - Date.parse(key.createdAt))}
                  </td>
                  <td className="right nowrap">
                    {key.messages.toLocaleString('en')} <span className="faint">({budgetWords(key)} of its budget)</span>
                  </td>
                  <td className="nowrap">
                    {key.openRuns === 0 ? <span className="faint">no open run</span> : plural(key.openRuns, 'open run')}
                  </td>
                  <td className="right nowrap">
                    {key.state === 'reading' ? (
                      <Button
                        size="small"
                        look="quiet"
                        offBecause={unusable ?? (key.openRuns > 0 ? 'Open runs may hold values that only this key opens.' : null)}
                        onPress={() => onAsk({ kind: 'retire', id: key.id })}
                      >
                        Retire…
                      </Button>
                    ) : null}
                    {key.state === 'retired' ? null : (
                      <Button
                        size="small"
                        look="quiet"
                        offBecause={unusable}
                        onPress={() => onAsk({ kind: 'export', id: key.id })}
                      >
                        Export…
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function InClear() {
  const id = useId()
  return (
    <section className="encryption-part" aria-labelledby={id}>
      <h2 id={id}>What stays in clear</h2>
      <p className="muted">
        Temporal keeps these as they are, by its design: ids of runs (with the file’s name in them), names of steps and types of
        failures, the stage, who works and who asked, and the reason that you give when you cancel, terminate, pause or restart
        something. Reasons of approvals and rejections are sealed.
      </p>
    </section>
  )
}

const eventWords: Record<KeysAuditEntry['event'], string> = {
  on: 'switched on',
  off: 'switched off',
  rotated: 'took over',
  retired: 'retired',
  exported: 'exported',
  imported: 'imported',
  protected: 'protected',
  moved: 'moved',
  unlocked: 'unlocked',
  refused: 'refused',
}

function Lately({ entries }: { entries: readonly KeysAuditEntry[] }) {
  const id = useId()
  if (entries.length === 0) return null
  return (
    <section className="encryption-part" aria-labelledby={id}>
      <h2 id={id}>Lately</h2>
      <table className="encryption-lately">
        <tbody>
          {entries.map(({ id: entry, at, event, name, operator, host, detail }) => (
            <tr key={entry}>
              <td className="faint nowrap">
                <Moment at={at} />
              </td>
              <td className="nowrap">
                <span className={event === 'refused' || (event === 'off' && name === 'encryption') ? 'tone-bad' : ''}>
                  {name} {eventWords[event]}
                </span>
              </td>
              <td className="muted">
                {detail === '' ? '' : `${detail} `}By {operator} on {host}.
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

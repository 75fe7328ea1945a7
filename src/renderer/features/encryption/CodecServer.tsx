import { useId } from 'react'
import type { KeysState } from '../../../contract/keys.ts'
import { useIn } from '../../app/console.ts'
import { CopyLine } from '../../ui/Copy.tsx'
import { Note } from '../../ui/Note.tsx'
import { Switch } from '../../ui/Switch.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { useAsk } from './useAsk.ts'

/** Its switch, its address while it is on, and how the Temporal Web UI and CLI are told of it. */
export function CodecServer({ state: { codecServer } }: { state: KeysState }) {
  const off = useIn('stack', whyActionsAreOff)
  const uiUrl = useIn('stack', (s) => s.health?.temporalUiUrl ?? null)
  const { ask, busy, refusal } = useAsk()
  const id = useId()
  return (
    <section className={`encryption-part codec-server${codecServer.on ? ' on' : ''}`} aria-labelledby={id}>
      <h2 id={id} className="sr-only">
        Codec server
      </h2>
      <Switch
        isSelected={codecServer.on}
        isDisabled={busy}
        offBecause={off}
        onChange={(on) => void ask('keys.codecServer', { on })}
      >
        <span className="encryption-title">Codec server</span>
      </Switch>
      <p className="muted">
        Lets the Temporal Web UI and CLI of this machine read what is sealed, through an address that only you hand out. It is off
        at each start, and every switch-on has a new address.
      </p>
      {codecServer.url === null ? null : (
        <>
          <div className="codec-url">
            <CopyLine text={codecServer.url} what="the codec server’s address" />
          </div>
          <Note tone="human">
            <div className="encryption-note">
              <p>Whoever on this machine knows this address reads every payload. Switch it off when you are done.</p>
            </div>
          </Note>
          <h3>How to use it in the Web UI</h3>
          <ol className="codec-steps">
            <li>
              Open{' '}
              {uiUrl ? (
                <a href={uiUrl} target="_blank" rel="noreferrer">
                  the Temporal Web UI
                </a>
              ) : (
                'the Temporal Web UI'
              )}{' '}
              and press the glasses in its upper right corner.
            </li>
            <li>
              Choose “Use my browser setting and ignore Cluster-level setting”, paste the address under “Codec Server browser
              endpoint”, and leave both switches below it off.
            </li>
            <li>Press “Apply”: payloads are shown decoded, and the glasses turn pink and blue.</li>
          </ol>
          <h3>On the command line</h3>
          <div className="codec-url">
            <CopyLine text={`temporal workflow show --workflow-id ID --codec-endpoint ${codecServer.url}`} what="the command" />
          </div>
        </>
      )}
      {refusal ? (
        <Note tone="bad">
          <p>{refusal}</p>
        </Note>
      ) : null}
    </section>
  )
}

import { useEffect, useState } from 'react'
import { Radio, RadioGroup } from 'react-aria-components'
import { isEndStage } from '../../../contract/model.ts'
import { type ProfileInfo, type ProfilesState, profileCheckSeconds, type ServerCheck } from '../../../contract/profiles.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field } from '../../ui/Field.tsx'
import { Note } from '../../ui/Note.tsx'
import { plainText } from '../../ui/plainText.ts'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import type { CheckOf } from './profilesStore.ts'

/** Every profile with where its servers are and whether they answer; one is chosen for the next start. */
export function ProfileDialog({ state, onClose }: { state: ProfilesState; onClose: () => void }) {
  const { profiles } = useConsole()
  const [chosen, setChosen] = useState(state.next ?? '')
  const [deciding, setDeciding] = useState(false)
  useEffect(() => {
    // What the file says now, not when the page was loaded.
    void profiles
      .getState()
      .fetch()
      .then(() => profiles.getState().check())
  }, [profiles])
  if (deciding) return <Decide {...{ state, chosen, onClose }} onBack={() => setDeciding(false)} />
  const canChoose = state.setBy === null && state.problem === null
  return (
    <Dialog
      title="Where Temporal and Postgres are"
      size="wide"
      isOpen
      onClose={onClose}
      foot={
        <>
          <Button size="small" look="quiet" onPress={() => void profiles.getState().check()}>
            Ask again
          </Button>
          <span className="grow" />
          <Button onPress={onClose}>{canChoose ? 'Leave it as it is' : 'Close'}</Button>
          {canChoose ? (
            <Button
              look="primary"
              offBecause={chosen === state.next ? 'The next start uses this profile already.' : null}
              onPress={() => setDeciding(true)}
            >
              Use {plainText(chosen)}…
            </Button>
          ) : null}
        </>
      }
    >
      {state.setBy === null ? null : (
        <Note tone="human">
          <p>
            {state.setBy === 'GATEHOUSE_PROFILE' ? <code>GATEHOUSE_PROFILE</code> : state.setBy} says{' '}
            {plainText(state.next ?? '')}, and goes before the file. To choose here, start Gatehouse without it.
          </p>
        </Note>
      )}
      {state.problem === null ? null : (
        <Note tone="bad">
          <p className="wrap">{state.problem}</p>
        </Note>
      )}
      <RadioGroup className="places" aria-label="Profile" value={chosen} onChange={setChosen} isReadOnly={!canChoose}>
        {state.profiles.map((profile, index) => (
          // A name may stand there twice: the file's own "embedded" is no profile, and says so.
          <Row key={`${index} ${profile.name}`} {...{ profile, state, index }} />
        ))}
      </RadioGroup>
    </Dialog>
  )
}

interface DecideProps {
  state: ProfilesState
  chosen: string
  onBack: () => void
  onClose: () => void
}

/** What the choice means, before it is made. */
function Decide({ state, chosen, onBack, onClose }: DecideProps) {
  const { profiles } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const name = plainText(chosen)
  const take = async () => {
    setBusy(true)
    const refused = await profiles.getState().use(chosen, reason.trim() || undefined)
    setBusy(false)
    setRefusal(refused)
    if (refused === null) onClose()
  }
  return (
    <Dialog
      title={
        chosen === state.inUse ? `Keep ${name}?` : state.inUse === null ? `Use ${name}?` : `Use ${name} from the next start?`
      }
      isOpen
      onClose={onClose}
      foot={
        <>
          <Button onPress={onBack}>Back</Button>
          <span className="grow" />
          <Button onPress={onClose}>Leave it as it is</Button>
          <Button look="primary" offBecause={off} isDisabled={busy} onPress={() => void take()}>
            {chosen === state.inUse ? 'Keep' : 'Use'} {name}
          </Button>
        </>
      }
    >
      <Consequence state={state} chosen={chosen} />
      <Field
        label="Why, for the audit log"
        hint="May be empty."
        autoFocus
        value={reason}
        isDisabled={busy}
        onChange={setReason}
      />
      {refusal === null ? null : (
        <Note tone="bad">
          <p className="wrap">{refusal}</p>
        </Note>
      )}
    </Dialog>
  )
}

function Row({ profile, state, index }: { profile: ProfileInfo; state: ProfilesState; index: number }) {
  const { name, production, problem, temporal, postgres } = profile
  const check = useIn('profiles', (s) => s.checks[name])
  return (
    <Radio className="place" value={problem === null ? name : `${index} ${name}`} isDisabled={problem !== null}>
      <span className="place-head">
        <bdi className="place-name">{plainText(name)}</bdi>
        {name === state.inUse && problem === null ? <span className="tag good">in use</span> : null}
        {name === state.next && name !== state.inUse && problem === null ? (
          <span className="tag human">from the next start</span>
        ) : null}
        {production ? <span className="tag bad">production</span> : null}
      </span>
      {problem === null ? (
        <>
          <Server name="Temporal" where={temporal} check={check} of="temporal" />
          <Server name="Postgres" where={postgres} check={check} of="postgres" />
        </>
      ) : (
        <span className="tone-bad wrap">Cannot be chosen: {plainText(problem)}.</span>
      )}
    </Radio>
  )
}

interface ServerProps {
  name: string
  where: string | null
  check: CheckOf | undefined
  of: 'temporal' | 'postgres'
}

function Server({ name, where, check, of }: ServerProps) {
  return (
    <span className="place-server">
      <span className="muted">{name}</span>
      <span className="wrap">
        {plainText(where ?? '')}
        <span role="status" className="place-answer">
          {check === undefined || ('found' in check && check.found[of].state === 'own') ? null : 'found' in check ? (
            <Answer {...check.found[of]} />
          ) : 'problem' in check ? (
            <span className="tone-bad">It could not be asked: {check.problem}</span>
          ) : (
            <span className="faint">Asking, for at most {profileCheckSeconds} s…</span>
          )}
        </span>
      </span>
    </span>
  )
}

const answers: Record<ServerCheck['state'], { word: string; tone: string }> = {
  up: { word: 'answers', tone: 'tone-good' },
  own: { word: '', tone: 'faint' },
  starting: { word: 'is starting', tone: 'faint' },
  asks: { word: 'answers', tone: 'tone-human' },
  down: { word: 'does not answer as it should', tone: 'tone-human' },
}

const Answer = ({ state, words }: ServerCheck) => (
  <span className={answers[state].tone}>
    {answers[state].word === '' ? null : <span className="sr-only">It {answers[state].word}. </span>}
    {plainText(words)}
  </span>
)

/** What another profile means for what is there now. */
function Consequence({ state: { inUse, profiles }, chosen }: { state: ProfilesState; chosen: string }) {
  const underWay = useIn('runs', (s) => [...s.byId.values()].filter(({ stage }) => !isEndStage(stage)).length)
  const production = profiles.find(({ name, problem }) => name === chosen && problem === null)?.production ?? false
  const [here, there] = [plainText(inUse ?? ''), plainText(chosen)]
  if (chosen === inUse) return <p>Nothing changes: {here} is in use, and the next start uses it too.</p>
  return (
    <>
      {production ? (
        <Note tone="human">
          <p>{there} is marked as production.</p>
        </Note>
      ) : null}
      {inUse === null ? (
        <p>Nothing was started yet, so {there} is used at once.</p>
      ) : (
        <>
          <p>Nothing changes until Gatehouse is started anew; {here} can be kept until then.</p>
          <p>
            Runs do not move.{' '}
            {underWay === 0
              ? 'None is under way now; one that is by then stays'
              : underWay === 1
                ? 'The one that is under way now stays'
                : `The ${underWay} that are under way now stay`}{' '}
            on {here}: while {there} is used, the list tells {underWay > 1 ? 'them' : 'it'} as gone, and once {here} is used again{' '}
            {underWay > 1 ? 'they go' : 'it goes'} on. Better finish what is under way first. Files, models and the audit log stay
            in the data folder.
          </p>
        </>
      )}
    </>
  )
}

import { useState } from 'react'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyLine } from '../../ui/Copy.tsx'
import { Note } from '../../ui/Note.tsx'
import { plainText } from '../../ui/plainText.ts'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { HowToRestart } from './HowToRestart.tsx'
import { ProfileDialog } from './ProfileDialog.tsx'
import { profileWords } from './profilesStore.ts'

/** Which profile is in use and which one is from the next start on; with the way to another one, and back. */
export function Profile() {
  const { profiles } = useConsole()
  const state = useIn('profiles', (s) => s.state)
  const problem = useIn('profiles', (s) => s.problem)
  const off = useIn('stack', whyActionsAreOff)
  const [choosing, setChoosing] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  if (state === null) {
    return problem === null ? null : (
      <Note tone="bad">
        <p>The profiles could not be read: {problem}</p>
      </Note>
    )
  }
  const { inUse, next, setBy, file, canRestart } = state
  const changes = inUse !== null && next !== null && next !== inUse && setBy === null
  return (
    <>
      <dl className="facts">
        <dt>Profile</dt>
        <dd>
          <span className="settings-arrival">
            <span role="status">
              {plainText(profileWords(state))}
              <span className="faint">{setBy === null ? '' : `, chosen by ${setBy}`}</span>
            </span>
            <Button size="small" onPress={() => setChoosing(true)}>
              Change…
            </Button>
            {changes ? (
              <Button
                size="small"
                offBecause={off}
                onPress={() => void profiles.getState().use(inUse).then(setRefusal)}
              >{`Keep ${plainText(inUse)}`}</Button>
            ) : null}
          </span>
        </dd>
        <dt>Profiles file</dt>
        <dd>
          <CopyLine text={file} what="the path of the profiles file" />
        </dd>
      </dl>
      {changes ? <HowToRestart canRestart={canRestart} /> : null}
      {state.problem === null ? null : (
        <Note tone="bad">
          <p className="wrap">{state.problem}</p>
        </Note>
      )}
      {refusal === null ? null : (
        <Note tone="bad">
          <p className="wrap">{refusal}</p>
        </Note>
      )}
      {choosing ? <ProfileDialog state={state} onClose={() => setChoosing(false)} /> : null}
    </>
  )
}

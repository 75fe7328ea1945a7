import { useId, useState } from 'react'
import { exactWords } from '../../contract/sentence.ts'
import { Button } from '../ui/Button.tsx'
import { Choice } from '../ui/Choice.tsx'
import { useNow } from '../ui/clock.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { isZone } from '../ui/times.tsx'
import { useConsole, useIn } from './console.ts'

const localZone = Intl.DateTimeFormat().resolvedOptions().timeZone

/** How moments are said everywhere: by the clock or from now, and in which zone. Applies at once. */
export function TimesDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog
      title="How times are shown"
      isOpen={isOpen}
      onClose={onClose}
      foot={
        <>
          <span className="grow" />
          <Button look="primary" onPress={onClose}>
            Close
          </Button>
        </>
      }
    >
      <TimesForm />
    </Dialog>
  )
}

function TimesForm() {
  const { times } = useConsole()
  const relative = useIn('times', (s) => s.relative)
  const zone = useIn('times', (s) => s.zone)
  const other = useIn('times', (s) => s.other)
  const now = new Date(useNow())
  const { choose } = times.getState()
  return (
    <>
      <Choice
        label="Times"
        value={relative ? 'relative' : 'absolute'}
        words={{ absolute: 'By the clock: 14:02, yesterday 9:15', relative: 'From now: 4 min ago, in 3 h' }}
        onChange={(choice) => choose({ relative: choice === 'relative' })}
      />
      <Choice
        label="Zone"
        value={zone}
        words={{ local: `Local (${localZone})`, UTC: 'UTC', ...(other === null ? {} : { [other]: other }) }}
        onChange={(choice) => choose({ zone: choice })}
      />
      <OtherZone onChoose={(name) => choose({ zone: name })} />
      <p className="faint pre-line">{exactWords(now.toISOString(), zone === 'local' ? {} : { timeZone: zone })}</p>
      <p className="faint">
        Keys: t switches between the two, z goes to the next zone. Every time has its exact form as its title.
      </p>
    </>
  )
}

/** A zone by its name, taken as soon as it is one. */
function OtherZone({ onChoose }: { onChoose: (name: string) => void }) {
  const id = useId()
  const [text, setText] = useState('')
  const wrong = text !== '' && !isZone(text)
  return (
    <div className="field">
      <label htmlFor={id}>Another zone</label>
      <input
        id={id}
        className="input"
        list={`${id}-zones`}
        placeholder="Asia/Tokyo"
        value={text}
        autoComplete="off"
        spellCheck={false}
        aria-describedby={`${id}-hint`}
        onChange={(event) => {
          setText(event.target.value)
          if (isZone(event.target.value)) onChoose(event.target.value)
        }}
      />
      <datalist id={`${id}-zones`}>
        {Intl.supportedValuesOf('timeZone').map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <span id={`${id}-hint`} className="faint">
        {wrong ? 'No zone has this name yet; names are like Europe/Berlin.' : 'A name of the IANA list, such as Europe/Berlin.'}
      </span>
    </div>
  )
}

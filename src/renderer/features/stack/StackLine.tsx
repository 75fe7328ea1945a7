import {
  Circle,
  CircleDashed,
  Clock3,
  ExternalLink,
  Keyboard,
  LockKeyhole,
  LockKeyholeOpen,
  RotateCw,
  TriangleAlert,
} from 'lucide-react'
import { Button as AriaButton, Dialog, DialogTrigger, Popover } from 'react-aria-components'
import type { Part } from '../../../contract/model.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyLine } from '../../ui/Copy.tsx'
import { useNow } from '../../ui/clock.ts'
import { ProgressBar } from '../../ui/ProgressBar.tsx'
import { useTimes } from '../../ui/times.tsx'
import { bannerText } from '../drills/drillsStore.ts'
import { lineWords as keysWords } from '../encryption/keysStore.ts'
import { inLine, type PartName, partLabels, partNames, whyActionsAreOff } from './stackStore.ts'
import './stack.css'

const stateWords: Record<Part['state'], string> = { up: 'up', starting: 'starting', down: 'down', off: 'off' }
const toneOf: Record<Part['state'], string> = { up: 'good', starting: 'run', down: 'bad', off: 'idle' }

/** @param asks somebody has to see to a part that is up */
function StateSign({ state, asks = false }: { state: Part['state']; asks?: boolean }) {
  if (state === 'up' && asks) return <TriangleAlert size={13} className="tone-human" aria-hidden />
  if (state === 'down') return <TriangleAlert size={13} className="tone-bad" aria-hidden />
  if (state === 'starting') return <CircleDashed size={11} className="tone-run" aria-hidden />
  if (state === 'off') return <Circle size={9} className="tone-idle" aria-hidden />
  return <Circle size={9} fill="currentColor" className="tone-good" aria-hidden />
}

/** Parts whose summary is always worth its place; the others say theirs when something is to be said. */
const alwaysSummed: ReadonlySet<PartName> = new Set(['temporal', 'postgres', 'worker', 'disk'])

/** What a part says in the line: how to reach it while it is up, else that it is not. */
const lineWords = (name: PartName, { state, summary }: Part) =>
  name !== 'disk' && alwaysSummed.has(name) && (state === 'starting' || state === 'down')
    ? stateWords[state]
    : summary || stateWords[state]

/** The stack's health as one line; each item opens into details and what can be done. */
export function StackLine({ onHelp, onTimes }: { onHelp: () => void; onTimes: () => void }) {
  const health = useIn('stack', (s) => s.health)
  const connection = useIn('stack', (s) => s.connection)
  return (
    <section className="stack" aria-label="Health of the stack">
      {health ? (
        partNames
          .filter((name) => inLine(name, health[name]))
          .map((name) => (
            <Item key={name} name={name} part={health[name]} uiUrl={name === 'temporal' ? health.temporalUiUrl : null} />
          ))
      ) : (
        <span className="faint">
          {connection === 'open' ? 'Asking for the stack’s health…' : 'The stack’s health is not known.'}
        </span>
      )}
      <EncryptionItem />
      <span className="grow" />
      {health && health.profile !== 'embedded' ? <span className="faint stack-profile">profile {health.profile}</span> : null}
      <DrillBanner />
      <TimesItem onPress={onTimes} />
      <button type="button" className="stack-item" title="Keys (?)" onClick={onHelp}>
        <Keyboard size={13} aria-hidden />
        <span className="stack-words">Keys</span> <kbd>?</kbd>
      </button>
    </section>
  )
}

/** How times are said now; leads to the choice. */
function TimesItem({ onPress }: { onPress: () => void }) {
  const relative = useIn('times', (s) => s.relative)
  const zone = useIn('times', (s) => s.zone)
  return (
    <button type="button" className="stack-item" title="How times are shown (t, z)" onClick={onPress}>
      <Clock3 size={13} aria-hidden />
      <span className="sr-only">Times: </span>
      <span className="stack-words">
        {relative ? 'From now' : zone === 'local' ? 'Local time' : (zone.split('/').at(-1) ?? zone).replaceAll('_', ' ')}
      </span>
    </button>
  )
}

/** Whether new payloads are sealed, and with which key; impossible to overlook while they are not. Leads to its place. */
function EncryptionItem() {
  const { route } = useConsole()
  const state = useIn('keys', (s) => s.state)
  const line = keysWords(state)
  if (!line || !state) return null
  const inClear = !state.encrypting
  const Sign = inClear ? LockKeyholeOpen : LockKeyhole
  return (
    <span role="status" className="stack-encryption">
      <button
        type="button"
        className={inClear ? 'in-clear-banner' : 'stack-item'}
        title={state.problem ?? state.warning ?? line.words}
        onClick={() => route.getState().go({ place: 'encryption', run: null, full: false })}
      >
        <Sign size={13} aria-hidden className={inClear ? undefined : `tone-${line.tone}`} />
        <span className={inClear ? undefined : `ellipsis ${line.tone === 'good' ? 'faint' : `tone-${line.tone}`}`}>
          {line.words}
        </span>
      </button>
    </span>
  )
}

/** Impossible to overlook while a fault is on; leads to its switch. */
function DrillBanner() {
  const { route } = useConsole()
  const state = useIn('drills', (s) => s.state)
  const now = useNow()
  const times = useTimes()
  const text = bannerText(state, new Date(now), times)
  return (
    <span role="status" className="drill-banner-place">
      {text === null ? null : (
        <button
          type="button"
          className="drill-banner"
          title={text}
          onClick={() => route.getState().go({ place: 'drills', run: null, full: false })}
        >
          <TriangleAlert size={13} aria-hidden />
          <span className="ellipsis">{text}</span>
        </button>
      )}
    </span>
  )
}

function Item({ name, part, uiUrl }: { name: PartName; part: Part; uiUrl: string | null }) {
  const { stack } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const retrying = useIn('stack', (s) => s.retrying)
  const problem = useIn('stack', (s) => s.problem)
  const label = partLabels[name]
  const asks = name === 'disk' && part.remedy !== ''
  const share = part.progress === null ? null : Math.round(part.progress * 100)
  const summed = alwaysSummed.has(name) || part.state !== 'up'
  return (
    <DialogTrigger>
      <AriaButton className={`stack-item ${part.state}${summed ? ' summed' : ''}`} data-part={name} data-state={part.state}>
        <StateSign state={part.state} asks={asks} />
        <span>{label}</span>
        {summed ? (
          <span
            className={`ellipsis stack-summary ${part.state === 'up' ? 'faint' : `tone-${toneOf[part.state]}`}`}
            title={lineWords(name, part)}
          >
            {lineWords(name, part)}
            {share === null ? '' : ` ${share} %`}
          </span>
        ) : null}
        {/* The sign's words; the line says a state only where it is not well. */}
        {part.state === 'up' ? <span className="sr-only">, up</span> : null}
      </AriaButton>
      <Popover className="popover" placement="top start" offset={6}>
        <Dialog className="stack-detail" aria-label={label}>
          <div className="stack-title">
            <StateSign state={part.state} asks={asks} />
            <h2>{label}</h2>
            <span className={`tag ${toneOf[part.state]}`}>{stateWords[part.state]}</span>
          </div>
          <p className="muted">{part.summary}</p>
          {part.detail ? <p className="wrap">{part.detail}</p> : null}
          {share === null ? null : <ProgressBar label={label} share={part.progress} />}
          {part.remedy ? (
            <div className="stack-remedy">
              <h3>What you can do</h3>
              <p className="wrap">{part.remedy}</p>
            </div>
          ) : null}
          {part.address ? <CopyLine text={part.address} what="the address" /> : null}
          {uiUrl ? (
            <a href={uiUrl} target="_blank" rel="noreferrer" className="stack-link">
              Temporal Web UI <ExternalLink size={12} aria-hidden />
            </a>
          ) : null}
          {part.state === 'down' || part.state === 'starting' ? (
            <div>
              <Button size="small" offBecause={off} isDisabled={retrying} onPress={() => void stack.getState().retry()}>
                <RotateCw size={12} aria-hidden />
                {retrying ? 'Trying…' : 'Try again'}
              </Button>
            </div>
          ) : null}
          {problem ? <p className="error-text">{problem}</p> : null}
        </Dialog>
      </Popover>
    </DialogTrigger>
  )
}

import { ChevronRight, CircleAlert, CircleCheck, CircleDashed, CircleDot, LoaderCircle, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { CodeFile, GuidePhase, GuideState, GuideStep, GuideStepState } from '../../../contract/guide.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Note } from '../../ui/Note.tsx'
import { problemText } from '../../ui/problem.ts'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { Architecture } from './Architecture.tsx'
import { phaseAt, seenOf } from './guideStore.ts'
import { breakable, sightWords } from './sightWords.tsx'
import './guide.css'

/** The guided demonstration, beside whatever else is looked at: six phases, each thing ticked off once it was observed. */
export default function GuidePanel() {
  const { guide } = useConsole()
  const state = useIn('guide', (s) => s.state)
  const problem = useIn('guide', (s) => s.problem)
  const putBack = useIn('guide', (s) => s.putBack)
  const connection = useIn('stack', (s) => s.connection)
  const [code, setCode] = useState<CodeFile | null>(null)
  const [ending, setEnding] = useState(false)
  useEffect(() => {
    if (connection === 'open') void guide.getState().fetch()
  }, [guide, connection])
  return (
    <aside className="guide" aria-label="Demonstration">
      <header className="guide-top">
        <h2>Demonstration</h2>
        <span className="grow" />
        {state ? <PlayAll state={state} /> : null}
        <IconButton size="small" label="Close the demonstration (g, p)" onPress={() => guide.getState().toggle()}>
          <X size={15} aria-hidden />
        </IconButton>
      </header>
      <div className="guide-body scroll">
        {problem ? (
          <Note tone="bad">
            <p className="wrap">{problem}</p>
          </Note>
        ) : null}
        {putBack ? (
          <Note tone="good">
            <p className="wrap">
              {putBack.length === 0 ? 'Ended. There was nothing to clean up.' : `Ended. Cleaned up: ${putBack.join(', ')}.`}
            </p>
          </Note>
        ) : null}
        {state ? <Phases state={state} onCode={setCode} /> : <p className="faint">Asking how far it is…</p>}
      </div>
      {state?.begunAt ? (
        <footer className="guide-foot">
          <p className="faint grow wrap">
            {state.toPutBack.length > 0
              ? `To put back: ${state.toPutBack.join(', ')}.`
              : 'Drills and encryption are as they were.'}
          </p>
          <Button size="small" onPress={() => setEnding(true)}>
            Clean up…
          </Button>
        </footer>
      ) : null}
      {code ? <CodeDialog file={code} onClose={() => setCode(null)} /> : null}
      {ending && state ? <EndDialog state={state} onClose={() => setEnding(false)} /> : null}
    </aside>
  )
}

function PlayAll({ state }: { state: GuideState }) {
  const { guide } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  if (state.playing !== null) {
    return (
      <Button size="small" offBecause={off} onPress={() => void guide.getState().stop()}>
        Stop
      </Button>
    )
  }
  if (phaseAt(state) === null) return null
  return (
    <Button size="small" offBecause={off ?? state.unavailable} onPress={() => void guide.getState().play('all')}>
      Play it all
    </Button>
  )
}

function Phases({ state, onCode }: { state: GuideState; onCode: (file: CodeFile) => void }) {
  const { guide } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  // What the operator opened or closed by hand stays so; else the phase that is at hand is open. The parts stay in sight
  // until the first run is over: they are up long before anybody has looked at them.
  const [chosen, setChosen] = useState<Record<number, boolean>>({})
  const at = phaseAt(state)
  return (
    <>
      {state.begunAt === null ? (
        <div className="guide-begin">
          <p>
            Six phases show what the pipeline survives, with real files, real servers and real failures. Each point is ticked off
            once it was observed in Temporal, in Postgres or at an endpoint. Do a step here or wherever it is done in the console.
          </p>
          {state.unavailable ? (
            <Note tone="human">
              <p className="wrap">{state.unavailable}</p>
            </Note>
          ) : (
            <Button look="primary" offBecause={off} onPress={() => void guide.getState().begin()}>
              Begin
            </Button>
          )}
        </div>
      ) : state.phases.length > 0 && at === null ? (
        <Note tone="good">
          <p>Everything was observed. Clean up ends the runs that still wait, and puts back what was switched.</p>
        </Note>
      ) : null}
      {state.phases.map((phase) => (
        <Phase
          key={phase.number}
          phase={phase}
          begun={state.begunAt !== null}
          playing={state.playing === phase.number || (state.playing === 'all' && at === phase.number)}
          isOpen={chosen[phase.number] ?? (state.begunAt !== null && (at === phase.number || (phase.number === 1 && at === 2)))}
          onToggle={(open) => setChosen((before) => ({ ...before, [phase.number]: open }))}
          onCode={onCode}
        />
      ))}
    </>
  )
}

interface PhaseProps {
  phase: GuidePhase
  begun: boolean
  playing: boolean
  isOpen: boolean
  onToggle: (open: boolean) => void
  onCode: (file: CodeFile) => void
}

function Phase({ phase, begun, playing, isOpen, onToggle, onCode }: PhaseProps) {
  const { guide } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const { seen, of } = seenOf(phase)
  const isOver = seen === of
  return (
    <section className="guide-phase" aria-label={`Phase ${phase.number}: ${phase.title}`}>
      <h3>
        <button type="button" className="guide-phase-head" aria-expanded={isOpen} onClick={() => onToggle(!isOpen)}>
          <ChevronRight size={14} aria-hidden className="guide-chevron" />
          <span className="grow">
            {phase.number}. {phase.title}
          </span>
          {isOver ? <CircleCheck size={14} className="tone-good" aria-hidden /> : null}
          <span className="faint">
            {`${seen}/${of}`}
            <span className="sr-only"> seen</span>
          </span>
        </button>
      </h3>
      {isOpen ? (
        <div className="guide-phase-body">
          <p className="muted">{phase.about}</p>
          {phase.number === 1 ? <Architecture /> : null}
          <ol className="guide-steps">
            {phase.steps.map((step) => (
              <Step key={step.id} phase={phase.number} step={step} playing={playing} onCode={onCode} />
            ))}
          </ol>
          {begun ? (
            <div className="guide-phase-foot">
              {playing ? (
                <Button size="small" offBecause={off} onPress={() => void guide.getState().stop()}>
                  Stop
                </Button>
              ) : isOver ? null : (
                <Button size="small" offBecause={off} onPress={() => void guide.getState().play(phase.number)}>
                  Play this phase
                </Button>
              )}
              {seen > 0 && phase.number !== 1 && !playing ? (
                <Button size="small" look="quiet" offBecause={off} onPress={() => void guide.getState().again(phase.number)}>
                  Begin it anew
                </Button>
              ) : null}
            </div>
          ) : null}
        </div>
      ) : null}
    </section>
  )
}

const signs: Record<GuideStepState, { Sign: typeof CircleCheck; tone: string; words: string }> = {
  ahead: { Sign: CircleDashed, tone: 'tone-idle', words: 'not yet' },
  ready: { Sign: CircleDot, tone: 'tone-human', words: 'waits for you' },
  doing: { Sign: LoaderCircle, tone: 'tone-run', words: 'being done' },
  watching: { Sign: LoaderCircle, tone: 'tone-run', words: 'being looked for' },
  seen: { Sign: CircleCheck, tone: 'tone-good', words: 'seen' },
  missing: { Sign: CircleAlert, tone: 'tone-bad', words: 'missing' },
}

interface StepProps {
  phase: number
  step: GuideStep
  playing: boolean
  onCode: (file: CodeFile) => void
}

function Step({ phase, step, playing, onCode }: StepProps) {
  const { guide, route } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const { Sign, tone, words } = signs[step.state]
  const { code } = step
  const act = () => {
    if (code) onCode(code)
    void guide.getState().act(phase, step.id)
  }
  const actable = !playing && (step.state === 'missing' || (step.state === 'ready' && step.does !== null))
  return (
    <li className={`guide-step ${step.state}`}>
      <Sign size={14} className={tone} aria-hidden />
      <div className="guide-step-body">
        <span className="wrap">
          {breakable(step.words)}
          <span className="sr-only"> ({words})</span>
        </span>
        {step.detail ? (
          <span className={`guide-detail wrap ${step.state === 'missing' ? 'tone-bad' : 'faint'}`}>
            {sightWords(step.detail)}
          </span>
        ) : null}
        {actable ? (
          <span className="guide-do">
            <Button size="small" look={step.state === 'ready' ? 'primary' : 'plain'} offBecause={off} onPress={act}>
              {step.does === null ? 'Look again' : step.state === 'missing' ? 'Do it again' : 'Do it'}
            </Button>
            {step.does === null ? null : <span className="faint wrap">{breakable(step.does)}</span>}
          </span>
        ) : null}
        {step.state === 'seen' && code ? (
          <Button size="small" look="link" onPress={() => onCode(code)}>
            Read it again
          </Button>
        ) : null}
        {step.workflowId !== null && step.does !== null && step.state === 'seen' ? (
          <Button
            size="small"
            look="link"
            onPress={() => route.getState().go({ place: 'runs', run: step.workflowId, full: false })}
          >
            Open the run
          </Button>
        ) : null}
      </div>
    </li>
  )
}

function CodeDialog({ file, onClose }: { file: CodeFile; onClose: () => void }) {
  const { guide } = useConsole()
  const [text, setText] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    guide
      .getState()
      .code(file)
      .then(setText, (cause) => setProblem(problemText(cause)))
  }, [guide, file])
  return (
    <Dialog
      title={<span className="mono">src/temporal/{file}</span>}
      isOpen
      size="wide"
      onClose={onClose}
      foot={
        <>
          <span className="grow faint">As it is in this version of Gatehouse.</span>
          <Button onPress={onClose}>Close</Button>
        </>
      }
    >
      {problem ? (
        <Note tone="bad">
          <p className="wrap">{problem}</p>
        </Note>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        <section className="guide-code scroll" tabIndex={0} aria-label={`Code of ${file}`}>
          <pre className="mono">{text ?? ''}</pre>
        </section>
      )}
    </Dialog>
  )
}

function EndDialog({ state, onClose }: { state: GuideState; onClose: () => void }) {
  const { guide } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const [sending, setSending] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const end = async () => {
    setSending(true)
    setProblem(null)
    try {
      await guide.getState().end()
      onClose()
    } catch (cause) {
      setSending(false)
      setProblem(problemText(cause))
    }
  }
  return (
    <Dialog
      title="Clean up and end the demonstration?"
      isOpen
      onClose={onClose}
      foot={
        <>
          <span className="grow" />
          <Button onPress={onClose}>Go on with it</Button>
          <Button look="primary" isDisabled={sending} offBecause={off} onPress={() => void end()}>
            {sending ? 'Cleaning up…' : 'Clean up'}
          </Button>
        </>
      }
    >
      <p>It puts back what the demonstration changed:</p>
      <ul className="guide-list">
        {state.toPutBack.map((words) => (
          <li key={words}>{words}</li>
        ))}
        <li>runs of its files that still go on are cancelled, those that wait for a human are rejected</li>
        <li>production serves again what it served before, where the demonstration's model took its place</li>
      </ul>
      <p className="faint">
        Runs that ended, their experiments and the audit log stay: they happened. Where production served nothing before, it keeps
        the demonstration's model.
      </p>
      {problem ? (
        <Note tone="bad">
          <p className="wrap">{problem}</p>
        </Note>
      ) : null}
    </Dialog>
  )
}

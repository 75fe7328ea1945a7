import { isWorkerProcessOn, processWords, type WorkersState } from '../../../contract/workers.ts'
import { useConsole } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { CheckBox } from '../../ui/CheckBox.tsx'

/** Named one by one up to here. */
const mostNamed = 3

/** Workers that a crash can hit now: each in a process of its own on the host's machine. */
export function crashTargets({ workers, process }: WorkersState): string[] {
  const names = new Set(workers.filter(({ beside }) => beside).map(({ identity }) => identity))
  // Known here before Temporal lists it.
  if (process?.state === 'polling' && process.identity !== null) names.add(process.identity)
  return [...names]
}

/** true where nobody is there to be hit, and the drill may bring somebody along. */
export const canBringWorker = (state: WorkersState | null): boolean =>
  state !== null && state.problem === null && crashTargets(state).length === 0 && !isWorkerProcessOn(state.process)

interface Props {
  state: WorkersState | null
  isOn: boolean
  /** The drill that is on brought its worker along. */
  brought: boolean
  bring: boolean
  onBring(bring: boolean): void
}

/** Whom the drill can hit; where that is nobody, the offer to bring a worker process along. */
export function CrashTargets({ state, isOn, brought, bring, onBring }: Props) {
  const { route } = useConsole()
  if (state === null) return null
  const targets = crashTargets(state)
  const { process } = state
  const toWorkers = (
    <Button size="small" look="link" onPress={() => route.getState().go({ place: 'workers', run: null, full: false })}>
      Open Workers
    </Button>
  )
  if (canBringWorker(state) && !isOn) {
    return (
      <div className="drill-words drill-target">
        <p>No worker process runs that it could hit.</p>
        <CheckBox
          label="Start one for it; it ends with the drill, once the runs that were hit are through"
          isOn={bring}
          onChange={onBring}
        />
      </div>
    )
  }
  return (
    <div className="drill-words drill-target" role="status">
      {state.problem ? <p>Whom it can hit is not known now. {state.problem}</p> : <Targets targets={targets} state={state} />}
      {process && process.state !== 'polling' && process.state !== 'ended' ? (
        <p>
          The worker process: {processWords(process)} {toWorkers}
        </p>
      ) : null}
      {isOn && targets.length === 0 && !isWorkerProcessOn(process) ? (
        <p>Start a worker process for it to hit. {toWorkers}</p>
      ) : null}
      {brought && process?.forDrill ? <p>Its worker process ends with the drill.</p> : null}
    </div>
  )
}

function Targets({ targets, state }: { targets: string[]; state: WorkersState }) {
  if (targets.length === 0) return <p>Nobody works now whom it could hit.</p>
  if (targets.length > mostNamed) return <p>It can hit {targets.length} worker processes on this machine.</p>
  return (
    <p className="wrap">
      It can hit{' '}
      {targets.map((identity, index) => (
        <span key={identity}>
          {index === 0 ? '' : ', '}
          <bdi className="mono">{identity}</bdi>
          {identity === state.process?.identity ? ' (started by this host)' : ''}
        </span>
      ))}
      .
    </p>
  )
}

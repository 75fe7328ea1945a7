import { Cpu } from 'lucide-react'
import { useId, useState } from 'react'
import { spanWords } from '../../../contract/sentence.ts'
import { reasonWords, type WorkerInfo, type WorkersState, waitingWords } from '../../../contract/workers.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { useNow } from '../../ui/clock.ts'
import { Note } from '../../ui/Note.tsx'
import { Moment } from '../../ui/times.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { SwitchDialog } from './SwitchDialog.tsx'
import { useWorkersState } from './useWorkersState.ts'
import { WorkerProcessCard } from './WorkerProcessCard.tsx'
import './workers.css'
import { Skeleton } from '../../ui/Skeleton.tsx'

/** Who works on the pipelines' steps, wherever it runs, and the switch of this host's own worker. */
export default function WorkersView() {
  const { workers } = useConsole()
  const load = useIn('workers', (s) => s.load)
  const problem = useIn('workers', (s) => s.problem)
  const state = useWorkersState()
  if (load === 'failed') {
    return (
      <div className="runs-message">
        <p>The workers could not be asked for: {problem}</p>
        <Button onPress={() => void workers.getState().fetch()}>Try again</Button>
      </div>
    )
  }
  if (!state) return <Skeleton of="the workers" />
  return (
    <div className="workers-view scroll">
      <div className="workers-page">
        <Own state={state} />
        <WorkerProcessCard process={state.process} />
        <All state={state} />
        <More />
      </div>
    </div>
  )
}

function Own({ state: { stopped } }: { state: WorkersState }) {
  const off = useIn('stack', whyActionsAreOff)
  const part = useIn('stack', (s) => s.health?.worker ?? null)
  const [asking, setAsking] = useState(false)
  const id = useId()
  return (
    <section className="worker-own" aria-labelledby={id}>
      <div className="worker-head">
        <h2 id={id}>The worker of this host</h2>
        <span className="grow" />
        <Button look={stopped ? 'primary' : 'plain'} offBecause={off} onPress={() => setAsking(true)}>
          {stopped ? 'Start the worker…' : 'Stop the worker…'}
        </Button>
      </div>
      {stopped ? (
        <Note tone="human">
          <p className="wrap">
            Stopped by <bdi>{stopped.by}</bdi>, <Moment at={stopped.at} />: {reasonWords(stopped.reason)}. It stays so until
            somebody starts it here, or Gatehouse is started anew.
          </p>
        </Note>
      ) : (
        <p className="muted">
          {part?.state === 'up' ? `It works: ${part.summary} steps under way.` : (part?.detail ?? 'Its state is not known now.')}{' '}
          {part?.state === 'up' ? '' : part?.remedy}
        </p>
      )}
      {asking ? <SwitchDialog what="own" on={stopped !== null} onClose={() => setAsking(false)} /> : null}
    </section>
  )
}

function All({ state: { workers, process, waiting, problem } }: { state: WorkersState }) {
  const id = useId()
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>All workers</h2>
      {problem ? (
        <Note tone="bad">
          <p className="wrap">{problem}</p>
        </Note>
      ) : (
        <p className="muted workers-waiting">{waitingWords(waiting) ?? 'Nothing waits for a worker.'}</p>
      )}
      {workers.length === 0 ? (
        problem ? null : (
          <p className="tone-human">Nobody works on this queue now: runs wait, and nothing is lost.</p>
        )
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keys too
        <section className="workers-scroll" tabIndex={0} aria-label="Workers of this queue">
          <table className="workers-table">
            <thead>
              <tr>
                <th>Worker</th>
                <th>Steps under way</th>
                <th>Process</th>
                <th>Task queue</th>
                <th>Version</th>
                <th>Runs for</th>
                <th>Heard of</th>
              </tr>
            </thead>
            <tbody>
              {workers.map((worker) => (
                <Row
                  key={`${worker.identity} ${worker.host} ${worker.processId} ${worker.startedAt}`}
                  worker={worker}
                  isOurs={worker.identity === process?.identity}
                />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  )
}

/** @param isOurs this host has started it */
function Row({ worker, isOurs }: { worker: WorkerInfo; isOurs: boolean }) {
  const now = useNow()
  const { slots } = worker
  return (
    <tr>
      <td>
        <span className="worker-name">
          <Cpu size={13} aria-hidden className="tone-good" />
          <bdi className="mono ellipsis" title={worker.identity}>
            {worker.identity}
          </bdi>
          {worker.here ? <span className="tag run">this host</span> : null}
          {isOurs ? <span className="tag run nowrap">started here</span> : null}
        </span>
      </td>
      <td className="nowrap">
        {slots ? (
          <>
            {slots.used} <span className="faint">of {slots.total}</span>
          </>
        ) : (
          <span className="faint">not told</span>
        )}
      </td>
      <td>
        {worker.host ? (
          <>
            <bdi className="nowrap">{worker.host}</bdi>{' '}
            <span className="faint nowrap">process {worker.processId ?? 'unknown'}</span>
          </>
        ) : (
          <span className="faint">not told</span>
        )}
      </td>
      <td className="mono nowrap">{worker.taskQueue}</td>
      <td title={worker.build ?? undefined}>
        <span className="nowrap">{worker.sdk ?? <span className="faint">not told</span>}</span>{' '}
        {worker.build ? <span className="faint nowrap">code {shortBuild(worker.build)}</span> : null}
      </td>
      <td className="nowrap">
        {worker.startedAt ? spanWords(now - Date.parse(worker.startedAt)) : <span className="faint">not told</span>}
      </td>
      <td className="nowrap">{spanWords(Math.max(0, now - Date.parse(worker.lastSeenAt)))} ago</td>
    </tr>
  )
}

/** The SDK's own build ids end with a hash of the workflow's code; its beginning tells two versions apart. */
const shortBuild = (build: string) => (build.split('+').at(-1) ?? build).slice(0, 8)

function More() {
  const id = useId()
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>More workers</h2>
      <p className="muted">
        <code>gatehouse worker</code> adds further ones, on this machine or on another that shares the data folder and the keys;{' '}
        <code>docs/scaling.md</code> says how, and how to go from the embedded server to a cluster.
      </p>
    </section>
  )
}

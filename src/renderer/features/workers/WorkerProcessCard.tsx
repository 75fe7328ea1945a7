import { useId, useState } from 'react'
import { isWorkerProcessOn, processWords, reasonWords, type WorkerProcess } from '../../../contract/workers.ts'
import { useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { Note } from '../../ui/Note.tsx'
import { Moment } from '../../ui/times.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { SwitchDialog } from './SwitchDialog.tsx'

/** The worker in a process of its own that this host starts: how it is, who asked for it, and its switch. */
export function WorkerProcessCard({ process }: { process: WorkerProcess | null }) {
  const off = useIn('stack', whyActionsAreOff)
  const [asking, setAsking] = useState<'on' | 'off' | null>(null)
  const id = useId()
  const isOn = isWorkerProcessOn(process)
  return (
    <section className="worker-own" aria-labelledby={id}>
      <div className="worker-head">
        <h2 id={id}>A worker process of this host</h2>
        <span className="grow" />
        <Button
          offBecause={off ?? (process?.state === 'ending' ? 'It is ending.' : null)}
          onPress={() => setAsking(isOn ? 'off' : 'on')}
        >
          {isOn ? 'Stop the worker process…' : 'Start a worker process…'}
        </Button>
      </div>
      <div className="worker-process" role="status">
        {process === null ? (
          <p className="muted">
            None runs. It would share the steps with the worker of this host, and the drill “Worker crash” can kill it without the
            console.
          </p>
        ) : (
          <State process={process} />
        )}
      </div>
      {asking ? <SwitchDialog what="process" on={asking === 'on'} onClose={() => setAsking(null)} /> : null}
    </section>
  )
}

function State({ process }: { process: WorkerProcess }) {
  const { state, by, reason, since, forDrill } = process
  const words = processWords(process)
  const who = (
    <p className="muted wrap">
      Started by <bdi>{by}</bdi>: {reasonWords(reason)}.{' '}
      {forDrill ? 'It ends with the drill, once the runs that it hit are through.' : 'It ends with Gatehouse.'}
    </p>
  )
  switch (state) {
    case 'polling':
    case 'starting':
      return (
        <>
          <p className="wrap">
            {words} <span className="faint">Since</span> <Moment at={since} />.
          </p>
          {who}
        </>
      )
    case 'again':
      return (
        <>
          <Note tone="human">
            <p className="wrap">{words}</p>
          </Note>
          {who}
        </>
      )
    case 'ending':
      return <p className="wrap">{words}</p>
    case 'failed':
      return (
        <Note tone="bad">
          <p className="wrap">
            Ended <Moment at={since} />. {words}
          </p>
        </Note>
      )
    case 'ended':
      return (
        <p className="muted wrap">
          Ended <Moment at={since} />. {words}
        </p>
      )
  }
}

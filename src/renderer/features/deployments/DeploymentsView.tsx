import { Undo2 } from 'lucide-react'
import { useEffect, useId } from 'react'
import type { DeploymentRecord, EnvironmentState } from '../../../contract/models.ts'
import { spanWords } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyButton, CopyLine } from '../../ui/Copy.tsx'
import { useNow } from '../../ui/clock.ts'
import { Note } from '../../ui/Note.tsx'
import { plainText } from '../../ui/plainText.ts'
import { Moment } from '../../ui/times.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'
import { curlExample, earlierModels } from './deploymentsStore.ts'
import { RollBackDialog } from './RollBackDialog.tsx'
import './deployments.css'
import { Skeleton } from '../../ui/Skeleton.tsx'

export const environmentWords = { dev: 'Dev', prod: 'Production' } as const

/** What each environment serves, who decided it, and what it served before. */
export default function DeploymentsView() {
  const { deployments } = useConsole()
  const load = useIn('deployments', (s) => s.load)
  const problem = useIn('deployments', (s) => s.problem)
  const gap = useIn('deployments', (s) => s.gap)
  const environments = useIn('deployments', (s) => s.environments)
  useEffect(() => {
    void deployments.getState().fetch()
  }, [deployments])
  if (load === 'failed') {
    return (
      <div className="runs-message">
        <p>The deployments could not be read: {problem}</p>
        <Button onPress={() => void deployments.getState().fetch()}>Try again</Button>
      </div>
    )
  }
  if (load === 'loading') {
    return <Skeleton of="the deployments" />
  }
  return (
    <div className="scroll deployments-view">
      <div className="deployments-page">
        {problem || gap ? (
          <Note tone="human">
            <p>{problem ? `This may be out of date: ${problem}` : gap}</p>
          </Note>
        ) : null}
        <div className="environments">
          {environments.map((state) => (
            <EnvironmentCard key={state.environment} state={state} />
          ))}
        </div>
        {[...environments].reverse().map((state) => (
          <History key={state.environment} state={state} />
        ))}
      </div>
      <RollBackDialog />
    </div>
  )
}

function ModelLink({ record }: { record: Pick<DeploymentRecord, 'modelId' | 'fileName'> }) {
  const { route } = useConsole()
  return (
    <a
      className="ellipsis"
      href={`#/models/${encodeURIComponent(record.modelId)}`}
      title={plainText(record.fileName ?? record.modelId)}
      onClick={(event) => {
        event.preventDefault()
        route.getState().go({ place: 'models', model: record.modelId, beside: null })
      }}
    >
      <bdi>{plainText(record.fileName ?? record.modelId)}</bdi>
    </a>
  )
}

function EnvironmentCard({ state }: { state: EnvironmentState }) {
  const { deployments } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const id = useId()
  const now = useNow()
  const { environment, served, address, problem, pending } = state
  const example = curlExample(state)
  const earlier = earlierModels(state)
  const nothing =
    earlier.length === 0 ? 'No other model was deployed here before.' : pending ? 'A roll back is under way already.' : null
  return (
    <section className={`environment ${environment}`} aria-labelledby={id}>
      <div className="environment-head">
        <h2 id={id}>{environmentWords[environment]}</h2>
        {served ? null : <span className="tag">Serves nothing</span>}
        <span className="grow" />
        <Button size="small" offBecause={off ?? nothing} onPress={() => deployments.getState().startRollBack(environment, null)}>
          <Undo2 size={13} aria-hidden />
          Roll back…
        </Button>
      </div>
      {problem ? (
        <Note tone="human">
          <p>{problem}</p>
        </Note>
      ) : null}
      {pending ? (
        <Note tone="human">
          <p>
            {pending.operator} decided to roll back to <span className="mono">{pending.modelId}</span>, <Moment at={pending.at} />
            . {pending.problem ?? 'It is under way.'}
            {pending.problem ? ' The decision is kept and goes on by itself.' : ''}
          </p>
        </Note>
      ) : null}
      {served ? (
        <>
          <p className="environment-model">
            <ModelLink record={served} />
          </p>
          <dl className="facts">
            <dt>Model</dt>
            <dd>
              <CopyLine text={served.modelId} what="the model id" />
            </dd>
            <dt>Address</dt>
            <dd>{address ? <CopyLine text={address} what="the address" /> : <span className="faint">none now</span>}</dd>
            <dt>Since</dt>
            <dd>
              <Moment at={served.at} /> <span className="faint"> ({spanWords(now - Date.parse(served.at))})</span>
            </dd>
            <dt>Decided by</dt>
            <dd>{deciderWords(served)}</dd>
            {served.reason ? (
              <>
                <dt>Why</dt>
                <dd className="wrap">
                  <bdi>{plainText(served.reason)}</bdi>
                </dd>
              </>
            ) : null}
          </dl>
        </>
      ) : (
        <>
          <p className="faint">
            {environment === 'prod'
              ? 'The first model that is approved is served here.'
              : 'The first model that passes the quality gate is served here.'}
          </p>
          {address ? <CopyLine text={address} what="the address" /> : null}
        </>
      )}
      {example ? (
        <div className="example">
          <div className="example-head">
            <span>Ask it for a prediction</span>
            <CopyButton text={example} what="the request" />
          </div>
          <pre>{example}</pre>
        </div>
      ) : served && address ? (
        <p className="faint">This model answers no predictions; the page of the model says why.</p>
      ) : null}
    </section>
  )
}

function deciderWords({ environment, kind, operator }: DeploymentRecord): string {
  if (kind === 'rollBack') return `${operator ?? 'somebody'}, a roll back`
  if (operator) return operator
  return environment === 'dev'
    ? 'nobody had to: dev takes each model that passes the gate'
    : 'a Temporal client that gave no name'
}

const kindWords: Record<DeploymentRecord['kind'], string> = {
  run: 'Deployed',
  rollBack: 'Rolled back to',
  undone: 'Switch undone',
}
const firstRecords = 20

function History({ state }: { state: EnvironmentState }) {
  const { deployments } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const id = useId()
  const { environment, history, served, pending } = state
  const offered = new Set(earlierModels(state).map((record) => record.id))
  if (history.length === 0) return null
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>
        {environmentWords[environment]}, what was served{' '}
        {history.length > firstRecords ? <span className="faint">· the latest {firstRecords}</span> : null}
      </h2>
      <table className="served">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">What</th>
            <th scope="col">Model</th>
            <th scope="col">By</th>
            <th scope="col">Why</th>
            <th scope="col">
              <span className="sr-only">Roll back</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {history.slice(0, firstRecords).map((record) => (
            <tr key={record.id}>
              <td className="nowrap faint">
                <Moment at={record.at} />
              </td>
              <td className={record.kind === 'undone' ? 'nowrap tone-bad' : 'nowrap'}>
                {kindWords[record.kind]}
                {record.id === served?.id ? <span className="tag good">now</span> : null}
              </td>
              <td className="served-model">
                <ModelLink record={record} />
              </td>
              <td className="served-by">{record.operator ?? <span className="faint">–</span>}</td>
              <td className="served-why muted">
                <bdi>{plainText(record.reason ?? '')}</bdi>
              </td>
              <td className="right">
                {offered.has(record.id) && !pending ? (
                  <Button
                    size="small"
                    look="link"
                    offBecause={off}
                    aria-label={`Roll back ${environment} to ${record.fileName ?? record.modelId}…`}
                    onPress={() => deployments.getState().startRollBack(environment, record.modelId)}
                  >
                    Roll back…
                  </Button>
                ) : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

import { ArrowLeft, Check, ChevronDown, Columns2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
import type { DeploymentRecord, ModelDetail } from '../../../contract/models.ts'
import { durationWords } from '../../../contract/sentence.ts'
import { listMetrics } from '../../../contract/training.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { OpenRun } from '../../app/OpenRun.tsx'
import { Button } from '../../ui/Button.tsx'
import { CopyLine } from '../../ui/Copy.tsx'
import { bytesWords, count, middleCut, significant } from '../../ui/format.ts'
import { Note } from '../../ui/Note.tsx'
import { plainText } from '../../ui/plainText.ts'
import { Moment } from '../../ui/times.tsx'
import { metricWords } from '../report/compare.ts'
import { ReportView, SettingsTable } from '../report/ReportView.tsx'
import { Section } from '../run/RunPanel.tsx'
import { ModelTags } from './ModelsView.tsx'

/** One model: how it did, what it was made of and what became of it. */
export function ModelPage({ modelId }: { modelId: string }) {
  const { models, route } = useConsole()
  const state = useIn('models', (s) => s.details[modelId])
  const detail = state?.detail ?? null
  return (
    <section className="model-page" aria-label={detail ? `Model of ${detail.fileName}` : 'Model'}>
      <header className="run-top">
        <Button size="small" look="quiet" onPress={() => route.getState().go({ model: null })}>
          <ArrowLeft size={14} aria-hidden />
          Models
        </Button>
        <h2 className="ellipsis" title={plainText(detail?.fileName ?? modelId)}>
          <bdi>{plainText(detail?.fileName ?? modelId)}</bdi>
        </h2>
        {detail ? <ModelTags model={detail} /> : null}
        {detail ? <CompareMenu detail={detail} /> : null}
      </header>
      <div className="scroll model-body">
        {state?.problem ? (
          <Note tone="bad">
            <p>{detail ? `This may be out of date: ${state.problem}` : state.problem}</p>
            <Button size="small" onPress={() => models.getState().refetch()}>
              Try again
            </Button>
          </Note>
        ) : null}
        {detail ? (
          <Body detail={detail} />
        ) : state?.problem ? null : (
          <div aria-busy="true">
            <span className="sr-only">Reading the model</span>
            <span className="skeleton" style={{ width: '60%' }} />
          </div>
        )}
      </div>
    </section>
  )
}

/** Models that were trained for the same task, what is served first. */
function CompareMenu({ detail }: { detail: ModelDetail }) {
  const { route } = useConsole()
  const models = useIn('models', (s) => s.models)
  const others = models
    .filter(({ modelId, task }) => modelId !== detail.modelId && task === detail.task)
    .sort((a, b) => b.servedIn.length - a.servedIn.length || (a.createdAt < b.createdAt ? 1 : -1))
    .slice(0, 30)
  if (others.length === 0) return null
  return (
    <MenuTrigger>
      <AriaButton className="button small">
        <Columns2 size={13} aria-hidden />
        Compare with
        <ChevronDown size={12} aria-hidden />
      </AriaButton>
      <Popover placement="bottom end">
        <Menu
          className="menu compare-menu"
          aria-label="Compare with"
          onAction={(key) => route.getState().go({ model: String(key), beside: detail.modelId })}
        >
          {others.map((other) => (
            <MenuItem key={other.modelId} id={other.modelId} className="menu-item" textValue={other.fileName}>
              <bdi className="ellipsis">{plainText(other.fileName)}</bdi>
              <span className="faint nowrap">
                <Moment at={other.createdAt} />
              </span>
              <span className="grow" />
              {other.servedIn.map((environment) => (
                <span key={environment} className={environment === 'prod' ? 'tag good' : 'tag run'}>
                  {environment === 'prod' ? 'In production' : 'In dev'}
                </span>
              ))}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}

function Body({ detail }: { detail: ModelDetail }) {
  return (
    <>
      {detail.unservable ? (
        <Note>
          <p>It cannot be served: {detail.unservable}</p>
        </Note>
      ) : null}
      <div className="model-columns">
        <div className="run-column">
          {detail.report ? (
            <ReportView report={detail.report} />
          ) : (
            <>
              <p className="faint">There is no report of this training.</p>
              <Figures detail={detail} />
              <SettingsTable settings={detail.settings} />
            </>
          )}
        </div>
        <div className="run-column">
          <Section title="Lineage">
            <Lineage detail={detail} />
          </Section>
          <Section title="Decision">
            <DecisionFacts detail={detail} />
          </Section>
          <Section title="Deployments">
            {detail.deployments.length === 0 ? (
              <p className="faint">It was never deployed.</p>
            ) : (
              <ul className="deployed">
                {detail.deployments.map((record) => (
                  <DeployedLine key={record.id} record={record} />
                ))}
              </ul>
            )}
          </Section>
        </div>
      </div>
    </>
  )
}

function Figures({ detail: { metrics } }: { detail: ModelDetail }) {
  return (
    <dl className="figures">
      {listMetrics(metrics).map(({ name, value }) => (
        <div key={name}>
          <dt>{metricWords(name)}</dt>
          <dd>{significant(value)}</dd>
        </div>
      ))}
    </dl>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className="wrap">{children}</dd>
    </>
  )
}

function Lineage({ detail }: { detail: ModelDetail }) {
  return (
    <dl className="facts">
      <Fact name="Model">
        <CopyLine text={detail.modelId} what="the model id" />
      </Fact>
      <Fact name="Trained">
        <Moment at={detail.createdAt} />, in {durationWords(detail.trainingSeconds * 1000)}
      </Fact>
      <Fact name="Dataset">
        <bdi>{plainText(detail.fileName)}</bdi>
      </Fact>
      <Fact name="Rows">{count(detail.rows)}</Fact>
      <Fact name="Dataset SHA-256">
        <CopyLine text={detail.datasetSha256} what="the dataset’s hash" shown={middleCut(detail.datasetSha256, 26)} />
      </Fact>
      <Fact name="Pipeline">{detail.pipeline ?? <span className="faint">not recorded</span>}</Fact>
      <Fact name="Trainer">{detail.trainer}</Fact>
      {detail.target === null ? null : (
        <Fact name="Target">
          <bdi className="mono">{plainText(detail.target)}</bdi>
        </Fact>
      )}
      <Fact name="Code version">{detail.codeVersion ?? <span className="faint">not recorded</span>}</Fact>
      <Fact name="Model SHA-256">
        <CopyLine text={detail.modelSha256} what="the model’s hash" shown={middleCut(detail.modelSha256, 26)} />
      </Fact>
      <Fact name="Size">{bytesWords(detail.sizeBytes)}</Fact>
      <Fact name="Run">
        <OpenRun workflowId={detail.workflowId} />
      </Fact>
    </dl>
  )
}

function DecisionFacts({ detail: { decisionDetail: decision } }: { detail: ModelDetail }) {
  if (!decision) return <p className="faint">Nothing was decided about it.</p>
  const words =
    decision.decision === 'approve' ? 'Approved by' : decision.decision === 'reject' ? 'Rejected by' : 'Rejected itself'
  return (
    <dl className="facts">
      <Fact name={words}>
        {decision.decision === 'timeout'
          ? 'Nobody decided in time'
          : (decision.operator ?? 'a Temporal client that gave no name')}
      </Fact>
      <Fact name="When">
        <Moment at={decision.at} />
      </Fact>
      <Fact name="Why">{decision.reason || 'No reason was given.'}</Fact>
    </dl>
  )
}

const kindWords: Record<DeploymentRecord['kind'], string> = {
  run: 'by its run',
  rollBack: 'rolled back to',
  undone: 'switch failed, taken back',
}

function DeployedLine({ record }: { record: DeploymentRecord }) {
  return (
    <li>
      <span className={`tag ${record.environment === 'prod' ? 'good' : 'run'}`}>
        {record.environment === 'prod' ? 'Production' : 'Dev'}
      </span>
      <span className="deployed-words">
        <Moment at={record.at} />
        {record.kind === 'undone' ? null : record.until ? (
          <>
            {' '}
            to <Moment at={record.until} />
          </>
        ) : (
          ', served now'
        )}
        <span className="faint">
          {' '}
          · {kindWords[record.kind]}
          {record.operator ? ` · ${record.operator}` : ''}
        </span>
      </span>
      {record.until === null && record.kind !== 'undone' ? <Check size={13} className="tone-good" aria-hidden /> : null}
    </li>
  )
}

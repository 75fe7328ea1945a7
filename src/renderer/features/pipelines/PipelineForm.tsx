import { Plus, Trash2 } from 'lucide-react'
import { type ReactNode, useId } from 'react'
import { defaultBoostingSettings } from '../../../contract/boosting.ts'
import type { MetricName } from '../../../contract/training.ts'
import { metricLabels } from '../../../contract/training.ts'
import { useIn } from '../../app/console.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { CheckBox } from '../../ui/CheckBox.tsx'
import { Choice } from '../../ui/Choice.tsx'
import { Field } from '../../ui/Field.tsx'
import { sentenceStart } from '../../ui/format.ts'
import { RetriesTable } from '../retries/RetriesTable.tsx'
import { retryFields, retrySteps } from '../retries/retriesDraft.ts'
import {
  type BoostingField,
  boostingFields,
  type GateDraft,
  gateKinds,
  limitMetrics,
  marginMetrics,
  type PipelineDraft,
} from './pipelineDraft.ts'

const boostingWords: Record<BoostingField, string> = {
  rounds: 'Rounds, at most',
  depth: 'Depth',
  learningRate: 'Learning rate',
  rowSample: 'Share of rows per tree',
  columnSample: 'Share of columns per tree',
  l2: 'L2',
  minLeafWeight: 'Minimum leaf weight',
  minSplitGain: 'Minimum gain',
  maxBins: 'Bins, at most',
  earlyStoppingRounds: 'Stop after rounds without gain',
  seed: 'Seed',
}
const taskWords = {
  '': 'Guess it from the target',
  regression: 'Regression',
  binary: 'Two classes',
  multiclass: 'Three or more classes',
}
const trainerWords = {
  boosting: 'Gradient-boosted trees',
  command: 'A command of your own',
  demo: 'Demo trainer (invents figures)',
}
const kindWords: Record<GateDraft['kind'], string> = {
  limit: 'Fixed limit',
  baseline: 'Beats the baseline',
  production: 'Keeps up with production',
  slice: 'Worst slice',
}
const valueWords: Record<GateDraft['kind'], string> = {
  limit: 'Limit',
  baseline: 'By at least (%)',
  production: 'By at most (%)',
  slice: 'Worse by at most (%)',
}

/** One pipeline, field by field; a problem stands at the field that it is about. */
export function PipelineForm({ draft, onChange }: { draft: PipelineDraft; onChange: (change: Partial<PipelineDraft>) => void }) {
  const errors = useIn('settings', (s) => s.errors)
  const errorOf = (field: string) => errors[`pipelines.${draft.key}.${field}`] ?? null
  const text = <F extends keyof PipelineDraft>(field: F) => ({
    value: draft[field] as string,
    error: errorOf(field),
    onChange: (value: string) => onChange({ [field]: value }),
  })
  return (
    <div className="pipeline-form">
      <Field label="Name" {...text('name')} />
      <Part title="Files that it takes">
        <div className="settings-row two">
          <Field
            label="Name patterns, one in a line"
            hint="* stands for any characters, ? for one. Empty: any name."
            multiline
            placeholder="abalone_*.csv"
            {...text('patterns')}
          />
          <Field
            label="Folders, one in a line"
            hint="Full paths, subfolders included. Empty: any folder."
            multiline
            {...text('folders')}
          />
        </div>
      </Part>
      <Part title="What is learned">
        <div className="settings-row">
          <Field label="Target column" hint="Empty: the last one." {...text('target')} />
          <Choice label="Task" value={draft.task} words={taskWords} onChange={(task) => onChange({ task })} />
          <Field
            label="Tolerance"
            hint="Regression: within this a prediction counts as accurate. Empty: a tenth of the target’s spread."
            {...text('tolerance')}
          />
        </div>
        <div className="settings-row two">
          <Field label="Left out columns, one in a line" multiline {...text('ignore')} />
          <Field
            label="Names for a file without a header"
            hint="One in a line, in the file’s order."
            multiline
            {...text('columns')}
          />
        </div>
        <div className="settings-row">
          <Field
            label="Malformed rows, at most (%)"
            hint="Above this the run fails."
            inputMode="decimal"
            {...text('quarantinePercent')}
          />
        </div>
      </Part>
      <Part title="Trainer">
        <div className="settings-row two">
          <Choice label="Trainer" value={draft.trainer} words={trainerWords} onChange={(trainer) => onChange({ trainer })} />
        </div>
        {draft.trainer === 'boosting' ? (
          <div className="settings-row">
            {boostingFields.map((field) => (
              <Field
                key={field}
                label={boostingWords[field]}
                placeholder={String(defaultBoostingSettings[field])}
                inputMode="decimal"
                value={draft.boosting[field]}
                error={errorOf(`boosting.${field}`)}
                onChange={(value) => onChange({ boosting: { ...draft.boosting, [field]: value } })}
              />
            ))}
          </div>
        ) : null}
        {draft.trainer === 'command' ? (
          <div className="settings-row two">
            <Field
              label="Program and arguments, one in a line"
              hint="No shell looks at them. docs/trainers.md has the contract."
              multiline
              placeholder={'python3\n/path/to/train.py'}
              {...text('command')}
            />
            <Field label="Settings as JSON" multiline {...text('commandSettings')} />
            <Field label="Time limit (min)" inputMode="decimal" {...text('timeLimitMinutes')} />
          </div>
        ) : null}
      </Part>
      <Part title="Quality gate">
        <Gate draft={draft} errorOf={errorOf} onChange={(gate) => onChange({ gate })} />
        <CheckBox
          label="Ask for production whenever the gate passes"
          isOn={draft.asksAlways}
          onChange={(asksAlways) => onChange({ asksAlways })}
        />
        {draft.asksAlways ? null : (
          <div className="settings-row">
            <Choice
              label="Ask only where this metric"
              value={draft.askMetric}
              words={Object.fromEntries(limitMetrics.map((name) => [name, labelOf(name)]))}
              onChange={(askMetric) => onChange({ askMetric })}
            />
            <Field label="is better than" inputMode="decimal" {...text('askBeyond')} />
          </div>
        )}
      </Part>
      <Part title="Approval">
        <div className="settings-row">
          <Field label="Approvals needed" inputMode="numeric" {...text('approvals')} />
          <Field
            label="Rejects itself after (h)"
            hint="Empty: as in the settings."
            inputMode="decimal"
            {...text('approvalHours')}
          />
          <Field label="Who may decide, one in a line" hint="Empty: anybody." multiline {...text('approvers')} />
        </div>
        <CheckBox
          label="Whoever submitted the file may not approve it"
          isOn={draft.notSubmitter}
          onChange={(notSubmitter) => onChange({ notSubmitter })}
        />
      </Part>
      <Retries draft={draft} errorOf={errorOf} onChange={(retries) => onChange({ retries })} />
    </div>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  const id = useId()
  return (
    <section className="pipeline-part" aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {children}
    </section>
  )
}

const labelOf = (metric: string) =>
  metric === 'error' ? 'Error (MAE or log loss)' : sentenceStart(metricLabels[metric as MetricName] ?? metric)

function Gate({
  draft,
  errorOf,
  onChange,
}: {
  draft: PipelineDraft
  errorOf: (field: string) => string | null
  onChange: (gate: GateDraft[]) => void
}) {
  const { gate } = draft
  const change = (index: number, next: Partial<GateDraft>) =>
    onChange(gate.map((rule, i) => (i === index ? { ...rule, ...next } : rule)))
  return (
    <>
      {gate.length === 0 ? <p className="tone-human">Without a check no model is refused.</p> : null}
      {gate.map((rule, index) => {
        const n = `Check ${index + 1}`
        const metrics = rule.kind === 'limit' ? limitMetrics : marginMetrics
        return (
          // The index is the key: a check is its place in the list
          <div key={index} className="gate-rule">
            <Choice
              label={`${n}: kind`}
              hideLabel
              value={rule.kind}
              words={Object.fromEntries(gateKinds.map((kind) => [kind, kindWords[kind]])) as Record<GateDraft['kind'], string>}
              onChange={(kind) =>
                // A fixed limit is of a metric with a name; the others may mean whichever the task has.
                change(index, { kind, metric: kind === 'limit' && rule.metric === 'error' ? 'accuracy' : rule.metric })
              }
            />
            <Choice
              label={`${n}: metric`}
              hideLabel
              value={rule.metric}
              words={Object.fromEntries(metrics.map((name) => [name, labelOf(name)]))}
              error={errorOf(`gate.${index}.metric`)}
              onChange={(metric) => change(index, { metric })}
            />
            <Field
              label={`${n}: ${valueWords[rule.kind]}`}
              hideLabel
              inputMode="decimal"
              placeholder={valueWords[rule.kind]}
              hint={valueWords[rule.kind]}
              value={rule.value}
              error={errorOf(`gate.${index}.value`)}
              onChange={(value) => change(index, { value })}
            />
            {rule.kind === 'slice' ? (
              <Field
                label={`${n}: rows of a slice, at least`}
                hideLabel
                inputMode="numeric"
                hint="Rows, at least"
                value={rule.minimumRows}
                error={errorOf(`gate.${index}.minimumRows`)}
                onChange={(minimumRows) => change(index, { minimumRows })}
              />
            ) : (
              <span />
            )}
            <IconButton
              size="small"
              label={`Remove check ${index + 1}`}
              onPress={() => onChange(gate.filter((_, i) => i !== index))}
            >
              <Trash2 size={13} aria-hidden />
            </IconButton>
          </div>
        )
      })}
      <div>
        <Button
          size="small"
          onPress={() => onChange([...gate, { kind: 'baseline', metric: 'error', value: '5', minimumRows: '30' }])}
        >
          <Plus size={13} aria-hidden />
          Add a check
        </Button>
      </div>
    </>
  )
}

function Retries({
  draft,
  errorOf,
  onChange,
}: {
  draft: PipelineDraft
  errorOf: (field: string) => string | null
  onChange: (retries: PipelineDraft['retries']) => void
}) {
  const base = useIn('settings', (s) => s.draft?.retries)
  const own = retrySteps.filter((step) => retryFields.some((field) => draft.retries[step][field] !== '')).length
  return (
    <details className="pipeline-retries">
      <summary>
        Retries {own === 0 ? <span className="faint">· as in the settings</span> : <span>· own for {own} of 7 steps</span>}
      </summary>
      <RetriesTable
        caption={<span className="faint">Empty: as in the settings, which stand there in grey.</span>}
        draft={draft.retries}
        otherwise={base}
        errorOf={errorOf}
        onChange={onChange}
      />
    </details>
  )
}

/** Pipelines as they are typed: numbers and lists are text until they are checked against the contract. */

import { boostingSettings } from '../../../contract/boosting.ts'
import {
  type GateRule,
  gateMetric,
  type Pipeline,
  type pipelineFor,
  pipelines as pipelinesSchema,
} from '../../../contract/pipelines.ts'
import { metricName } from '../../../contract/training.ts'
import { type RetriesDraft, retryFields, retrySteps } from '../retries/retriesDraft.ts'

export const boostingFields = Object.keys(boostingSettings.shape) as (keyof typeof boostingSettings.shape)[]
export type BoostingField = (typeof boostingFields)[number]
export const gateKinds = ['limit', 'baseline', 'production', 'slice'] as const satisfies readonly GateRule['kind'][]

export interface GateDraft {
  kind: GateRule['kind']
  metric: string
  /** The limit of a `limit`, else the margin in percent. */
  value: string
  minimumRows: string
}

export interface PipelineDraft {
  /** Tells drafts apart while names are typed; not kept. */
  key: string
  name: string
  /** One in a line. */
  patterns: string
  folders: string
  columns: string
  ignore: string
  target: string
  task: '' | 'regression' | 'binary' | 'multiclass'
  trainer: 'boosting' | 'command' | 'demo'
  boosting: Record<BoostingField, string>
  /** One argument in a line. */
  command: string
  timeLimitMinutes: string
  /** A JSON object. */
  commandSettings: string
  gate: GateDraft[]
  asksAlways: boolean
  askMetric: string
  askBeyond: string
  approvalHours: string
  approvals: string
  /** One in a line; empty: anybody. */
  approvers: string
  notSubmitter: boolean
  /** Empty: as in the settings. */
  retries: RetriesDraft
  quarantinePercent: string
  tolerance: string
}

const text = (value: number | null | undefined) => (value === null || value === undefined ? '' : String(value))
/** A share as percent without the digits that binary fractions add: 0.07 is 7, not 7.000000000000001. */
const percent = (share: number) => String(Number((share * 100).toPrecision(12)))
const lines = (list: readonly string[] | null) => (list ?? []).join('\n')
const usual = { timeLimitMinutes: '60', commandSettings: '{}' }

export function draftOfPipeline(pipeline: Pipeline, key: string): PipelineDraft {
  const { trainer, askForProduction } = pipeline
  const boosting = trainer.kind === 'boosting' ? trainer.settings : {}
  const command = trainer.kind === 'command' ? trainer : null
  return {
    key,
    name: pipeline.name,
    patterns: lines(pipeline.match.patterns),
    folders: lines(pipeline.match.folders),
    columns: lines(pipeline.columns),
    ignore: lines(pipeline.ignore),
    target: pipeline.target ?? '',
    task: pipeline.task ?? '',
    trainer: trainer.kind,
    boosting: Object.fromEntries(boostingFields.map((field) => [field, text(boosting[field])])) as Record<BoostingField, string>,
    command: lines(command?.command ?? []),
    timeLimitMinutes: command ? String(command.timeLimitMinutes) : usual.timeLimitMinutes,
    commandSettings: command ? JSON.stringify(command.settings, null, 2) : usual.commandSettings,
    gate: pipeline.gate.map((rule) => ({
      kind: rule.kind,
      metric: rule.metric,
      value: rule.kind === 'limit' ? String(rule.limit) : percent(rule.margin),
      minimumRows: rule.kind === 'slice' ? String(rule.minimumRows) : '30',
    })),
    asksAlways: askForProduction === null,
    askMetric: askForProduction?.metric ?? 'accuracy',
    askBeyond: text(askForProduction?.beyond),
    approvalHours: text(pipeline.approval.hours),
    approvals: String(pipeline.approval.approvals),
    approvers: lines(pipeline.approval.approvers),
    notSubmitter: pipeline.approval.notSubmitter,
    retries: Object.fromEntries(
      retrySteps.map((step) => [
        step,
        Object.fromEntries(retryFields.map((field) => [field, text(pipeline.retries[step]?.[field])])),
      ]),
    ) as PipelineDraft['retries'],
    quarantinePercent: percent(pipeline.quarantineLimit),
    tolerance: text(pipeline.tolerance),
  }
}

export const draftsOfPipelines = (list: readonly Pipeline[]) =>
  list.map((pipeline, index) => draftOfPipeline(pipeline, `p${index}`))

/** What a new pipeline begins with: it takes files by a name, so that it takes nothing by mistake. */
export const newPipeline: Pipeline = {
  name: 'new pipeline',
  match: { folders: [], patterns: ['*.csv'] },
  columns: null,
  target: null,
  task: null,
  ignore: [],
  trainer: { kind: 'boosting', settings: {} },
  gate: [
    { kind: 'baseline', metric: 'error', margin: 0.05 },
    { kind: 'production', metric: 'error', margin: 0.05 },
    { kind: 'slice', metric: 'error', margin: 0.5, minimumRows: 30 },
  ],
  askForProduction: null,
  approval: { hours: null, approvals: 1, approvers: [], notSubmitter: false },
  retries: {},
  quarantineLimit: 0.05,
  tolerance: null,
}

/** A name that no other pipeline has: `standard 2`. */
export function freeName(wanted: string, taken: readonly string[]): string {
  const stem = wanted.replace(/ \d+$/, '').slice(0, 56)
  for (let n = 1; ; n++) {
    const name = n === 1 ? stem : `${stem} ${n}`
    if (!taken.includes(name)) return name
  }
}

const linesOf = (value: string) =>
  value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
/** NaN, which no schema lets through, for what is no number. */
const number = (value: string) => (value.trim() === '' ? Number.NaN : Number(value.trim().replace(',', '.')))
const optional = (value: string) => (value.trim() === '' ? null : number(value))
const share = (value: string) => Number((number(value) / 100).toPrecision(12))
const object = (value: string): unknown => {
  try {
    return JSON.parse(value)
  } catch {
    return null
  }
}

function gateOf({ kind, metric, value, minimumRows }: GateDraft) {
  if (kind === 'limit') return { kind, metric, limit: number(value) }
  const rule = { kind, metric, margin: share(value) }
  return kind === 'slice' ? { ...rule, minimumRows: number(minimumRows) } : rule
}

/** The value that the contract judges; what cannot be read is left for it to find. */
function pipelineOf(draft: PipelineDraft): unknown {
  const filled = (record: Record<string, string>) => Object.entries(record).filter(([, value]) => value.trim() !== '')
  const names = linesOf(draft.columns)
  return {
    name: draft.name,
    match: { folders: linesOf(draft.folders), patterns: linesOf(draft.patterns) },
    columns: names.length === 0 ? null : names,
    target: draft.target.trim() === '' ? null : draft.target,
    task: draft.task === '' ? null : draft.task,
    ignore: linesOf(draft.ignore),
    trainer:
      draft.trainer === 'boosting'
        ? {
            kind: 'boosting',
            settings: Object.fromEntries(filled(draft.boosting).map(([field, value]) => [field, number(value)])),
          }
        : draft.trainer === 'command'
          ? {
              kind: 'command',
              command: linesOf(draft.command),
              timeLimitMinutes: number(draft.timeLimitMinutes),
              settings: object(draft.commandSettings),
            }
          : { kind: 'demo' },
    gate: draft.gate.map(gateOf),
    askForProduction: draft.asksAlways ? null : { metric: draft.askMetric, beyond: number(draft.askBeyond) },
    approval: {
      hours: optional(draft.approvalHours),
      approvals: number(draft.approvals),
      approvers: linesOf(draft.approvers),
      notSubmitter: draft.notSubmitter,
    },
    // A step of which anything is said has its own policy, and then all of it.
    retries: Object.fromEntries(
      retrySteps
        .filter((step) => filled(draft.retries[step]).length > 0)
        .map((step) => [step, Object.fromEntries(retryFields.map((field) => [field, number(draft.retries[step][field])]))]),
    ),
    quarantineLimit: share(draft.quarantinePercent),
    tolerance: optional(draft.tolerance),
  }
}

interface Issue {
  code: string
  path: PropertyKey[]
  message: string
  minimum?: unknown
  maximum?: unknown
  inclusive?: boolean
  expected?: string
  origin?: string
}

/** Where the contract's path stands in the form. */
function fieldOf(path: readonly PropertyKey[], trainer: PipelineDraft['trainer']): string {
  const [first, second, third] = path
  switch (first) {
    case 'match':
      return String(second)
    case 'trainer':
      if (second === 'settings') return trainer === 'command' ? 'commandSettings' : `boosting.${String(third)}`
      return String(second)
    case 'approval':
      // The policy as a whole is at fault where there are too few approvers.
      return second === 'hours' ? 'approvalHours' : second === 'approvals' ? 'approvals' : 'approvers'
    case 'askForProduction':
      return second === 'metric' ? 'askMetric' : 'askBeyond'
    case 'gate':
      return `gate.${String(second)}.${third === 'metric' || third === 'minimumRows' ? third : 'value'}`
    case 'quarantineLimit':
      return 'quarantinePercent'
    case 'retries':
      return path.map(String).join('.')
    default:
      return String(first)
  }
}

function words({ code, message, minimum, maximum, inclusive, expected, origin }: Issue, field: string): string {
  if (field === 'commandSettings') return 'A JSON object of numbers, texts, yes or no, e.g. {"trees": 100}.'
  if (field === 'columns') return 'Name two columns at least, or none.'
  const inPercent = field === 'quarantinePercent' || (field.startsWith('gate.') && field.endsWith('.value'))
  const shown = (value: unknown) => (inPercent ? `${Number(value) * 100} %` : String(value))
  if (code === 'invalid_type') return expected === 'int' ? 'Enter a whole number.' : 'Enter a number.'
  if (code === 'too_small') {
    if (origin === 'string') return 'This must not be empty.'
    if (origin === 'array') return field === 'command' ? 'Name the program.' : 'This must not be empty.'
    return inclusive === false ? `Must be more than ${shown(minimum)}.` : `Must be at least ${shown(minimum)}.`
  }
  if (code === 'too_big')
    return origin === 'string' || origin === 'array'
      ? `At most ${maximum} ${origin === 'string' ? 'characters' : 'lines'}.`
      : `Must be at most ${shown(maximum)}.`
  if (code === 'invalid_value') return field.endsWith('.metric') ? 'Choose a metric.' : message
  return message
}

export type CheckedPipelines = { ok: true; pipelines: Pipeline[] } | { ok: false; errors: Record<string, string> }

/** Checks drafts against the contract. Problems are keyed `pipelines.<key>.<field>`, or `pipelines` for the list as a whole. */
export function checkPipelines(drafts: readonly PipelineDraft[]): CheckedPipelines {
  const read = pipelinesSchema.safeParse(drafts.map(pipelineOf))
  if (read.success) return { ok: true, pipelines: read.data }
  const errors: Record<string, string> = {}
  for (const issue of read.error.issues as Issue[]) {
    const [index, ...path] = issue.path
    const draft = typeof index === 'number' ? drafts[index] : undefined
    if (!draft) {
      errors.pipelines ??= issue.message
      continue
    }
    const field = fieldOf(path, draft.trainer)
    errors[`pipelines.${draft.key}.${field}`] ??= words(issue, field)
  }
  // Said at the name that comes second, where it is mended.
  const seen = new Set<string>()
  for (const { key, name } of drafts) {
    if (seen.has(name.trim())) errors[`pipelines.${key}.name`] ??= 'Another pipeline has this name.'
    seen.add(name.trim())
  }
  return { ok: false, errors }
}

/** Which of the drafts takes a file, by the rule that the host uses; null when none does, or while they cannot be read. */
export function takerOf(drafts: readonly PipelineDraft[], path: string, rule: typeof pipelineFor): PipelineDraft | null {
  const list = drafts.map(({ folders, patterns }, index) => ({
    ...newPipeline,
    name: String(index),
    match: { folders: linesOf(folders), patterns: linesOf(patterns) },
  }))
  const found = rule(list, path)
  return found ? (drafts[Number(found.name)] ?? null) : null
}

/** Moves one of a list to another place. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const next = [...list]
  const [one] = next.splice(from, 1)
  if (one !== undefined) next.splice(Math.min(next.length, Math.max(0, to)), 0, one)
  return next
}

/** What a pipeline takes, in a few words. */
export function takesWords({ patterns, folders }: Pick<PipelineDraft, 'patterns' | 'folders'>): string {
  const names = linesOf(patterns)
  const places = linesOf(folders)
  if (names.length === 0 && places.length === 0) return 'every file that the others leave'
  const few = (list: readonly string[]) =>
    list.length > 3 ? `${list.slice(0, 3).join(', ')} and ${list.length - 3} more` : list.join(', ')
  return [names.length > 0 ? few(names) : 'every file', places.length > 0 ? `in ${few(places)}` : ''].filter(Boolean).join(' ')
}

export const limitMetrics: readonly string[] = metricName.options
export const marginMetrics: readonly string[] = gateMetric.options

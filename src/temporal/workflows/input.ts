import { ApplicationFailure } from '@temporalio/workflow'
import { defaultRetries } from '../retries.ts'
import type { RunInput, RunSettings } from '../types.ts'

/** How a run is made when its input does not say. 15 to 25 seconds is the demonstration's own training time. */
export const defaultRunSettings: RunSettings = {
  retries: defaultRetries,
  demo_trainer: { min_seconds: 15, max_seconds: 25 },
  approval_timeout_seconds: 24 * 3600,
}

const dayOfSeconds = 86_400

/**
 * Checks what any Temporal client may send and fills in the defaults.
 * @throws ApplicationFailure BadInput, never retried, that names the field. Left unchecked, a bad policy would fail the
 * workflow task again and again without end.
 */
export function readInput(input: unknown): { input: RunInput; settings: RunSettings } {
  if (!isObject(input)) throw bad('The input of MLOpsWorkflow is an object with at least a file_path.')
  if (typeof input.file_path !== 'string' || input.file_path.trim() === '') {
    throw bad('The input of MLOpsWorkflow has no file_path: name the CSV that the run is for.')
  }
  const { dataset, settings } = input
  if (dataset !== undefined && dataset !== null) {
    if (!isObject(dataset)) throw bad('dataset must be an object.')
    for (const field of ['sha256', 'uri', 'file_name']) {
      if (typeof dataset[field] !== 'string' || dataset[field] === '') throw bad(`dataset.${field} must be a text.`)
    }
  }
  if (settings !== undefined && settings !== null && !isObject(settings)) throw bad('settings must be an object.')
  return { input: input as unknown as RunInput, settings: readSettings(settings ?? {}) }
}

function readSettings(given: Record<string, unknown>): RunSettings {
  const timeout = given.approval_timeout_seconds ?? defaultRunSettings.approval_timeout_seconds
  if (!within(timeout, 0.001, 366 * dayOfSeconds)) {
    throw bad('settings.approval_timeout_seconds must be a number of seconds between 0.001 and a year.')
  }
  const trainer = given.demo_trainer ?? defaultRunSettings.demo_trainer
  if (!isObject(trainer)) throw bad('settings.demo_trainer must be an object with min_seconds and max_seconds.')
  const retries = given.retries ?? {}
  if (!isObject(retries)) throw bad('settings.retries must be an object with a policy per step.')
  return {
    approval_timeout_seconds: timeout,
    // The trainer itself judges its configuration, so that every way to start one gives the same message.
    demo_trainer: trainer as unknown as RunSettings['demo_trainer'],
    retries: readRetries(retries),
    pipeline: readPipeline(given.pipeline),
  }
}

/** What the workflow itself acts on is checked here; the steps check what is theirs. */
function readPipeline(given: unknown): RunSettings['pipeline'] {
  if (given === undefined || given === null) return undefined
  if (!isObject(given)) throw bad('settings.pipeline must be an object.')
  const { approval } = given
  if (!isObject(approval)) throw bad('settings.pipeline.approval must be an object.')
  if (!Number.isInteger(approval.approvals) || !within(approval.approvals, 1, 20)) {
    throw bad('settings.pipeline.approval.approvals must be a whole number from 1 to 20.')
  }
  if (!Array.isArray(approval.approvers) || approval.approvers.some((name) => typeof name !== 'string')) {
    throw bad('settings.pipeline.approval.approvers must be a list of names.')
  }
  if (typeof approval.notSubmitter !== 'boolean') {
    throw bad('settings.pipeline.approval.notSubmitter must be true or false.')
  }
  return given as unknown as RunSettings['pipeline']
}

function readRetries(given: Record<string, unknown>): RunSettings['retries'] {
  const table = { ...defaultRetries }
  for (const step of Object.keys(defaultRetries) as (keyof typeof defaultRetries)[]) {
    const policy = given[step]
    if (policy === undefined || policy === null) continue
    if (!isObject(policy)) throw bad(`settings.retries.${step} must be an object.`)
    const merged = { ...defaultRetries[step], ...policy }
    if (!Number.isInteger(merged.maximumAttempts) || !within(merged.maximumAttempts, 0, 1_000_000)) {
      throw bad(`settings.retries.${step}.maximumAttempts must be a whole number; 0 means without end.`)
    }
    for (const field of ['initialIntervalSeconds', 'maximumIntervalSeconds'] as const) {
      if (!within(merged[field], 0.001, dayOfSeconds)) {
        throw bad(`settings.retries.${step}.${field} must be a number of seconds between 0.001 and a day.`)
      }
    }
    if (!within(merged.backoffCoefficient, 1, 100)) {
      throw bad(`settings.retries.${step}.backoffCoefficient must be a number between 1 and 100.`)
    }
    table[step] = merged
  }
  return table
}

const bad = (message: string) => ApplicationFailure.nonRetryable(message, 'BadInput')
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const within = (value: unknown, least: number, most: number): value is number =>
  typeof value === 'number' && value >= least && value <= most

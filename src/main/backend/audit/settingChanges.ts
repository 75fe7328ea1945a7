import { isDeepStrictEqual } from 'node:util'
import type { Settings } from '../../../contract/model.ts'
import type { SettingChange } from '../../../contract/operator.ts'
import type { Pipeline } from '../../../contract/pipelines.ts'
import { isSecretName } from '../../../contract/secretNames.ts'
import { censored, redactText } from '../redact.ts'

const notShown = '[not shown]'
const absent = 'not there'
/** A record is for reading; a longer value is cut. */
const longest = 400

/**
 * What a change of settings changes, field by field with the value before and after. Values that may hold a secret (a
 * trainer's own command line and settings, and whatever is named like one) are told as changed and not shown.
 */
export function settingChanges(before: Settings, after: Settings): SettingChange[] {
  const { pipelines: was, ...othersBefore } = before
  const { pipelines: is, ...othersAfter } = after
  return [...differences('', othersBefore, othersAfter, isSecretName), ...pipelineChanges(was, is)]
}

/** Whether a value that may hold a secret is among what a change of settings changes. */
export const mayTellSecrets = (before: Settings, after: Settings): boolean =>
  settingChanges(before, after).some((change) =>
    [change.before, change.after].some((text) => text === notShown || text.includes(censored)),
  )

/** Pipelines are told apart by their names, so that moving one is not a change of all that stand after it. */
function pipelineChanges(before: readonly Pipeline[], after: readonly Pipeline[]): SettingChange[] {
  const names = (list: readonly Pipeline[]) => list.map(({ name }) => name).join(', ')
  const order = names(before) === names(after) ? [] : [{ field: 'pipelines', before: names(before), after: names(after) }]
  const changed = after.flatMap((pipeline) => {
    const same = before.find(({ name }) => name === pipeline.name)
    if (same === undefined) return []
    const isOwn = pipeline.trainer.kind === 'command' || same.trainer.kind === 'command'
    const ofTrainer = (name: string) => isSecretName(name) || (isOwn && (name === 'command' || name === 'settings'))
    const { trainer: trainerBefore, ...restBefore } = same
    const { trainer: trainerAfter, ...restAfter } = pipeline
    const path = `pipelines.${pipeline.name}`
    return [
      ...differences(path, restBefore, restAfter, isSecretName),
      ...differences(`${path}.trainer`, trainerBefore, trainerAfter, ofTrainer),
    ]
  })
  return [...order, ...changed]
}

function differences(path: string, before: unknown, after: unknown, isSecret: (name: string) => boolean): SettingChange[] {
  if (isDeepStrictEqual(before, after)) return []
  if (!isRecord(before) || !isRecord(after)) return [{ field: path, before: textOf(before), after: textOf(after) }]
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names.flatMap((name) => {
    const field = path === '' ? name : `${path}.${name}`
    if (!isSecret(name)) return differences(field, before[name], after[name], isSecret)
    // Nothing below it is looked into: what somebody's own trainer calls its secrets is not known.
    return isDeepStrictEqual(before[name], after[name]) ? [] : [{ field, before: notShown, after: notShown }]
  })
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function textOf(value: unknown): string {
  if (value === undefined) return absent
  const text = redactText(typeof value === 'string' ? value : JSON.stringify(value))
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

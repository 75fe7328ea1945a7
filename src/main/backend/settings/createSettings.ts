import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { invalid } from '../../../contract/errors.ts'
import { type Settings, settings as settingsSchema, type UnusableFile } from '../../../contract/model.ts'
import { defaultNotifications } from '../../../contract/notices.ts'
import { defaultPipelines, type Pipeline, pipelineFor } from '../../../contract/pipelines.ts'
import { rebased } from '../../../contract/rebase.ts'
import { defaultRetries } from '../../../temporal/retries.ts'
import type { RunSettings } from '../../../temporal/types.ts'
import { keepBeforeWriting, newerVersion, readText, setAsideInWords, writeJson } from '../configFile.ts'
import { accountName, type Home } from '../home.ts'
import type { Log } from '../log.ts'
import { firstLine } from './firstLine.ts'
import { createLastSave } from './lastSave.ts'
import { createPipelinesFile, pipelinesSchemaName } from './pipelinesFile.ts'
import { isObject, merged, namesIn, notIn } from './unknownValues.ts'

export interface SettingsService {
  get(): Settings
  /**
   * @param over what `next` was made from: what it left alone keeps what holds now
   * @throws CallFailed `invalid` when a value is not allowed; nothing is changed then
   */
  set(next: Settings, over?: Settings): Settings
  /** Takes up what somebody wrote into the files since; called every few seconds. */
  takeEdits(): void
  /** Tells of what was taken up so. */
  onEdit(listener: (before: Settings, now: Settings) => void): void
  onChange(listener: (settings: Settings) => void): () => void
  /** What the run of a file carries with it, fixed at its start. `path`: where the file was when it was taken. */
  forRun(path: string): RunSettings
  /** The pipeline that takes a file. */
  pipelineFor(path: string): Pipeline
  /** Files that could not be used, or not all of them; each until it is written anew. */
  unusable(): UnusableFile[]
  defaults: Settings
  /** What held before the last change; null when none is known, and when it was taken back. */
  before(): Settings | null
}

/** Of the file. One without a version is of the time before there was one, and reads the same. */
const version = 1

const defaults = (home: Home): Settings => ({
  inboxFolders: [home.inbox],
  // Long enough for a writer that pauses between two blocks, short enough that a drop feels immediate.
  settleSeconds: 2,
  maxFileBytes: 4 * 1024 ** 3,
  operator: accountName(),
  demoTrainer: { minSeconds: 15, maxSeconds: 25 },
  approvalTimeoutHours: 24,
  retries: defaultRetries,
  pipelines: defaultPipelines,
  startsPerSecond: 20,
  notifications: defaultNotifications,
  // A port that nobody asked for is not opened.
  metrics: { on: false, port: null },
  appearance: 'system',
})

/**
 * Settings in `config/settings.json`, pipelines beside them in `config/pipelines.json`. A file that cannot be read is set aside under a new name and the defaults are used:
 * nothing is guessed from it and nothing of it is lost.
 */
export function createSettings(home: Home, resources: string, log: Log): SettingsService {
  const file = join(home.config, 'settings.json')
  const pipelinesName = join(home.config, 'pipelines.json')
  const pipelinesStore = createPipelinesFile(pipelinesName, {
    path: join(home.config, pipelinesSchemaName),
    text: readFileSync(join(resources, pipelinesSchemaName), 'utf8'),
  })
  const listeners = new Set<(settings: Settings) => void>()
  const editListeners: ((before: Settings, now: Settings) => void)[] = []
  const standard = defaults(home)
  let problem: string | null = null
  let current = standard
  /** What is in the file beside the settings, at any depth: of a later Gatehouse, or misspelt. Saving keeps it. */
  let unknown: Record<string, unknown> = {}
  /** Says so for as long as it is there. */
  let notKnown: string | null = null
  /** What lies there has no copy yet that is known of, and is not written over before. */
  let toKeep = false

  /** The file as it was last read or written here; null: none, or not readable. */
  let known: string | null = null
  const textOfFile = () => {
    try {
      return readText(file)
    } catch {
      return null
    }
  }

  /** @throws Error in words when the file cannot be used */
  function readSettings(): Omit<Settings, 'pipelines'> {
    const text = readText(file)
    const { settings: found, unknown: left } = text === null ? { settings: standard, unknown: {} } : parse(text, standard)
    unknown = left
    notKnown = null
    const names = namesIn(unknown, found)
    if (names.length > 0) {
      notKnown = `${file} says ${names.map((name) => `"${name}"`).join(', ')}, which this Gatehouse does not know. It has no effect, and is kept when settings are saved; remove it from the file if it is a slip.${pipelinesHint(unknown, pipelinesName)}`
      log.warn({ file, names }, 'settings that are not known')
    }
    problem = notKnown
    toKeep = false
    const { pipelines: _, ...others } = found
    return others
  }

  /** @param inForce what holds until the file can be used, to stand in the sentence */
  function cannotUse(error: unknown, inForce: string): void {
    toKeep = true
    const kept = setAsideInWords(file)
    problem = `The settings in ${file} could not be used: ${firstLine(error)}. ${kept} ${inForce}`
    log.warn({ file, kept, reason: firstLine(error) }, 'settings set aside')
  }

  known = textOfFile()
  try {
    current = { ...current, ...readSettings() }
  } catch (error) {
    cannotUse(error, 'The defaults apply until you save settings again.')
  }

  const read = pipelinesStore.read()
  current = { ...current, pipelines: read.pipelines }
  let pipelinesProblem = read.problem
  if (read.problem) log.warn({ problem: read.problem }, 'pipelines set aside')

  const lastSave = createLastSave(join(home.config, 'settings-before.json'), log)
  let before = lastSave.before(current)

  const pipelineOf = (path: string): Pipeline => {
    // The schema sees to it that one takes every file.
    const pipeline = pipelineFor(current.pipelines, path) ?? current.pipelines.at(-1)
    if (!pipeline) throw new Error('there is no pipeline')
    return pipeline
  }

  const inForce = (next: Settings) => {
    if (!isDeepStrictEqual(next, current)) {
      before = isDeepStrictEqual(next, before) ? null : current
      lastSave.keep(before, next)
    }
    current = next
    for (const listener of listeners) listener(current)
  }

  function takeEdits(): void {
    const held = current
    let others: Omit<Settings, 'pipelines'> = current
    const text = textOfFile()
    // A file that was moved away says nothing.
    if (text !== null && text !== known) {
      known = text
      try {
        others = readSettings()
      } catch (error) {
        cannotUse(error, 'What held before applies until you mend the file, or save settings again.')
      }
    }
    const pipelines = pipelinesStore.readEdited()
    if (pipelines) pipelinesProblem = pipelines.problem
    const next = { ...current, ...others, ...(pipelines && { pipelines: pipelines.pipelines }) }
    if (isDeepStrictEqual(next, current)) return
    log.info({ file }, 'settings were edited in their files')
    inForce(next)
    for (const listener of editListeners) listener(held, next)
  }

  return {
    takeEdits,
    onEdit: (listener) => editListeners.push(listener),
    unusable: () => [
      ...(problem === null ? [] : [{ file, problem }]),
      ...(pipelinesProblem === null ? [] : [{ file: pipelinesName, problem: pipelinesProblem }]),
    ],
    defaults: standard,
    before: () => before,
    get: () => current,
    set(wanted, over) {
      // What was edited by hand a moment ago holds like what somebody else has saved.
      takeEdits()
      const next = over ? rebased(wanted, over, current) : wanted
      const relative = next.inboxFolders.find((folder) => !isAbsolute(folder))
      if (relative !== undefined) throw invalid(`The inbox folder "${relative}" must be a full path.`, 'inboxFolders')
      const twice = next.inboxFolders.find((folder, index) => next.inboxFolders.indexOf(folder) !== index)
      if (twice !== undefined) throw invalid(`The inbox folder "${twice}" is there twice.`, 'inboxFolders')
      const read = settingsSchema.safeParse(next)
      // Each was right by itself; together with what somebody else has changed meanwhile they are not.
      if (!read.success) throw invalid(firstLine(read.error), read.error.issues[0]?.path.join('.') ?? 'settings')
      const checked = read.data
      const { pipelines, ...others } = checked
      // On disk first: what cannot be kept is not in force either.
      if (toKeep) keepBeforeWriting(file, 'The settings')
      const wrotePipelines = pipelinesStore.write(pipelines)
      try {
        writeJson(file, { version, ...(merged(unknown, others) as object) }, 'The settings')
      } catch (error) {
        // Both or neither: the next start would find half of what was refused.
        if (wrotePipelines) pipelinesStore.write(current.pipelines)
        throw error
      }
      if (wrotePipelines) pipelinesProblem = null
      toKeep = false
      problem = notKnown
      known = textOfFile()
      inForce(checked)
      return current
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    pipelineFor: pipelineOf,
    forRun(path) {
      const pipeline = pipelineOf(path)
      return {
        retries: { ...current.retries, ...pipeline.retries },
        demo_trainer: { min_seconds: current.demoTrainer.minSeconds, max_seconds: current.demoTrainer.maxSeconds },
        approval_timeout_seconds: Math.round((pipeline.approval.hours ?? current.approvalTimeoutHours) * 3600),
        pipeline,
      }
    },
  }
}

/** @throws Error in words, or ZodError */
function parse(text: string, standard: Settings): { settings: Settings; unknown: Record<string, unknown> } {
  const json: unknown = JSON.parse(text)
  if (!isObject(json)) return { settings: settingsSchema.parse(json), unknown: {} }
  const { version: written = version, ...values } = json
  if (typeof written === 'number' && written > version) throw new Error(newerVersion(written, version))
  if (written !== version) throw new Error(`version: there is none ${JSON.stringify(written)}`)
  // They have a file of their own: here they are not in force, whatever they say.
  const { pipelines, ...here } = values
  const { pipelines: ofDefaults, ...others } = standard
  const read = storedSettings.parse(merged(others, here))
  return { settings: { ...read, pipelines: ofDefaults }, unknown: notIn(values, read) }
}

const storedSettings = settingsSchema.omit({ pipelines: true })

const pipelinesHint = (unknown: Record<string, unknown>, pipelinesFile: string) =>
  'pipelines' in unknown ? ` Pipelines belong into ${pipelinesFile}.` : ''

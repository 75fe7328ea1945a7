/** What the last save of the settings changed, for who takes it back after a start: `config/settings-before.json`. */
import { rmSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { type Settings, settings as settingsSchema } from '../../../contract/model.ts'
import type { Pipeline } from '../../../contract/pipelines.ts'
import { mayTellSecrets } from '../audit/settingChanges.ts'
import { readText, writeJson } from '../configFile.ts'
import type { Log } from '../log.ts'

export interface LastSave {
  /** The settings as they were before; null where that is not known, or they were changed otherwise since. */
  before(current: Settings): Settings | null
  /**
   * Keeps it, in the place of what was kept; nothing is kept of a save that was taken back (`before` is null), or that may
   * have taken a secret out. Throws never: the settings are saved by then.
   */
  keep(before: Settings | null, saved: Settings): void
}

const version = 1
const stored = z.object({
  version: z.literal(version),
  before: z.record(z.string(), z.unknown()),
  saved: z.record(z.string(), z.unknown()),
})

export function createLastSave(file: string, log: Log): LastSave {
  const forget = () => rmSync(file, { force: true })

  function read(current: Settings): Settings | null {
    const text = readText(file)
    if (text === null) return null
    const { before, saved } = stored.parse(JSON.parse(text))
    const isAsSaved = Object.entries(saved).every(([name, value]) => isDeepStrictEqual(value, current[name as keyof Settings]))
    if (isAsSaved) return settingsSchema.parse({ ...current, ...before })
    // Somebody has edited the settings' own file since, perhaps to take out what is still in here.
    forget()
    return null
  }

  return {
    before(current) {
      try {
        return read(current)
      } catch (error) {
        log.warn({ file, err: error }, 'the last save of the settings cannot be taken back any more')
        return null
      }
    },
    keep(before, saved) {
      try {
        forget()
        if (before === null || mayTakeOutSecret(before, saved)) return
        const names = (Object.keys(saved) as (keyof Settings)[]).filter((name) => !isDeepStrictEqual(before[name], saved[name]))
        const of = (settings: Settings) => Object.fromEntries(names.map((name) => [name, settings[name]]))
        writeJson(file, { version, before: of(before), saved: of(saved) }, 'The last save')
      } catch (error) {
        log.warn({ file, err: error }, 'the last save of the settings can be taken back until Gatehouse ends only')
      }
    },
  }
}

/** Whether something is in `before` that may be a secret and is not in force any more: then nobody wants it on the disk. */
function mayTakeOutSecret(before: Settings, saved: Settings): boolean {
  const isGone = ({ name, trainer }: Pipeline) =>
    trainer.kind === 'command' && !saved.pipelines.some((pipeline) => pipeline.name === name)
  return mayTellSecrets(before, saved) || before.pipelines.some(isGone)
}

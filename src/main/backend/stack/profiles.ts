/** Where Temporal and Postgres are: `config/profiles.json`, read and checked. */
import { accessSync, constants, statSync } from 'node:fs'
import { z } from 'zod'
import { refused } from '../../../contract/errors.ts'
import { readText, setAsideInWords, writeJson } from '../configFile.ts'
import { firstLine } from '../settings/firstLine.ts'
import { isObject } from '../settings/unknownValues.ts'
import { PartProblem } from './keepUp.ts'

const port = z.number().int().min(1).max(65_535)

const remoteTemporal = z
  .object({
    /** `host:port`. */
    address: z.string().regex(/^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/, 'must be host:port'),
    namespace: z.string().min(1),
    /** true: TLS with the system's roots. Paths are to PEM files. */
    tls: z
      .union([
        z.boolean(),
        z
          .object({
            serverName: z.string().min(1).optional(),
            caFile: z.string().min(1).optional(),
            certFile: z.string().min(1).optional(),
            keyFile: z.string().min(1).optional(),
          })
          .strict()
          .refine((t) => !t.certFile === !t.keyFile, 'certFile and keyFile go together'),
      ])
      .default(false),
    /** true: the API key is the secret `temporal-api-key:<profile>`. */
    apiKey: z.boolean().default(false),
    /** The Web UI, for links. */
    uiUrl: z.url({ protocol: /^https?$/ }).optional(),
  })
  .strict()

const remotePostgres = z
  .object({
    host: z.string().min(1),
    port: port.default(5432),
    user: z.string().min(1),
    database: z.string().min(1),
    /** As in libpq: `require` encrypts without looking at the certificate. */
    sslmode: z.enum(['disable', 'require', 'verify-ca', 'verify-full']).default('verify-full'),
    caFile: z.string().min(1).optional(),
  })
  .strict()

const remoteProfile = z
  .object({ temporal: remoteTemporal, postgres: remotePostgres, production: z.boolean().default(false) })
  .strict()

const profilesFile = z.object({
  current: z.string().min(1).default('embedded'),
  /** Each is looked at by itself: one that is not right keeps nobody from using another. */
  profiles: z.record(z.string().min(1), z.unknown()).default({}),
})

export type RemoteTemporal = z.infer<typeof remoteTemporal>
export type RemotePostgres = z.infer<typeof remotePostgres>

export type Profile =
  | { kind: 'embedded'; name: 'embedded' }
  | { kind: 'compose'; name: 'compose' }
  /** `production`: nobody makes anything fail there on purpose without typing its name. */
  | { kind: 'remote'; name: string; temporal: RemoteTemporal; postgres: RemotePostgres; production: boolean }

/** What docker-compose.yml publishes on loopback; a test compares the two. */
export const composeProfile = {
  temporalAddress: '127.0.0.1:7233',
  namespace: 'default',
  uiUrl: 'http://127.0.0.1:8233',
  postgres: { host: '127.0.0.1', port: 5432, user: 'gatehouse', database: 'gatehouse' },
  /** For a stack that listens on loopback only; GATEHOUSE_POSTGRES_PASSWORD sets another, for both sides. */
  defaultPassword: 'gatehouse-local',
}

/** A profile of the file, and why it cannot be used where that is so. */
export type FoundProfile =
  | { name: string; profile: Extract<Profile, { kind: 'remote' }>; problem: null }
  | { name: string; profile: null; problem: string }

export interface ProfilesFile {
  /** The file's choice; `embedded` where it makes none. */
  current: string
  found: FoundProfile[]
  /** All of the file, as it was read; null where there is none. */
  written: Record<string, unknown> | null
}

/**
 * The profile to use: the wanted one, else the file's `current`, else `embedded`. A file that is not right is kept, a
 * copy of it is made, and nothing is guessed: a wrong guess would send runs to the wrong place.
 * @throws PartProblem that names the file and what is wrong in it
 */
export function chooseProfile(file: string, wanted: string | undefined): Profile {
  if (wanted === 'embedded' || wanted === 'compose') return { kind: wanted, name: wanted } as Profile
  let content: ProfilesFile
  try {
    content = readProfiles(file)
  } catch (error) {
    throw notRight(file, firstLine(error))
  }
  const name = wanted ?? content.current
  if (name === 'embedded' || name === 'compose') return { kind: name, name } as Profile
  const found = content.found.find((each) => each.name === name)
  if (!found) {
    const known = [...ownProfiles, ...content.found.map((each) => each.name)].join(', ')
    throw new PartProblem(`There is no profile "${name}".`, `Use one of ${known}, or add it to ${file}.`)
  }
  if (found.profile === null)
    throw notRight(file, `profiles.${name}${/^[\w.]+: /.test(found.problem) ? '.' : ': '}${found.problem}`)
  return found.profile
}

/** They need no description. */
export const ownProfiles = ['embedded', 'compose'] as const

/**
 * The profiles that a file describes. Names that are not known stand beside them for as long as the file says which
 * profile is current: without that, one may be `current` misspelt.
 * @throws Error, or ZodError, that says what keeps the file from being used
 */
export function readProfiles(file: string): ProfilesFile {
  const text = readText(file)
  if (text === null) return { current: 'embedded', found: [], written: null }
  const written: unknown = JSON.parse(text)
  const { current, profiles } = profilesFile.parse(written)
  if (!isObject(written)) throw new Error('it is no JSON object')
  const unknown = Object.keys(written).filter((name) => !Object.hasOwn(profilesFile.shape, name))
  if (unknown.length > 0 && !Object.hasOwn(written, 'current')) {
    throw new Error(`it says ${unknown.map((name) => `"${name}"`).join(', ')}, which is not known, and no "current"`)
  }
  return { current, found: Object.entries(profiles).map(([name, value]) => lookAt(name, value)), written }
}

function lookAt(name: string, value: unknown): FoundProfile {
  if ((ownProfiles as readonly string[]).includes(name)) {
    return { name, profile: null, problem: 'Gatehouse has one of this name itself; give this one another name' }
  }
  const { success, data, error } = remoteProfile.safeParse(value)
  if (!success) return { name, profile: null, problem: firstLine(error) }
  return { name, profile: { kind: 'remote', name, ...data }, problem: null }
}

/**
 * Has the file choose a profile, with all else in it kept as it is.
 * @param written what was read of the file a moment ago; null where there is none
 * @throws CallFailed `refused` when it cannot be written; the file is then as it was
 */
export function writeCurrent(file: string, { written }: ProfilesFile, name: string): void {
  if (written !== null && isReadOnly(file)) {
    throw refused(
      `The profile could not be chosen: ${file} is read-only. Nothing was changed. Make it writable, or have its owner write "current": "${name}" into it.`,
    )
  }
  // Where it stood, else at the top, where somebody looks for it.
  const next = written && Object.hasOwn(written, 'current') ? { ...written, current: name } : { current: name, ...written }
  writeJson(file, next, 'The choice of the profile')
}

/** By its mode too: root may write over what somebody has protected on purpose. */
function isReadOnly(file: string): boolean {
  try {
    accessSync(file, constants.W_OK)
    return (statSync(file).mode & 0o222) === 0
  } catch {
    return true
  }
}

const notRight = (file: string, wrong: string) =>
  new PartProblem(
    `${file} is not right: ${wrong}. Nothing was started and nothing guessed. ${setAsideInWords(file)}`,
    'Correct the file (Gatehouse reads it again by itself), or start with GATEHOUSE_PROFILE=embedded.',
  )

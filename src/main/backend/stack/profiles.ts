/** Where Temporal and Postgres are: `config/profiles.json`, read and checked. */
import { z } from 'zod'
import { readText, setAsideInWords } from '../configFile.ts'
import { firstLine } from '../settings/firstLine.ts'
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

const profilesFile = z
  .object({
    current: z.string().min(1).default('embedded'),
    profiles: z
      .record(
        z.string().min(1),
        z.object({ temporal: remoteTemporal, postgres: remotePostgres, production: z.boolean().default(false) }).strict(),
      )
      .default({}),
  })
  .strict()

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

/**
 * The profile to use: the wanted one, else the file's `current`, else `embedded`. A file that is not right is kept, a
 * copy of it is made, and nothing is guessed: a wrong guess would send runs to the wrong place.
 * @throws PartProblem that names the file and what is wrong in it
 */
export function chooseProfile(file: string, wanted: string | undefined): Profile {
  if (wanted === 'embedded' || wanted === 'compose') return { kind: wanted, name: wanted } as Profile
  const content = readProfiles(file)
  const name = wanted ?? content.current
  if (name === 'embedded' || name === 'compose') return { kind: name, name } as Profile
  const found = content.profiles[name]
  if (!found) {
    const known = ['embedded', 'compose', ...Object.keys(content.profiles)].join(', ')
    throw new PartProblem(`There is no profile "${name}".`, `Use one of ${known}, or add it to ${file}.`)
  }
  return { kind: 'remote', name, ...found }
}

function readProfiles(file: string): z.infer<typeof profilesFile> {
  let wrong: string
  try {
    const text = readText(file)
    return profilesFile.parse(text === null ? {} : JSON.parse(text))
  } catch (error) {
    wrong = firstLine(error)
  }
  throw new PartProblem(
    `${file} is not right: ${wrong}. Nothing was started and nothing guessed. ${setAsideInWords(file)}`,
    'Correct the file (Gatehouse reads it again by itself), or start with GATEHOUSE_PROFILE=embedded.',
  )
}

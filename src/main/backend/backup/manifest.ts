/** What a backup says of itself: `gatehouse-backup.json`, its last entry. */
import { z } from 'zod'
import { keyProvider } from '../../../contract/keys.ts'
import { ArchiveProblem } from './archive.ts'

export const manifestName = 'gatehouse-backup.json'
export const manifestVersion = 1
/** A million entries need some 150 MB; more is no manifest. */
export const longestManifest = 256 * 1024 ** 2

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

const manifest = z.object({
  format: z.literal('gatehouse-backup'),
  version: z.literal(manifestVersion),
  madeAt: z.iso.datetime(),
  /** Of the Gatehouse that made it. */
  appVersion: z.string(),
  /** The data folder that it was made of. */
  home: z.string().min(1),
  profile: z.string(),
  /** Number of migrations that the ledger has seen. */
  ledgerVersion: z.number().int().min(0),
  runs: z.number().int().min(0),
  /** null: Temporal belongs to others (an external profile), or has kept nothing yet. */
  temporal: z.object({ cliVersion: z.string().nullable() }).nullable(),
  /** null: the database belongs to others. Tables in the order in which they can be filled. */
  postgres: z
    .object({
      migrations: z.array(z.string()),
      tables: z.array(
        z.object({
          name: z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/),
          rows: z.number().int().min(0),
          /** Where each counting column goes on. */
          sequences: z.array(z.object({ column: z.string().min(1), last: z.string().regex(/^-?\d+$/), called: z.boolean() })),
        }),
      ),
    })
    .nullable(),
  /** Every key that may be needed to read what is sealed; `included` ones are in it, wrapped by a passphrase. */
  keys: z.array(z.object({ id: z.string(), provider: keyProvider, included: z.boolean() })),
  /** What is not in it, as sentences. */
  notes: z.array(z.string()),
  entries: z.array(z.object({ name: z.string(), size: z.number().int().min(0), sha256 })),
})
export type Manifest = z.infer<typeof manifest>

/**
 * What a backup may hold, by name. Whatever else stands in an archive, nobody asked Gatehouse to put it there.
 */
const allowedNames: readonly RegExp[] = [
  /^ledger\.sqlite$/,
  /^keys\.sqlite$/,
  /^keys\/[A-Za-z0-9._-]{1,200}\.txt$/,
  /^temporal\/(temporal\.db|cli-version)$/,
  /^postgres\/[a-z_][a-z0-9_]{0,62}\.jsonl$/,
  /^config\/[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/,
  /^deployments\/[a-z]{1,20}(\.history)?\.jsonl?$/,
  /^store\/sha256\/[0-9a-f]{2}\/[0-9a-f]{64}$/,
]
export const isAllowedName = (name: string): boolean => allowedNames.some((pattern) => pattern.test(name))

/**
 * @param path of the archive, for the message
 * @throws ArchiveProblem when it was made by a newer Gatehouse, or is not one
 */
export function readManifest(bytes: Buffer, path: string): Manifest {
  let value: { format?: unknown; version?: unknown } | null
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new ArchiveProblem(`${path} is damaged: its ${manifestName} is not JSON.`)
  }
  if (value?.format !== 'gatehouse-backup') throw new ArchiveProblem(`${path} is no backup of Gatehouse.`)
  if (typeof value.version === 'number' && value.version > manifestVersion) {
    throw new ArchiveProblem(
      `${path} was made by a newer Gatehouse (backups of version ${value.version}; this one knows ${manifestVersion}). Restore it with that one.`,
    )
  }
  const read = manifest.safeParse(value)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new ArchiveProblem(
    `${path} is damaged: its ${manifestName} is not right (${issue?.path.join('.') || 'the whole'}: ${issue?.message}).`,
  )
}

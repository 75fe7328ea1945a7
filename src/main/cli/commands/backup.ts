/** `gatehouse backup` and `gatehouse restore`: all that Gatehouse keeps in one file, and a data folder made of it. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { BackupProgress, BackupReport } from '../../../contract/backup.ts'
import { restoreBackup } from '../../backend/backup/restoreBackup.ts'
import { writeBackup } from '../../backend/backup/writeBackup.ts'
import { createKeyRing } from '../../backend/keys/createKeyRing.ts'
import { takeKeyEnvironment } from '../../backend/keys/environmentKeys.ts'
import { createLog, silentLog } from '../../backend/log.ts'
import { openSecrets } from '../../backend/secrets/openSecrets.ts'
import { createPostgresServer } from '../../backend/stack/postgresServer.ts'
import { chooseProfile } from '../../backend/stack/profiles.ts'
import { connectToHost, NoHostError } from '../../control/connectToHost.ts'
import { acquireLock } from '../../control/lock.ts'
import { appPaths, appVersion } from '../../paths.ts'
import type { Context } from '../context.ts'
import { type ExitCode, exitCodes, UsageError } from '../exitCodes.ts'
import type { Output } from '../output.ts'
import { type PassphraseOptions, readPassphrase } from '../readPassphrase.ts'

export interface BackupFlags extends PassphraseOptions {
  out?: string
}
export interface RestoreFlags extends PassphraseOptions {
  replace?: boolean
  withoutKeys?: boolean
}

/** As the host asks of a new passphrase. */
const shortestPassphrase = 12

export async function makeBackup(context: Context, flags: BackupFlags): Promise<ExitCode> {
  const { home, out } = context
  if (!existsSync(home.ledger)) throw new UsageError(`There is no data folder of Gatehouse at ${home.root}. Nothing was written.`)
  const file = flags.out === undefined ? null : resolve(flags.out)
  const passphrase = flags.passphraseFile === undefined ? null : await readPassphrase('', flags)
  if (passphrase !== null && passphrase.length < shortestPassphrase)
    throw new UsageError(`The passphrase has less than ${shortestPassphrase} characters. Nothing was written.`)
  const report = await byHost(context, file, passphrase).catch((error) => {
    if (error instanceof NoHostError) return withoutHost(context, file, passphrase)
    throw error
  })
  out.data(report)
  out.line(`${report.file}: ${megabytes(report.sizeBytes)} MB, ${runs(report.runs)}, as of ${report.madeAt}.`)
  out.line(`SHA-256 ${report.sha256}`)
  for (const note of report.notes) out.line(note)
  if (passphrase === null && report.keysMissing.length > 0)
    out.line('To have the keys in it: gatehouse backup --passphrase-file FILE. Keep the passphrase apart from the backup.')
  return exitCodes.done
}

async function byHost({ home, out }: Context, file: string | null, passphrase: string | null): Promise<BackupReport> {
  const host = await connectToHost(home)
  try {
    const progress = createProgress(out)
    host.subscribe('backup.changed', ({ state }) => state.making && progress(state.making))
    return await host.call('backup.make', { file, passphrase })
  } finally {
    host.close()
  }
}

/** Nobody works on the folder: this process does what the host would, with only Postgres running. */
async function withoutHost({ home, out }: Context, file: string | null, passphrase: string | null): Promise<BackupReport> {
  const lock = acquireLock(home)
  if (!lock)
    throw new NoHostError(
      `The data folder ${home.root} is in use by another Gatehouse that does not answer. Nothing was written. Wait if it is just starting; otherwise end it.`,
    )
  try {
    const paths = appPaths()
    const log = createLog(join(home.logs, 'gatehouse.log'))
    const secrets = await openSecrets({ home, log })
    const profile = chooseProfile(join(home.config, 'profiles.json'), process.env.GATEHOUSE_PROFILE || undefined)
    const ring = createKeyRing({ home, secrets, log, openRuns: () => [], makesKeys: false, environment: takeKeyEnvironment() })
    await ring.ready
    const progress = createProgress(out)
    const server =
      profile.kind === 'embedded'
        ? await createPostgresServer({
            ...{ home, secrets, log, appRoot: paths.root, resources: paths.resources, port: 5432 },
          })(({ detail }) => progress({ what: detail, doneBytes: 0, totalBytes: 0 }), new AbortController().signal)
        : null
    try {
      return await writeBackup(
        {
          ...{ home, log, appVersion: appVersion(paths.root) },
          profile: () => profile.name,
          ownsServers: () => profile.kind === 'embedded',
          postgres: () => server?.value ?? null,
          keys: { list: () => ring.state().keys, exportKey: ring.exportKey },
          hold: () => () => {},
        },
        { file, passphrase, onProgress: progress },
      )
    } finally {
      ring.close()
      await server?.close()
    }
  } finally {
    lock.release()
  }
}

export async function restore({ home, out }: Context, file: string, flags: RestoreFlags): Promise<ExitCode> {
  if (flags.withoutKeys && flags.passphraseFile !== undefined)
    throw new UsageError('--without-keys and --passphrase-file do not go together. Nothing was changed.')
  const report = await restoreBackup({
    ...{ home, file: resolve(file), paths: appPaths(), replace: flags.replace === true, log: silentLog },
    async passphrase() {
      if (flags.withoutKeys) return null
      if (flags.passphraseFile === undefined && !process.stdin.isTTY)
        throw new UsageError(
          'The backup holds keys. Give their passphrase with --passphrase-file, or leave them out with --without-keys. Nothing was changed.',
        )
      return readPassphrase('Passphrase of the keys in the backup', flags)
    },
    onProgress: createProgress(out),
  })
  out.data(report)
  out.line(`${report.home} is as it was at ${report.madeAt}: ${runs(report.runs)}.`)
  if (report.setAside !== null) out.line(`What was there before is in ${report.setAside}.`)
  for (const note of report.notes) out.line(note)
  if (report.keysMissing.length > 0)
    out.line(
      `Keys that are missing: ${report.keysMissing.join(', ')}. What they sealed cannot be read, and its runs wait, until "gatehouse keys import" brings them.`,
    )
  return exitCodes.done
}

const quietMs = 1_000

/** Lines on standard error, as the answer alone goes to standard output; none for what takes less than a second. */
function createProgress(out: Output): (progress: BackupProgress) => void {
  let toldAt = Date.now()
  return ({ what, doneBytes, totalBytes }) => {
    if (out.json || Date.now() - toldAt < quietMs) return
    toldAt = Date.now()
    const share = totalBytes === 0 ? '' : `, ${megabytes(doneBytes)} of ${megabytes(totalBytes)} MB`
    process.stderr.write(`${what.replace(/\.$/, '')}${share}\n`)
  }
}

const megabytes = (bytes: number) => (bytes / 1024 ** 2).toLocaleString('en', { maximumFractionDigits: 1 })
const runs = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'run' : 'runs'}`

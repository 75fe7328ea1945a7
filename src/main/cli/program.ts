import { resolve } from 'node:path'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { CallFailed } from '../../contract/errors.ts'
import { stepNames } from '../../contract/model.ts'
import { auditKinds } from '../../contract/operator.ts'
import { homeAt, homePath } from '../backend/home.ts'
import { NoHostError } from '../control/connectToHost.ts'
import { appPaths, appVersion } from '../paths.ts'
import type { StepOptions } from './commands/act.ts'
import type { AuditOptions } from './commands/audit.ts'
import type { BackupFlags, RestoreFlags } from './commands/backup.ts'
import type { DiagnosticsFlags } from './commands/diagnostics.ts'
import type { DiffOptions } from './commands/diff.ts'
import type { DrillFlags } from './commands/drills.ts'
import type { FilesOptions } from './commands/files.ts'
import type { HistoryOptions } from './commands/history.ts'
import type { KeyFlags } from './commands/keys.ts'
import type { LogsOptions } from './commands/logs.ts'
import type { ModelsOptions, RollBackOptions } from './commands/models.ts'
import type { ProfilesFlags } from './commands/profiles.ts'
import type { WorkersFlags } from './commands/workers.ts'
import type { Context } from './context.ts'
import { exitCodes, UsageError } from './exitCodes.ts'
import { createOutput } from './output.ts'

/** Runs one command line; gives its exit code. Commands load what they need themselves, so that `--help` is instant. */
export async function runCli(args: readonly string[]): Promise<number> {
  let code: number = exitCodes.done
  const json = args.slice(0, args.includes('--') ? args.indexOf('--') : undefined).includes('--json')
  const program = new Command('gatehouse')
    .description('Operator console for machine-learning pipelines on Temporal.')
    .version(appVersion(appPaths().root))
    // Taken before and after the command's name.
    .option('--json', 'print JSON')
    .option('--home <dir>', 'the data folder (default: GATEHOUSE_HOME, else the platform’s place)')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    // Who asked for JSON gets wrong usage as JSON too, where every other answer stands.
    .configureOutput({
      outputError: (text, write) => (json ? createOutput(true).problem({ kind: 'usage', message: text.trim() }) : write(text)),
      ...(json ? { writeErr: () => {} } : {}),
    })
    .showHelpAfterError('("gatehouse --help" shows what there is)')

  /** Declares a command and how it is carried out. */
  const command = (usage: string, description: string, run: (context: Context, ...args: never[]) => Promise<number>) =>
    program
      .command(usage)
      .description(description)
      .exitOverride()
      .action(async (...given: unknown[]) => {
        const options = (given.at(-1) as Command).optsWithGlobals<{ json?: boolean; home?: string }>()
        const context: Context = {
          home: homeAt(options.home === undefined ? homePath() : resolve(options.home)),
          out: createOutput(options.json === true),
        }
        code = await carryOut(context, () => run(context, ...(given.slice(0, -1) as never[])))
      })

  const run = '<run>'
  const runs = '<runs...>'
  const aboutRun = 'RUN is a workflow id, a file name, or the beginning of one.'
  const aboutRuns = 'Each RUN is a workflow id, a file name, or the beginning of one.'
  command(
    'start [files...]',
    'open the console: a window where there is one, else a page',
    async (context, files: string[], options: { web?: boolean }) =>
      (await import('./commands/start.ts')).startConsole(context, files, options),
  ).option('--web', 'as a page, also where a window could be had')
  command(
    'serve [files...]',
    'run the console as a page, without a window',
    async (context, files: string[], options: { open?: boolean }) =>
      (await import('./commands/start.ts')).serveConsole(context, files, options),
  ).option('--open', 'open the browser on it')
  command(
    'worker',
    'run a bare worker beside the host of the data folder',
    async (context, options: { address?: string; namespace?: string; metricsPort?: number }) =>
      (await import('./commands/worker.ts')).runWorker(context, options),
  )
    .option('--address <host:port>', 'Temporal (default: what the profile or the running host says)', hostAndPort)
    .option('--namespace <name>', 'the namespace (default: what the profile says)')
    .option(
      '--metrics-port <port>',
      'offer this worker’s metrics to Prometheus on 127.0.0.1 (0: any free port)',
      wholeNumber(0, 65_535),
    )
  command('submit <files...>', 'hand in CSV files', async (context, files: string[], options: { wait?: boolean }) =>
    (await import('./commands/submit.ts')).submitFiles(context, files, options),
  ).option('--wait', 'end when every run has ended or awaits approval')
  command('runs', 'list runs, newest first', async (context, options: { stage?: string[]; limit: number; text?: string }) =>
    (await import('./commands/runs.ts')).listRuns(context, options),
  )
    .option('--stage <names...>', 'only runs in these stages')
    .option('--limit <number>', 'at most so many', wholeNumber(1, 5000), 50)
    .option('--text <text>', 'only runs whose file name or id contains it')
  command(
    'files',
    'list what became of each file that was seen, newest first, also of those that were refused',
    async (context, options: FilesOptions) => (await import('./commands/files.ts')).listFiles(context, options),
  )
    .option('--limit <number>', 'look at so many', wholeNumber(1, 5000), 50)
    .option('--refused', 'only those that were refused or wait')
  command(`show ${run}`, `show one run. ${aboutRun}`, async (context, wanted: string) =>
    (await import('./commands/show.ts')).showRun(context, wanted),
  )
  command(
    'diff <run> <other>',
    `say what the second run differs in from the first. ${aboutRun}`,
    async (context, wanted: string, other: string, options: DiffOptions) =>
      (await import('./commands/diff.ts')).diffRuns(context, [wanted, other], options),
  )
    .option('--all', 'also what is the same')
    .option('--secrets', 'also what secrets are; without it only whether they differ')
  for (const decision of ['approve', 'reject'] as const) {
    command(
      `${decision} ${runs}`,
      `${decision} runs for production. ${aboutRuns}`,
      async (context, wanted: string[], options: { reason: string; as?: string }) =>
        (await import('./commands/act.ts')).decide(context, decision, wanted, options),
    )
      .requiredOption('--reason <text>', 'why; kept with the decision', notBlank)
      .option('--as <name>', 'who decides (default: the operator named in the settings)', notBlank)
  }
  command(
    `cancel ${runs}`,
    `end runs that are under way. ${aboutRuns}`,
    async (context, wanted: string[], options: { reason: string }) =>
      (await import('./commands/act.ts')).cancelRuns(context, wanted, options),
  ).requiredOption('--reason <text>', 'why; kept with the run', notBlank)
  command(
    `terminate ${runs}`,
    `end runs at once, without asking them; for those that do not react to cancel. ${aboutRuns}`,
    async (context, wanted: string[], options: { reason: string }) =>
      (await import('./commands/act.ts')).terminateRuns(context, wanted, options),
  ).requiredOption('--reason <text>', 'why; kept in clear', notBlank)
  for (const [action, name, what] of [
    ['retryNow', 'retry-now', 'try a waiting step now'],
    ['pause', 'pause', 'keep a step from being tried'],
    ['resume', 'resume', 'let a paused step be tried again'],
    ['restart', 'retry-from', 'have a run go on from the moment before a step began, also after its end'],
  ] as const) {
    const declared = command(
      `${name} ${runs}`,
      `${what}. ${aboutRuns}`,
      async (context, wanted: string[], options: StepOptions) =>
        (await import('./commands/act.ts')).actOnStep(context, action, wanted, options),
    )
    // A wait is where the run is; what is paused or made anew has to be named.
    if (action === 'retryNow') {
      declared.option('--step <name>', `${stepNames.join(', ')} (default: the one that waits)`, oneOf(stepNames))
    } else declared.requiredOption('--step <name>', stepNames.join(', '), oneOf(stepNames))
    declared.requiredOption('--reason <text>', 'why; kept in clear', notBlank)
  }
  command(
    'audit [run]',
    `list what operators changed, newest first. ${aboutRun}`,
    async (context, wanted: string | undefined, options: AuditOptions) =>
      (await import('./commands/audit.ts')).listAudit(context, wanted, options),
  )
    .option('--limit <number>', 'at most so many', wholeNumber(1, 5000), 50)
    .addOption(new Option('--kind <kind>', 'what it is about').choices(auditKinds))
    .option('--operator <name>', 'by this operator')
    .option('--text <text>', 'with this text')
    .option('--csv', 'as CSV, for a spreadsheet')
  command(
    `history ${run}`,
    `write Temporal's history of a run as a JSON file. ${aboutRun}`,
    async (context, wanted: string, options: HistoryOptions) =>
      (await import('./commands/history.ts')).exportHistory(context, wanted, options),
  )
    .option('--decoded', 'with its payloads in clear, failures included')
    .option('--out <file>', 'where to (default: standard output)')
    .option('--force', 'write over a file that is there')
  command(
    `again ${runs}`,
    `start a new run of the same dataset. ${aboutRuns}`,
    async (context, wanted: string[], options: { reason: string }) =>
      (await import('./commands/act.ts')).runAgain(context, wanted, options),
  ).requiredOption('--reason <text>', 'why; kept in the audit log', notBlank)
  command('models', 'list models, newest first, and what dev and production serve', async (context, options: ModelsOptions) =>
    (await import('./commands/models.ts')).listModels(context, options),
  )
    .option('--limit <number>', 'at most so many', wholeNumber(1, 5000), 50)
    .option('--text <text>', 'only models whose id, file, pipeline, trainer or target contains it')
  command(
    'rollback <env> <model>',
    'serve an earlier model of an environment (dev or prod) again',
    async (context, environment: string, modelId: string, options: RollBackOptions) =>
      (await import('./commands/models.ts')).rollBack(context, environment, modelId, options),
  )
    .requiredOption('--reason <text>', 'why; kept with the decision', notBlank)
    .option('--as <name>', 'who decides (default: the operator named in the settings)', notBlank)
  command(
    'drills [action] [name]',
    'list drills (faults on purpose), or switch one: drills on NAME, drills off NAME, drills off --all',
    async (context, action: string | undefined, name: string | undefined, options: DrillFlags) =>
      (await import('./commands/drills.ts')).runDrills(context, action, name, options),
  )
    .option('--scope <which>', 'next (the next run), all, or a pattern of file names such as "demo_*.csv"', notBlank)
    .option('--count <number>', 'end after so many attempts were hit', wholeNumber(1, 100_000))
    .option('--minutes <number>', 'end after so many minutes', numberUpTo(10_080))
    .option('--probability <share>', 'of hitting an attempt, 0 to 1', numberUpTo(1))
    .option('--seconds <number>', 'how long a slow step waits, or what a slow link adds each way', numberUpTo(600))
    .option('--profile <name>', 'the profile in use, typed out: asked for where that is marked as production', notBlank)
    .option('--start-worker', 'worker-crash: start a worker process where none runs; it ends with the drill')
    .option('--all', 'with off: every drill')
  command(
    'keys [action] [subject]',
    'list the keys that payloads are sealed with; on, off, rotate, retire KEY, export KEY, import FILE, unlock, protect, retry',
    async (context, action: string | undefined, subject: string | undefined, options: KeyFlags) =>
      (await import('./commands/keys.ts')).runKeys(context, action, subject, options),
  )
    .option('--passphrase-file <file>', 'read the passphrase from a file (default: a prompt, or standard input)', notBlank)
    .option('--out <file>', 'with export: write it to this new file', notBlank)
  command(
    'codec-server <state>',
    'let the Temporal Web UI and CLI of this machine read what is sealed: codec-server on, codec-server off',
    async (context, state: string) => (await import('./commands/keys.ts')).switchCodecServer(context, state),
  )
  command(
    'workers [action]',
    "list who works on the pipelines' steps; stop or start the worker of the running host; start-process or stop-process: a worker in a process of its own that the host starts",
    async (context, action: string | undefined, options: WorkersFlags) =>
      (await import('./commands/workers.ts')).runWorkers(context, action, options),
  ).option('--reason <text>', 'why, for the audit log', notBlank)
  command(
    'profiles [action] [name]',
    'list where Temporal and Postgres may be; profiles use NAME chooses for the next start',
    async (context, action: string | undefined, name: string | undefined, options: ProfilesFlags) =>
      (await import('./commands/profiles.ts')).runProfiles(context, action, name, options),
  ).option('--reason <text>', 'why, for the audit log', notBlank)
  command('demo', 'run the guided demonstration against the running app, and report what was observed', async (context) =>
    (await import('./commands/demo.ts')).runDemo(context),
  )
  command('backup', 'keep all of the data folder in one file, also while its host runs', async (context, options: BackupFlags) =>
    (await import('./commands/backup.ts')).makeBackup(context, options),
  )
    .option('--out <file>', 'a new .zip, or a folder for it (default: "backups" in the data folder)', notBlank)
    .option('--passphrase-file <file>', 'put the keys in it, wrapped by the passphrase in this file', notBlank)
  command(
    'restore <file>',
    'make the data folder of a backup; changes nothing unless all of it is right',
    async (context, file: string, options: RestoreFlags) =>
      (await import('./commands/backup.ts')).restore(context, file, options),
  )
    .option('--replace', 'move aside the data folder that is there')
    .option('--passphrase-file <file>', 'the passphrase of the keys in it (default: a prompt)', notBlank)
    .option('--without-keys', 'leave out the keys in it')
  command('status', 'say how the running host is, and which of its files could not be used', async (context) =>
    (await import('./commands/status.ts')).showStatus(context),
  )
  command('doctor', 'check every part and say how to mend it; changes nothing', async (context) =>
    (await import('./commands/doctor.ts')).examine(context),
  )
  command(
    'logs [run]',
    'show the latest lines of the logs; with a workflow id, or the beginning of one, those about that run',
    async (context, wanted: string | undefined, options: LogsOptions) =>
      (await import('./commands/logs.ts')).showLogs(context, wanted, options),
  )
    .option('--limit <number>', 'at most so many', wholeNumber(1, 100_000), 50)
    .addOption(
      new Option('--level <level>', 'the least one shown').choices(['debug', 'info', 'warn', 'error', 'fatal']).default('info'),
    )
  command(
    'diagnostics',
    'collect versions, settings, health, checks, metrics, logs and failures in one archive, without secrets',
    async (context, options: DiagnosticsFlags) =>
      (await import('./commands/diagnostics.ts')).collectDiagnostics(context, options),
  )
    .option('--out <file>', 'a new .zip, or a folder for it (default: "diagnostics" in the data folder)', notBlank)
    .option('--list', 'say what would be in it, and write nothing')
  command('self-test', 'try every part of this installation that needs no server; touches no data folder', async (context) =>
    (await import('./commands/selfTest.ts')).selfTest(context),
  )

  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? exitCodes.done : exitCodes.usage // help and --version end with 0
  }
}

/** Turns what a command throws into its message and exit code. */
async function carryOut({ out }: Context, work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof UsageError) {
      out.problem({ kind: 'usage', message: error.message })
      return exitCodes.usage
    }
    if (error instanceof NoHostError) {
      out.problem({ kind: 'noHost', message: error.message })
      return exitCodes.noHost
    }
    if (error instanceof CallFailed) {
      out.problem(error.error)
      return exitCodeOf(error)
    }
    out.problem({ kind: 'internal', message: error instanceof Error ? error.message : String(error) })
    return exitCodes.failed
  }
}

function exitCodeOf({ error }: CallFailed): number {
  if (error.kind === 'invalid' || error.kind === 'notFound') return exitCodes.usage
  // Temporal away is the host's own trouble; the host away is ours.
  if (error.kind === 'unavailable' && error.part === 'host') return exitCodes.noHost
  return exitCodes.failed
}

function notBlank(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must not be empty.')
  return text.trim()
}

const oneOf =
  <T extends string>(names: readonly T[]) =>
  (text: string): T => {
    const found = names.find((name) => name === text)
    if (found === undefined) throw new InvalidArgumentError(`It must be one of ${names.join(', ')}.`)
    return found
  }

function hostAndPort(text: string): string {
  if (!/^[^\s/]+:\d{1,5}$/.test(text)) throw new InvalidArgumentError('It must be host:port.')
  return text
}

const wholeNumber = (least: number, most: number) => (text: string) => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
  return value
}

const numberUpTo = (most: number) => (text: string) => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0 || value > most) {
    throw new InvalidArgumentError(`It must be a number above 0 and at most ${most}.`)
  }
  return value
}

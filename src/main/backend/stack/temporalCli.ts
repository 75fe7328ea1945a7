/** The Temporal CLI (its dev server is our embedded Temporal): found on this machine, fetched, or built. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { arch, platform } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import envPaths from 'env-paths'
import { processIdentity, systemEnvironment } from './processes.ts'

const run = promisify(execFile)

export interface CliProgress {
  /** What is being done and how long it may take, in a sentence. */
  message: string
  /** 0 to 1; null while it cannot be told. */
  fraction: number | null
}

export interface TemporalCli {
  path: string
  /** As the binary prints it, e.g. `1.8.2`. */
  version: string
  how: 'configured' | 'path' | 'cache' | 'archive' | 'built'
  /** Binaries that were found and passed over, and why. */
  notes: string[]
}

export interface TemporalCliOptions {
  /** Folder of ours that survives the app's data folder; `defaultCliCache()` unless a test says otherwise. */
  cacheDir: string
  /** The app's `resources` folder; `temporal-cli/go.mod` in it pins the version. */
  resources: string
  onProgress?: (progress: CliProgress) => void
  signal?: AbortSignal
  /** Default: GATEHOUSE_TEMPORAL_CLI. */
  configuredPath?: string
  /** Default: PATH. */
  searchPath?: string
  /** Default: the project's own release addresses. */
  archives?: ArchiveSource[]
}

export interface ArchiveSource {
  archive: string
  /** A list of `<sha256>  <file name>` lines; null when none is published. */
  checksums: string | null
  /** The archive's name in that list. */
  fileName: string
}

/** An offline machine must move on to the next way soon. */
const connectMilliseconds = 6_000
const stallMilliseconds = 30_000
/** Server 1.28 brought `resetActivity` ("retry now"), which the console leans on. */
const oldestServer = [1, 28]
/** Cold module and build caches take 3.3 GB (measured with 1.8.2), the binary 0.14 GB. */
const buildBytes = 4 * 1024 ** 3
/** Measured with 1.8.2 from cold caches; they only shape the progress bar. */
const buildDownloads = 205
const buildPackages = 1_760

/** The platform's own cache folder. */
export const defaultCliCache = (): string => envPaths('gatehouse', { suffix: '' }).cache

/** The version that Gatehouse was tried with, from `resources/temporal-cli/go.mod`: the one place where it is pinned. */
export async function pinnedCliVersion(resources: string): Promise<string> {
  const file = join(resources, 'temporal-cli', 'go.mod')
  const version = /^require github\.com\/temporalio\/cli v(\S+)$/m.exec(await readFile(file, 'utf8'))?.[1]
  if (!version) throw new Error(`${file} names no version of github.com/temporalio/cli.`)
  return version
}

/** Where Temporal publishes its archives (https://docs.temporal.io/cli, and the release page's assets). */
export function officialArchives(version: string): ArchiveSource[] {
  const os = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[platform() as string]
  const cpu = { x64: 'amd64', arm64: 'arm64' }[arch() as string]
  if (!os || !cpu) return []
  const release = `https://github.com/temporalio/cli/releases/download/v${version}`
  const fileName = `temporal_cli_${version}_${os}_${cpu}.tar.gz`
  const checksums = `${release}/checksums.txt`
  const sources: ArchiveSource[] = [{ archive: `${release}/${fileName}`, checksums, fileName }]
  // The site answers with a zip for Windows, which the release's checksum list names differently.
  const mirror = `https://temporal.download/cli/archive/v${version}?platform=${os}&arch=${cpu}`
  if (os !== 'windows') sources.unshift({ archive: mirror, checksums, fileName })
  return sources
}

/**
 * Runs `--version` and reads the answer, e.g. `temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)`.
 * @throws Error with one sentence when it does not start, is something else, or is too old.
 */
export async function tryCli(path: string, signal?: AbortSignal): Promise<string> {
  let answer: string
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 20_000, signal, env: systemEnvironment() })
    answer = stdout.trim()
  } catch (error) {
    signal?.throwIfAborted()
    throw new Error(`${path} does not run: ${firstLine((error as Error).message)}`)
  }
  const match = /^temporal version (\S+) \(Server (\d+)\.(\d+)/.exec(answer)
  if (!match) throw new Error(`${path} is not the Temporal CLI: its --version says "${firstLine(answer)}".`)
  const [major, minor] = [Number(match[2]), Number(match[3])]
  if (major < (oldestServer[0] ?? 0) || (major === oldestServer[0] && minor < (oldestServer[1] ?? 0))) {
    throw new Error(`${path} brings Temporal Server ${major}.${minor}; Gatehouse needs ${oldestServer.join('.')} or newer.`)
  }
  return match[1] as string
}

/**
 * Gives a Temporal CLI that runs, trying in this order: the configured path, PATH, our cache, the official archive, a
 * build through the Go module proxy. Two processes that ask at once share one download or build.
 * @throws Error that names everything that was tried and what to do; the signal's reason when aborted.
 */
export async function ensureTemporalCli(options: TemporalCliOptions): Promise<TemporalCli> {
  const { resources, signal } = options
  const notes: string[] = []
  const report = (message: string, fraction: number | null = null) => options.onProgress?.({ message, fraction })
  const found = async (path: string, how: TemporalCli['how']): Promise<TemporalCli | null> => {
    try {
      return { path, version: await tryCli(path, signal), how, notes }
    } catch (error) {
      signal?.throwIfAborted()
      notes.push((error as Error).message)
      report(`Passed over: ${(error as Error).message}`)
      return null
    }
  }

  const configured = options.configuredPath ?? process.env.GATEHOUSE_TEMPORAL_CLI
  if (configured) {
    const cli = await found(configured, 'configured')
    if (cli) return cli
  }
  for (const path of onSearchPath(options.searchPath ?? process.env.PATH ?? '')) {
    const cli = await found(path, 'path')
    if (cli) return cli
  }
  const version = await pinnedCliVersion(resources)
  const folder = join(options.cacheDir, 'temporal-cli', version)
  const target = join(folder, exe('temporal'))
  const cached = async () => (existsSync(target) ? found(target, 'cache') : null)
  const early = await cached()
  if (early) return early

  await mkdir(folder, { recursive: true, mode: 0o700 })
  const unlock = await lock(
    join(folder, 'lock.sqlite'),
    () => report('Another Gatehouse is getting the Temporal CLI; waiting for it.'),
    signal,
  )
  try {
    // Whoever held the lock before us has most likely put it there.
    const late = await cached()
    if (late) return late
    const staging = join(folder, 'staging')
    await clearStaging(staging)
    await mkdir(staging, { mode: 0o700 })
    try {
      const made =
        (await fromArchive(options.archives ?? officialArchives(version), staging, report, notes, signal)) ??
        (await fromGo(version, resources, staging, report, notes, signal))
      if (made) {
        try {
          const madeVersion = await tryCli(made.path, signal)
          await rename(made.path, target)
          return { path: target, version: madeVersion, how: made.how, notes }
        } catch (error) {
          signal?.throwIfAborted()
          notes.push((error as Error).message)
        }
      }
    } finally {
      await rm(staging, { recursive: true, force: true, maxRetries: 5 })
    }
  } finally {
    unlock()
  }
  throw new Error(
    [
      `No Temporal CLI could be had. Tried: ${configured ? 'the configured path, ' : ''}PATH, the cache ${folder}, the official archive, a build with Go.`,
      ...notes.map((note) => `- ${note}`),
      `Nothing else was changed. Install the Temporal CLI ${version} (https://docs.temporal.io/cli) or Go and start again, or set GATEHOUSE_TEMPORAL_CLI to a binary.`,
    ].join('\n'),
  )
}

async function fromArchive(
  sources: ArchiveSource[],
  staging: string,
  report: (message: string, fraction?: number | null) => void,
  notes: string[],
  signal: AbortSignal | undefined,
): Promise<{ path: string; how: 'archive' } | null> {
  if (sources.length === 0) notes.push(`There is no official archive for ${platform()} on ${arch()}.`)
  for (const source of sources) {
    const host = new URL(source.archive).host
    const archive = join(staging, 'archive.tar.gz')
    try {
      report(`Fetching the Temporal CLI from ${host} (about 40 MB).`)
      const sha256 = await download(
        source.archive,
        archive,
        (done, total) => {
          const size = total ? `${megabytes(done)} of ${megabytes(total)} MB` : `${megabytes(done)} MB`
          report(`Fetching the Temporal CLI from ${host}: ${size}.`, total ? done / total : null)
        },
        signal,
      )
      const expected = source.checksums ? await publishedChecksum(source.checksums, source.fileName, signal) : null
      if (expected !== null && expected !== sha256) {
        throw new Error(`its SHA-256 is ${sha256}, but the release says ${expected}; it was thrown away`)
      }
      if (expected === null)
        notes.push(`The archive from ${host} came over a secure connection; its published checksum could not be had.`)
      const unpacked = join(staging, 'unpacked')
      await mkdir(unpacked)
      await run('tar', ['-xzf', archive, '-C', unpacked], { signal, env: systemEnvironment(), timeout: 120_000 })
      const path = join(unpacked, exe('temporal'))
      await chmod(path, 0o755)
      await tryCli(path, signal)
      return { path, how: 'archive' }
    } catch (error) {
      signal?.throwIfAborted()
      notes.push(`The official archive from ${host} could not be used: ${reason(error)}.`)
      await rm(join(staging, 'unpacked'), { recursive: true, force: true })
      await rm(archive, { force: true })
    }
  }
  return null
}

/** Fetches with a limit on the wait for an answer and on silence, not on the whole; gives the SHA-256 of what came. */
async function download(
  url: string,
  file: string,
  onBytes: (done: number, total: number | null) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  const silence = new AbortController()
  const give = (message: string) => () => silence.abort(new Error(message))
  let timer = setTimeout(give(`no answer within ${connectMilliseconds / 1000} s`), connectMilliseconds)
  try {
    const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal })
    if (!response.ok || !response.body) throw new Error(`it answered ${response.status}`)
    const length = Number(response.headers.get('content-length'))
    const total = Number.isFinite(length) && length > 0 ? length : null
    const hash = createHash('sha256')
    let done = 0
    let told = 0
    await pipeline(
      Readable.fromWeb(response.body),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          clearTimeout(timer)
          timer = setTimeout(give(`nothing came for ${stallMilliseconds / 1000} s`), stallMilliseconds)
          hash.update(chunk)
          done += chunk.length
          if (done - told > 1024 ** 2) {
            told = done
            onBytes(done, total)
          }
          yield chunk
        }
      },
      createWriteStream(file, { mode: 0o600 }),
    )
    return hash.digest('hex')
  } catch (error) {
    throw silence.signal.aborted ? silence.signal.reason : error
  } finally {
    clearTimeout(timer)
  }
}

/** The archive's SHA-256 as the release lists it; null when the list cannot be had or does not name it. */
async function publishedChecksum(url: string, fileName: string, signal: AbortSignal | undefined): Promise<string | null> {
  try {
    const limit = AbortSignal.timeout(connectMilliseconds)
    const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, limit]) : limit })
    if (!response.ok) return null
    const line = (await response.text()).split('\n').find((l) => l.trim().endsWith(fileName))
    return /^[0-9a-f]{64}/i.exec(line?.trim() ?? '')?.[0].toLowerCase() ?? null
  } catch {
    signal?.throwIfAborted()
    return null
  }
}

async function fromGo(
  version: string,
  resources: string,
  staging: string,
  report: (message: string, fraction?: number | null) => void,
  notes: string[],
  signal: AbortSignal | undefined,
): Promise<{ path: string; how: 'built' } | null> {
  const env = goEnvironment(staging)
  try {
    await run('go', ['version'], { env, signal, timeout: 20_000 })
  } catch {
    signal?.throwIfAborted()
    notes.push('A build was not possible: there is no Go on PATH (https://go.dev/dl).')
    return null
  }
  const space = await statfs(staging)
  if (space.bavail * space.bsize < buildBytes) {
    notes.push(`A build was not possible: it needs ${buildBytes / 1024 ** 3} GB for a few minutes, and ${staging} has less.`)
    return null
  }
  const module = join(staging, 'module')
  await mkdir(module)
  for (const name of ['go.mod', 'go.sum']) await copyFile(join(resources, 'temporal-cli', name), join(module, name))
  const path = join(staging, exe('temporal'))
  const args = [
    'build',
    '-v',
    '-trimpath',
    `-ldflags=-s -w -X github.com/temporalio/cli/internal/temporalcli.Version=${version}`,
    '-o',
    path,
    'github.com/temporalio/cli/cmd/temporal',
  ]
  const begun = performance.now()
  const counts = { downloads: 0, packages: 0 }
  const last: string[] = []
  const tell = () => {
    const elapsed = Math.round((performance.now() - begun) / 1000)
    // Downloads take about a quarter of the time, compiling most of the rest, linking the last bit.
    const fraction = 0.25 * Math.min(1, counts.downloads / buildDownloads) + 0.65 * Math.min(1, counts.packages / buildPackages)
    const doing =
      counts.packages > 0 ? `compiling, ${counts.packages} packages done` : `fetching modules, ${counts.downloads} so far`
    // The first bit tells too little about this machine to reckon with.
    const left = fraction > 0.15 ? Math.ceil((elapsed * (1 - fraction)) / fraction / 60) : 5
    report(`Building the Temporal CLI ${version} with Go, once, about ${left} more min: ${doing}, ${elapsed} s gone.`, fraction)
  }
  tell()
  const ticker = setInterval(tell, 1000)
  try {
    signal?.throwIfAborted()
    // A group of its own, so that an abort also ends the compilers that `go` started.
    const child = spawn('go', args, { cwd: module, env, detached: platform() !== 'win32', stdio: ['ignore', 'ignore', 'pipe'] })
    if (child.pid)
      await writeFile(join(staging, 'go.json'), JSON.stringify({ pid: child.pid, identity: processIdentity(child.pid) }))
    const abort = () => endGroup(child)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      const lines = createInterface({ input: child.stderr })
      lines.on('line', (line) => {
        if (line.startsWith('go: downloading')) counts.downloads += 1
        else if (/^[a-z0-9.-]+(\/[\w.~-]+)*$/i.test(line)) counts.packages += 1
        last.push(line)
        if (last.length > 5) last.shift()
      })
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject)
        child.once('close', (exit) => resolve(exit))
      })
      signal?.throwIfAborted()
      if (code !== 0) throw new Error(`go build ended with ${code}: ${last.join(' | ')}`)
    } finally {
      signal?.removeEventListener('abort', abort)
    }
    report(`Built the Temporal CLI ${version}.`, 1)
    return { path, how: 'built' }
  } catch (error) {
    signal?.throwIfAborted()
    notes.push(`The build with Go failed: ${reason(error)}.`)
    return null
  } finally {
    clearInterval(ticker)
  }
}

/** Go's own settings and the way to the network are kept; caches are scratch and deletable, so that only the binary stays. */
function goEnvironment(staging: string): Record<string, string> {
  const env = systemEnvironment()
  for (const [name, value] of Object.entries(process.env)) {
    if (
      value !== undefined &&
      /^(GOPROXY|GONOPROXY|GOPRIVATE|GOSUMDB|GONOSUMDB|GOINSECURE|SSL_CERT_\w+|https?_proxy|no_proxy)$/i.test(name)
    ) {
      env[name] = value
    }
  }
  return {
    ...env,
    CGO_ENABLED: '0',
    GOFLAGS: '-modcacherw -mod=readonly -buildvcs=false',
    GOMODCACHE: join(staging, 'mod'),
    GOCACHE: join(staging, 'build'),
    // An older Go fetches the one that go.mod asks for through the same proxy.
    GOTOOLCHAIN: 'auto',
    GOWORK: 'off',
    GOENV: 'off',
  }
}

/** Ends what a killed process of ours left in the staging folder (we hold the lock, so nobody uses it), then clears it. */
async function clearStaging(staging: string): Promise<void> {
  try {
    const record = JSON.parse(await readFile(join(staging, 'go.json'), 'utf8')) as { pid: number; identity: string | null }
    if (record.identity !== null && processIdentity(record.pid) === record.identity && platform() !== 'win32') {
      process.kill(-record.pid, 'SIGKILL')
    }
  } catch {
    // No build was under way, or it has ended.
  }
  await rm(staging, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}

function endGroup(child: ChildProcess): void {
  try {
    if (child.pid && platform() !== 'win32') process.kill(-child.pid, 'SIGKILL')
    else child.kill('SIGKILL')
  } catch {
    // It ended by itself.
  }
}

/** Held until released or until this process ends in any way: the kernel drops SQLite's file lock then. */
async function lock(file: string, onWait: () => void, signal: AbortSignal | undefined): Promise<() => void> {
  const db = new Database(file, { timeout: 0 })
  for (let told = false; ; ) {
    try {
      db.exec('BEGIN EXCLUSIVE')
      return () => db.close()
    } catch (error) {
      if ((error as { code?: string }).code !== 'SQLITE_BUSY') {
        db.close()
        throw error
      }
      if (!told) onWait()
      told = true
      await new Promise((resolve) => setTimeout(resolve, 500))
      if (signal?.aborted) {
        db.close()
        throw signal.reason
      }
    }
  }
}

function onSearchPath(searchPath: string): string[] {
  return [...new Set(searchPath.split(delimiter).filter(Boolean))]
    .map((dir) => join(dir, exe('temporal')))
    .filter((p) => existsSync(p))
}

const exe = (name: string) => (platform() === 'win32' ? `${name}.exe` : name)
const firstLine = (text: string) => text.split('\n')[0] ?? ''
const megabytes = (bytes: number) => Math.round(bytes / 1024 ** 2)
/** `fetch failed` alone tells nothing: the cause does. */
function reason(error: unknown): string {
  const { message, cause } = error as Error & { cause?: { code?: string; message?: string } }
  return cause ? cause.message || cause.code || message : message
}

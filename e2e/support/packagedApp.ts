import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { findElectron, root } from './browsers.ts'
import { copyElectronDist } from './electronDist.ts'

/**
 * The unpacked app for this machine, made in `scratch` around the Electron for tests.
 * @throws Error with what the packager said when it could not be made
 */
export function packageApp(scratch: string): { dist: string; unpacked: string; binary: string } {
  const electron = join(scratch, 'electron')
  const version = copyElectronDist(findElectron(), electron)
  const dist = join(scratch, 'dist')
  const args = ['scripts/package.ts', '--dir', '--out', dist, '--electron', electron, '--electron-version', version]
  const made = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(made.stdout + made.stderr)
  const unpacked = join(dist, 'linux-unpacked')
  return { dist, unpacked, binary: join(unpacked, 'gatehouse') }
}

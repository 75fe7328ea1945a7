import type { StackHealth } from '../../../contract/model.ts'
import type { Home } from '../../backend/home.ts'
import { appPaths, appVersion } from '../../paths.ts'
import type { Check } from './check.ts'
import { checkFiles, checkKeys, checkMetrics, checkStack, examineHost, ownAddresses } from './host.ts'
import {
  checkConfig,
  checkDataFolder,
  checkInboxes,
  checkKeychain,
  checkNode,
  checkPostgres,
  checkShell,
  checkTemporalCli,
} from './machine.ts'
import { checkPorts } from './ports.ts'

/** Looks at every part and changes nothing. `health` is null when no host answers. */
export async function runChecks(home: Home): Promise<{ checks: Check[]; version: string; health: StackHealth | null }> {
  const paths = appPaths()
  const version = appVersion(paths.root)
  const { check: hostCheck, health, keys, metrics } = await examineHost(home, version)
  const checks = await Promise.all([
    checkNode(),
    checkDataFolder(home),
    hostCheck,
    checkConfig(home),
    checkInboxes(home),
    checkTemporalCli(paths),
    checkPostgres(paths),
    checkKeychain(paths, home),
    checkShell(paths),
  ])
  checks.push(...(await checkPorts(health === null ? [] : ownAddresses(health))))
  if (health !== null) checks.push(...checkStack(health), ...checkFiles(health))
  if (keys !== null) checks.push(checkKeys(keys))
  if (metrics !== null) checks.push(checkMetrics(metrics))
  return { checks, version, health }
}

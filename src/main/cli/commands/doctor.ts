import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StackHealth } from '../../../contract/model.ts'
import type { Home } from '../../backend/home.ts'
import { appPaths } from '../../paths.ts'
import type { Context } from '../context.ts'
import type { Check } from '../doctor/check.ts'
import { checkKeys, checkMetrics, checkStack, examineHost, ownAddresses } from '../doctor/host.ts'
import {
  checkConfig,
  checkDataFolder,
  checkInboxes,
  checkKeychain,
  checkNode,
  checkPostgres,
  checkShell,
  checkTemporalCli,
} from '../doctor/machine.ts'
import { checkPorts } from '../doctor/ports.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import type { Cell, Style } from '../output.ts'

const styles: Record<Check['state'], Style> = { ok: 'good', note: 'human', blocks: 'bad' }

/** Looks at every part and changes nothing. `health` is null when no host answers. */
export async function runChecks(home: Home): Promise<{ checks: Check[]; version: string; health: StackHealth | null }> {
  const paths = appPaths()
  const { version } = JSON.parse(readFileSync(join(paths.root, 'package.json'), 'utf8')) as { version: string }
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
  if (health !== null) checks.push(...checkStack(health))
  if (keys !== null) checks.push(checkKeys(keys))
  if (metrics !== null) checks.push(checkMetrics(metrics))
  return { checks, version, health }
}

export async function examine({ home, out }: Context): Promise<ExitCode> {
  const { checks, version } = await runChecks(home)
  const blocking = checks.filter((check) => check.state === 'blocks').length
  out.data({ ok: blocking === 0, version, home: home.root, checks })
  out.table(checks.flatMap(rows))
  out.line()
  out.line(
    blocking === 0 ? 'Nothing stands in the way.' : `${blocking} ${blocking === 1 ? 'thing stands' : 'things stand'} in the way.`,
  )
  return blocking === 0 ? exitCodes.done : exitCodes.failed
}

function rows({ name, state, detail, remedy }: Check): Cell[][] {
  const first: Cell[] = [{ text: state, style: styles[state] }, name, detail]
  return remedy === '' ? [first] : [first, ['', '', { text: `→ ${remedy}`, style: 'faint' }]]
}

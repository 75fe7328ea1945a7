/** Whether a host runs on the data folder, and how its stack is. */
import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import type { KeysState } from '../../../contract/keys.ts'
import type { MetricsState } from '../../../contract/metrics.ts'
import type { AppInfo, Part, StackHealth } from '../../../contract/model.ts'
import type { Home } from '../../backend/home.ts'
import { connectToHost, NoHostError } from '../../control/connectToHost.ts'
import { type Control, readControl } from '../../control/controlFile.ts'
import { partLabels, partNames } from '../../partLabels.ts'
import { blocks, type Check, note, ok } from './check.ts'

export interface HostFound {
  check: Check
  /** null when none answers. */
  health: StackHealth | null
  keys: KeysState | null
  metrics: MetricsState | null
}

/** @param version of this command line */
export async function examineHost(home: Home, version: string): Promise<HostFound> {
  const name = 'Host'
  let answered: { info: AppInfo; health: StackHealth; keys: KeysState; metrics: MetricsState; host: Control }
  try {
    const host = await connectToHost(home)
    try {
      answered = {
        info: await host.call('app.info', {}),
        health: await host.call('stack.health', {}),
        keys: await host.call('keys.get', {}),
        metrics: await host.call('metrics.get', {}),
        host: host.host,
      }
    } finally {
      host.close()
    }
  } catch (error) {
    if (!(error instanceof NoHostError)) throw error
    return { check: whyNone(home), health: null, keys: null, metrics: null }
  }
  const { info, health, keys, metrics, host } = answered
  const detail = `${info.version} runs as process ${host.pid} (${host.shell}) at ${host.url}`
  const check =
    info.version === version
      ? ok(name, detail)
      : note(name, `${detail}; this command line is ${version}`, 'Stop it and start it again to have one version.')
  return { check, health, keys, metrics }
}

function whyNone(home: Home): Check {
  const left = readControl(home)
  if (isLocked(home)) {
    const who = left === null ? '' : ` (process ${left.pid}, started ${left.startedAt})`
    return blocks(
      'Host',
      `the data folder is in use by a Gatehouse that does not answer${who}`,
      'Wait if it is just starting; otherwise end that process.',
    )
  }
  if (left !== null)
    return note(
      'Host',
      `none runs; the one of ${left.startedAt} did not end in order`,
      'Start it with "gatehouse start" or "gatehouse serve"; nothing was lost.',
    )
  return note('Host', 'none runs', 'Start one with "gatehouse start" or "gatehouse serve".')
}

/** Reads the lock file without taking it: with the host's exclusive lock on it that is refused. */
function isLocked({ lock }: Home): boolean {
  if (!existsSync(lock)) return false
  try {
    const db = new Database(lock, { readonly: true, timeout: 0 })
    try {
      db.prepare('SELECT count(*) FROM sqlite_master').get()
      return false
    } finally {
      db.close()
    }
  } catch (error) {
    return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
  }
}

export function checkStack(health: StackHealth): Check[] {
  return partNames.map((part) => checkPart(`Running: ${partLabels[part]}`, health[part]))
}

/** One for each file that could not be used as it lies there. */
export const checkFiles = ({ unusable }: StackHealth): Check[] =>
  unusable.map(({ problem }) => note('Running: Files', problem, 'Mend the file and start again, or save anew what it is for.'))

/** Whether new payloads are sealed, and whether the keys for that can be had. */
export function checkKeys({ encrypting, problem, remedy, warning, provider, keys }: KeysState): Check {
  const name = 'Running: Encryption'
  if (problem !== null) return blocks(name, problem, remedy ?? 'Look again with "gatehouse keys retry".')
  if (!encrypting) return note(name, 'off: new payloads are written in clear', 'Switch it on with "gatehouse keys on".')
  const detail = `on, key ${keys.find((key) => key.state === 'sealing')?.id ?? 'not made yet'} (${provider})`
  return warning === null ? ok(name, detail) : note(name, `${detail}; ${warning}`)
}

/** Whether Prometheus can ask, and where. */
export function checkMetrics({ url, problem }: MetricsState): Check {
  const name = 'Running: Metrics'
  if (problem !== null) return note(name, problem, 'Set another port in the settings, or end what holds this one.')
  return url === null ? ok(name, 'off; they are switched on in the settings') : ok(name, `for Prometheus at ${url}`)
}

function checkPart(name: string, { state, summary, detail, remedy }: Part): Check {
  const words = [summary, detail].filter((text) => text !== '').join('; ')
  if (state === 'down') return blocks(name, words || 'down', remedy || 'See the console for its state.')
  if (state === 'up' && remedy === '') return ok(name, words || 'up')
  return note(name, words || state, remedy)
}

/** Addresses that the host has opened itself, so that their ports are not strangers'. */
export const ownAddresses = (health: StackHealth): string[] =>
  [health.temporal.address, health.dev.address, health.prod.address, health.temporalUiUrl].flatMap((address) =>
    address === null ? [] : [address.replace(/\/+$/, '')],
  )

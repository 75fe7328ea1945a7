import { hostname, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import envPaths from 'env-paths'
import { makeFolder } from './disk/writeWhole.ts'

/** Where everything of one app lives; one folder, one app. */
export interface Home {
  root: string
  inbox: string
  config: string
  store: string
  ledger: string
  temporal: string
  postgres: string
  logs: string
  backups: string
  /** Archives for whoever helps. */
  diagnostics: string
  /** Written by the host that runs on this folder: how the command line and a second copy find it. */
  control: string
  /** Locked by that host for as long as it lives. */
  lock: string
}

/** The data folder's path: GATEHOUSE_HOME, else the platform's own place for application data. */
export const homePath = () => resolve(process.env.GATEHOUSE_HOME || envPaths('gatehouse', { suffix: '' }).data)

export function homeAt(root: string): Home {
  return {
    root,
    inbox: join(root, 'data', 'raw'),
    config: join(root, 'config'),
    store: join(root, 'store'),
    ledger: join(root, 'ledger.sqlite'),
    temporal: join(root, 'temporal'),
    postgres: join(root, 'postgres'),
    logs: join(root, 'logs'),
    backups: join(root, 'backups'),
    diagnostics: join(root, 'diagnostics'),
    control: join(root, 'control.json'),
    lock: join(root, 'lock.sqlite'),
  }
}

/** Makes the folders, readable by this user alone. */
export function makeHome(home: Home): void {
  for (const folder of [home.inbox, home.config, home.store, home.temporal, home.logs, home.backups]) {
    makeFolder(folder)
  }
}

/** The account name that stands in the ledger for whoever dropped a file, until the operator sets another. */
export const accountName = () => userInfo().username || 'unknown'
export const hostName = () => hostname()

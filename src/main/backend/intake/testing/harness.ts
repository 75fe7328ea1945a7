/** A whole intake for tests: real folders, real SQLite, real watch, real thread; no Temporal. */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { IntakeEntry, Settings } from '../../../../contract/model.ts'
import { defaultNotifications } from '../../../../contract/notices.ts'
import { defaultPipelines } from '../../../../contract/pipelines.ts'
import { defaultRetries } from '../../../../temporal/retries.ts'
import { homeAt, makeHome } from '../../home.ts'
import { openLedger } from '../../ledger/openLedger.ts'
import { silentLog } from '../../log.ts'
import { createFileStore } from '../../store/fileStore.ts'
import { createIntake } from '../createIntake.ts'

export const threadFile = fileURLToPath(new URL('../intakeThread.ts', import.meta.url))

export const settingsFor = (inboxFolders: string[], patch: Partial<Settings> = {}): Settings => ({
  inboxFolders,
  settleSeconds: 0.1,
  maxFileBytes: 4 * 1024 ** 3,
  operator: 'ada',
  demoTrainer: { minSeconds: 0, maxSeconds: 0 },
  approvalTimeoutHours: 24,
  retries: defaultRetries,
  pipelines: defaultPipelines,
  startsPerSecond: 20,
  notifications: defaultNotifications,
  metrics: { on: false, port: null },
  appearance: 'system',
  ...patch,
})

/** A data folder of its own for a test. */
export function tempHome() {
  const root = mkdtempSync(join(tmpdir(), 'gatehouse-intake-'))
  const home = homeAt(root)
  makeHome(home)
  return { home, remove: () => rm(root, { recursive: true, force: true }) }
}

export type Harness = Awaited<ReturnType<typeof openIntake>>

/** Opens an intake on a data folder. Await `entry`, `entries` or `health` for what it tells. */
export async function openIntake(root: string, patch: Partial<Settings> = {}) {
  const home = homeAt(root)
  const ledger = openLedger(home.ledger)
  const store = createFileStore(home.store)
  let current = settingsFor([home.inbox], patch)
  /** The newest version of each entry that was told, in the order in which they were first told. */
  const told = new Map<number, IntakeEntry>()
  const acceptedIds: string[] = []
  const watchers = new Set<() => void>()
  const changed = () => {
    for (const watcher of [...watchers]) watcher()
  }
  const intake = createIntake({
    ledger,
    store,
    settings: () => current,
    submittedBy: () => current.operator,
    runSettings: () => ({
      retries: current.retries,
      demo_trainer: { min_seconds: 0, max_seconds: 0 },
      approval_timeout_seconds: 3600,
    }),
    thread: threadFile,
    emit: (name, payload) => {
      if (name === 'intake.changed')
        for (const entry of (payload as { entries: IntakeEntry[] }).entries) told.set(entry.id, entry)
      changed()
    },
    log: silentLog,
    onAccepted: (ids) => acceptedIds.push(...ids),
  })
  intake.onHealth(changed)

  /** Settles as soon as `find` gives something, looking again at each thing that the intake tells. */
  const until = <T>(find: () => T | undefined | null | false) =>
    new Promise<T>((resolve) => {
      const look = () => {
        const found = find()
        if (!found) return
        watchers.delete(look)
        resolve(found)
      }
      watchers.add(look)
      look()
    })

  return {
    home,
    ledger,
    store,
    intake,
    acceptedIds,
    told: () => [...told.values()],
    until,
    entry: (matches: (entry: IntakeEntry) => boolean) => until(() => [...told.values()].find(matches)),
    entries: (count: number, matches: (entry: IntakeEntry) => boolean = () => true) =>
      until(() => {
        const found = [...told.values()].filter(matches)
        return found.length >= count ? found : null
      }),
    health: (state: string) => until(() => (intake.health().state === state ? intake.health() : null)),
    change(next: Partial<Settings>) {
      current = { ...current, ...next }
      intake.settingsChanged()
    },
    runs: () =>
      ledger.prepare('SELECT * FROM run ORDER BY rowid').all() as {
        workflow_id: string
        file_name: string
        sha256: string
        origin: string
        source_path: string
        again: number
      }[],
    async close() {
      await intake.close()
      ledger.close()
    },
  }
}

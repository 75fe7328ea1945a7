/** Backups and diagnostics of the simulated host. */
import type { BackupReport, BackupState } from '../../contract/backup.ts'
import type { Handlers } from '../../contract/calls.ts'
import { conflict, invalid } from '../../contract/errors.ts'

const home = '/home/ada/.local/share/gatehouse'
const stepMs = 350
const steps = 12
const totalBytes = 412_000_000

const entries = [
  { name: 'README.txt', sizeBytes: 1_050 },
  { name: 'versions.json', sizeBytes: 214 },
  { name: 'doctor.json', sizeBytes: 3_904 },
  { name: 'health.json', sizeBytes: 2_211 },
  { name: 'failures.json', sizeBytes: 8_120 },
  { name: 'ledger.json', sizeBytes: 1_730 },
  { name: 'disk.json', sizeBytes: 310 },
  { name: 'config/settings.json', sizeBytes: 2_480 },
  { name: 'logs/gatehouse.log', sizeBytes: 212_400 },
  { name: 'missing.json', sizeBytes: 96 },
]
const contents = { entries, missing: [{ name: 'metrics.txt', why: 'Metrics are off.' }] }

export function createSimulatedData(
  emit: (name: 'backup.changed', payload: { state: BackupState }) => void,
  clock: () => number,
): Pick<Handlers, 'backup.make' | 'backup.state' | 'backup.stop' | 'diagnostics.list' | 'diagnostics.make' | 'diagnostics.read'> {
  let state: BackupState = { folder: `${home}/backups`, last: null, making: null }
  let stopped = false
  const set = (change: Partial<BackupState>) => {
    state = { ...state, ...change }
    emit('backup.changed', { state })
  }
  return {
    'backup.state': () => state,
    'backup.stop': () => {
      stopped = true
      return {}
    },
    async 'backup.make'({ file, passphrase }) {
      if (state.making) throw conflict('A backup is being made already. Nothing more was begun.')
      if (file?.startsWith(`${home}/store`)) {
        throw invalid(`${file} is part of the data folder. Nothing was written; name a folder outside of it.`, 'file')
      }
      stopped = false
      for (let step = 0; step < steps; step++) {
        const packing = { what: 'Packing', doneBytes: Math.round((totalBytes * step) / steps), totalBytes }
        set({ making: step === 0 ? { what: 'Taking the databases', doneBytes: 0, totalBytes: 0 } : packing })
        await new Promise((resolve) => setTimeout(resolve, stepMs))
        if (!stopped) continue
        set({ making: null })
        throw conflict('The backup was stopped. Nothing of it was kept; earlier ones and the data folder are as they were.')
      }
      const withKeys = passphrase !== null
      const { notes, ...report }: BackupReport = {
        file: `${file ?? state.folder}/gatehouse-20261125T120000Z.zip`,
        sizeBytes: 187_210_688,
        sha256: '9f2c'.repeat(16),
        madeAt: new Date(clock()).toISOString(),
        runs: 42,
        keysIncluded: withKeys ? ['k-20261125-4f1d'] : [],
        keysMissing: withKeys ? [] : ['k-20261125-4f1d'],
        notes: withKeys ? [] : ['The keys are not in this backup (no passphrase was given to wrap them).'],
      }
      set({ making: null, last: { ...report, isThere: true } })
      return { ...report, notes }
    },
    'diagnostics.list': () => contents,
    'diagnostics.make': ({ file }) => ({
      ...contents,
      file: `${file ?? `${home}/diagnostics`}/gatehouse-diagnostics-20261125T120000Z.zip`,
      sizeBytes: 31_240,
    }),
    'diagnostics.read': () => ({ base64: btoa('PK'), next: null }),
  }
}

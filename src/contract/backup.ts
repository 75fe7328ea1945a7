/** Backups of the data folder, as the console and the command line ask for them. */
import { z } from 'zod'

export const backupReport = z.object({
  file: z.string(),
  sizeBytes: z.number().int(),
  /** Of the archive; kept elsewhere, it tells a forged backup from this one. */
  sha256: z.string(),
  madeAt: z.iso.datetime(),
  runs: z.number().int(),
  /** Ids of the keys that are in it, wrapped by the passphrase, and of those that are not. */
  keysIncluded: z.array(z.string()),
  keysMissing: z.array(z.string()),
  /** What is not in it and what to do about that, as sentences. */
  notes: z.array(z.string()),
})
export type BackupReport = z.infer<typeof backupReport>

export const backupProgress = z.object({
  what: z.string(),
  doneBytes: z.number().int(),
  /** 0 while it is not known yet. */
  totalBytes: z.number().int(),
})
export type BackupProgress = z.infer<typeof backupProgress>

export const backupState = z.object({
  /** Where a backup goes that no other place was named for. */
  folder: z.string(),
  /** The newest one of this data folder, wherever it was put; null while none is known. */
  last: backupReport.omit({ notes: true }).extend({ isThere: z.boolean() }).nullable(),
  /** null while none is made. */
  making: backupProgress.nullable(),
})
export type BackupState = z.infer<typeof backupState>

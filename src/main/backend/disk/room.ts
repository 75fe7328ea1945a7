/** How much room is little. The console, the doctor and the alert go by the same figures (docs/decisions/192-full-disks-and-power-cuts.md). */

export type Room = 'enough' | 'little' | 'none'

export interface Space {
  /** Bytes that this user may still write. */
  free: number
  /** Bytes of the whole disk. */
  size: number
}

/**
 * Below so many bytes somebody is told: a tenth of the disk, as small disks fill up with small files; never more than
 * 2 GB, as what Gatehouse needs does not grow with the disk; never less than 100 MB, which its servers need to start.
 */
export const littleBelow = (size: number) => Math.min(2e9, Math.max(1e8, size / 10))

/** Below so many bytes writes are as good as refused: Postgres makes its log in files of 16 MiB, two of which may be due. */
export const noneBelow = 4e7

/** @param before what was told last: it is taken back only with a tenth more, so that nobody is told in turns */
export function roomOf({ free, size }: Space, before: Room = 'enough'): Room {
  const margin = (told: boolean) => (told ? 1.1 : 1)
  if (free < noneBelow * margin(before === 'none')) return 'none'
  if (free < littleBelow(size) * margin(before !== 'enough')) return 'little'
  return 'enough'
}

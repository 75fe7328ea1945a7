/** Which part of a table each row belongs to: by its content, so that the same row always falls into the same part. Pure. */
import { testPart, trainingPart, validationPart } from './table.ts'

/** Shares of the rows; the rest trains. */
export const validationShare = 0.15
export const testShare = 0.15

/** Below this many different rows a class (or a whole regression) is dealt out by rank, so that no part is left without. */
const fewRows = 40

/**
 * @param hashes a hash of each row's content, whole numbers from 0 to 2^53 - 1; identical rows have the same
 * @param strata the class of each row, or null for a regression: a class with few rows is dealt to every part where it
 * has three different rows, to training and test where it has two
 */
export function splitRows(hashes: Float64Array, strata: ArrayLike<number> | null): Uint8Array {
  const part = new Uint8Array(hashes.length)
  const few = smallStrata(hashes, strata)
  for (let row = 0; row < hashes.length; row++) {
    const stratum = strata === null ? 0 : (strata[row] as number)
    const ranks = few.get(stratum)
    part[row] = ranks ? (ranks.get(hashes[row] as number) as number) : partOfShare((hashes[row] as number) / 2 ** 53)
  }
  return part
}

const partOfShare = (share: number) =>
  share < testShare ? testPart : share < testShare + validationShare ? validationPart : trainingPart

/** For each small stratum the part of each of its different rows. */
function smallStrata(hashes: Float64Array, strata: ArrayLike<number> | null): Map<number, Map<number, number>> {
  const different = new Map<number, Set<number>>()
  for (let row = 0; row < hashes.length; row++) {
    const stratum = strata === null ? 0 : (strata[row] as number)
    const seen = different.get(stratum)
    if (seen === undefined) different.set(stratum, new Set([hashes[row] as number]))
    else if (seen.size < fewRows) seen.add(hashes[row] as number)
  }
  const parts = new Map<number, Map<number, number>>()
  for (const [stratum, seen] of different) {
    if (seen.size >= fewRows) continue
    const ordered = [...seen].sort((a, b) => a - b)
    const tests = ordered.length < 2 ? 0 : Math.max(1, Math.round(ordered.length * testShare))
    const validations = ordered.length < 3 ? 0 : Math.max(1, Math.round(ordered.length * validationShare))
    parts.set(
      stratum,
      new Map(
        ordered.map((hash, rank) => [hash, rank < tests ? testPart : rank < tests + validations ? validationPart : trainingPart]),
      ),
    )
  }
  return parts
}

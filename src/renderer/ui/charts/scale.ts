/** Axes of the charts: plain arithmetic, so that it is checked without drawing. */

export type Range = readonly [from: number, to: number]
export type Scale = (value: number) => number

/** Maps `domain` onto `range` in a straight line. */
export function linear(domain: Range, range: Range): Scale {
  const perUnit = (range[1] - range[0]) / (domain[1] - domain[0] || 1)
  return (value) => range[0] + (value - domain[0]) * perUnit
}

/** Least and greatest of the finite values; a single value gets room around it, so that it stands in the middle. */
export function extent(values: Iterable<number | null>): Range {
  let least = Number.POSITIVE_INFINITY
  let greatest = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue
    if (value < least) least = value
    if (value > greatest) greatest = value
  }
  if (least > greatest) return [0, 1]
  if (least < greatest) return [least, greatest]
  const room = Math.abs(least) / 10 || 1
  return [least - room, greatest + room]
}

/** Wider by a share of its length at both ends, so that no mark sits on the edge. */
export const padded = ([from, to]: Range, share = 0.04): Range => [from - (to - from) * share, to + (to - from) * share]

/** Round marks (1, 2 or 5 times a power of ten) inside the domain, about `wanted` of them. */
export function ticks([from, to]: Range, wanted = 5): number[] {
  const span = to - from
  if (!(span > 0) || !Number.isFinite(span)) return Number.isFinite(from) ? [from] : []
  const rough = span / Math.max(1, wanted)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((n) => n * power >= rough) ?? 10)
  const marks: number[] = []
  for (let n = Math.ceil(from / step); n * step <= to + step * 1e-9; n++) {
    // The product alone may read 0.30000000000000004.
    marks.push(Number((n * step).toPrecision(12)))
    if (marks.length > 100) break
  }
  return marks
}

/** Whole numbers only, for rounds and counts. */
export const wholeTicks = (domain: Range, wanted = 5) => ticks(domain, wanted).filter(Number.isInteger)

/** Index of the value that is nearest; the list is in order. */
export function nearest(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) < value) low = middle + 1
    else high = middle
  }
  if (low > 0 && Math.abs((sorted[low - 1] as number) - value) <= Math.abs((sorted[low] as number) - value)) return low - 1
  return low
}

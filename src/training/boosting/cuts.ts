/** The last bin has no upper end: whatever is there at all, is below it. JSON knows no infinity. */
export const noUpperEnd = 3.4028234663852886e38

/**
 * Puts values into ranges of about equal numbers of rows (quantiles), every distinct value alone where there are few.
 * @param sorted ascending, without NaN
 * @returns the upper end of each range, ascending: a value belongs to the first range whose end is above it. Ends lie half-way
 * between neighbouring values; the last is `noUpperEnd`.
 */
export function findCuts(sorted: Float32Array, maxBins: number): Float32Array {
  const { values, counts } = distinct(sorted)
  const cuts: number[] = []
  const close = (i: number) => cuts.push(between(values[i] as number, values[i + 1] as number))
  if (values.length <= maxBins) {
    for (let i = 0; i + 1 < values.length; i++) close(i)
  } else {
    let rowsLeft = sorted.length
    let inBin = 0
    for (let i = 0; i + 1 < values.length && cuts.length + 1 < maxBins; i++) {
      inBin += counts[i] as number
      const wanted = rowsLeft / (maxBins - cuts.length)
      // A value that fills a range by itself is not mixed with the few before it.
      const nextIsHeavy = (counts[i + 1] as number) >= wanted && inBin >= wanted / 2
      if (inBin < wanted && !nextIsHeavy) continue
      close(i)
      rowsLeft -= inBin
      inBin = 0
    }
  }
  return Float32Array.of(...cuts, noUpperEnd)
}

function distinct(sorted: Float32Array): { values: Float32Array; counts: Uint32Array } {
  const values = new Float32Array(sorted.length)
  const counts = new Uint32Array(sorted.length)
  let last = -1
  for (const value of sorted) {
    // 0 and -0 are one value, as they are to every comparison.
    if (last === -1 || value !== values[last]) values[++last] = value
    counts[last] = (counts[last] as number) + 1
  }
  return { values: values.subarray(0, last + 1), counts: counts.subarray(0, last + 1) }
}

/** Above `low`, at most `high`, in 32 bits. */
function between(low: number, high: number): number {
  const middle = Math.fround(low / 2 + high / 2)
  return middle > low && middle <= high ? Math.min(middle, noUpperEnd) : Math.min(high, noUpperEnd)
}

/** Index of the first cut above `value`; the last one for infinity. */
export function binOf(value: number, cuts: Float32Array, from: number, to: number): number {
  let low = from
  let high = to - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (value < (cuts[middle] as number)) high = middle
    else low = middle + 1
  }
  return low - from
}

/** Finds a column that is the target in disguise. Pure. */

export type Value = number | string | null

/** Fewer pairs prove nothing. */
const leastPairs = 20
/** A column that explains this share of the target by a straight line is the target in another unit, rounded perhaps. */
const straightLine = 0.9999

/**
 * @param column and `target`: values of the same rows; numbers, dates as numbers, texts; null where missing
 * @returns what the column is, to be read after its name, or null when it may be learned from
 */
export function disguiseOf(column: readonly Value[], target: readonly Value[]): string | null {
  const pairs: [Value, Value][] = []
  for (let i = 0; i < column.length; i++) {
    const [a, b] = [column[i] as Value, target[i] as Value]
    if (a !== null && b !== null) pairs.push([a, b])
  }
  if (pairs.length < leastPairs) return null
  const numbers = pairs.every(([a, b]) => typeof a === 'number' && typeof b === 'number')
  if (numbers) {
    const line = straightLineOf(pairs as [number, number][])
    if (line !== null) return line
  }
  if (isOneToOne(pairs)) return 'is in one-to-one relation with the target'
  if (numbers && isMonotone(pairs as [number, number][])) return 'rises or falls with the target in every row'
  return null
}

function straightLineOf(pairs: readonly [number, number][]): string | null {
  const n = pairs.length
  let meanX = 0
  let meanY = 0
  for (const [x, y] of pairs) {
    meanX += x / n
    meanY += y / n
  }
  let xx = 0
  let yy = 0
  let xy = 0
  for (const [x, y] of pairs) {
    xx += (x - meanX) ** 2
    yy += (y - meanY) ** 2
    xy += (x - meanX) * (y - meanY)
  }
  if (xx === 0 || yy === 0 || xy ** 2 / (xx * yy) < straightLine) return null
  // The column as a line over the target: how somebody would have made it.
  const slope = xy / yy
  const shift = meanX - slope * meanY
  const near = (a: number, b: number) => Math.abs(a - b) <= 1e-3 * Math.max(1, Math.abs(b))
  const noShift = Math.abs(shift) <= 1e-3 * Math.sqrt(xx / n)
  if (near(slope, 1)) return noShift ? 'is equal to the target' : `is the target shifted by ${figure(shift)}`
  if (noShift) return `is the target times ${figure(slope)}`
  return `is the target times ${figure(slope)}, shifted by ${figure(shift)}`
}

/** Each value has its own value of the other, and values come again: otherwise any two ids would be. */
function isOneToOne(pairs: readonly [Value, Value][]): boolean {
  const forth = new Map<Value, Value>()
  const back = new Map<Value, Value>()
  for (const [a, b] of pairs) {
    const known = forth.get(a)
    if (known === undefined) forth.set(a, b)
    else if (known !== b) return false
    const other = back.get(b)
    if (other === undefined) back.set(b, a)
    else if (other !== a) return false
  }
  return forth.size > 1 && forth.size * 2 <= pairs.length
}

/** Strictly: two rows with the same value in one have the same in the other. */
function isMonotone(pairs: readonly [number, number][]): boolean {
  const sorted = [...pairs].sort((a, b) => a[0] - b[0] || a[1] - b[1])
  let rises = true
  let falls = true
  let different = 1
  for (let i = 1; i < sorted.length; i++) {
    const [x0, y0] = sorted[i - 1] as [number, number]
    const [x1, y1] = sorted[i] as [number, number]
    if (x0 === x1) {
      if (y0 !== y1) return false
      continue
    }
    different++
    rises &&= y1 > y0
    falls &&= y1 < y0
    if (!rises && !falls) return false
  }
  return different >= leastPairs
}

const figure = (value: number) => `${Number(value.toPrecision(4))}`

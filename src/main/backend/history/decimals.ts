/** Numbers of JSON texts, exact: a double holds neither 64-bit ids nor `1e400`. */

interface Decimal {
  /** The number is this times 10 to the power of `exponent`; no zero at its end. */
  digits: bigint
  exponent: bigint
}

/** @param raw a number as JSON writes it */
function decimalOf(raw: string): Decimal {
  const [, sign = '', whole = '0', fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(raw) ?? []
  const all = `${whole}${fraction}`
  const bare = all.replace(/0+$/, '')
  if (bare === '' || /^0+$/.test(bare)) return { digits: 0n, exponent: 0n }
  return {
    digits: BigInt(`${sign}${bare}`),
    exponent: BigInt(power.replace('+', '')) - BigInt(fraction.length) + BigInt(all.length - bare.length),
  }
}

/** Digits of a number up to which reckoning with it costs nothing; a payload may hold one of two million. */
const mostDigits = 1_000

/** Whether two numbers are the same, however they are written. */
export function isSameNumber(left: string, right: string): boolean {
  if (left === right) return true
  if (left.length > mostDigits || right.length > mostDigits) return false
  const [a, b] = [decimalOf(left), decimalOf(right)]
  return a.digits === b.digits && a.exponent === b.exponent
}

/** Right minus left, exact; null where that would be a number of more than some hundred digits. */
export function difference(left: string, right: string): string | null {
  if (left.length > mostDigits || right.length > mostDigits) return null
  const [a, b] = [decimalOf(left), decimalOf(right)]
  const lowest = a.exponent < b.exponent ? a.exponent : b.exponent
  const scaled = ({ digits, exponent }: Decimal) => (digits === 0n ? 0n : digits * 10n ** (exponent - lowest))
  const reach = [a, b].map(({ digits, exponent }) => (digits === 0n ? 0n : exponent - lowest))
  if (lowest < -400n || reach.some((power) => power > 400n)) return null
  const by = scaled(b) - scaled(a)
  if (lowest >= 0n) return lowest > 400n ? null : String(by * 10n ** lowest)
  const places = Number(-lowest)
  const text = String(by < 0n ? -by : by).padStart(places + 1, '0')
  const fraction = text.slice(-places).replace(/0+$/, '')
  return `${by < 0n ? '-' : ''}${text.slice(0, -places)}${fraction === '' ? '' : `.${fraction}`}`
}

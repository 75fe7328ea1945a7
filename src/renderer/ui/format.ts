/** Numbers as the console writes them. */

const formats = new Map<string, Intl.NumberFormat>()

/** Making a format costs far more than using it, and a list of runs uses several with each row that comes into sight. */
function written(value: number, options: Intl.NumberFormatOptions = {}): string {
  const key = JSON.stringify(options)
  const format = formats.get(key) ?? new Intl.NumberFormat('en-GB', options)
  formats.set(key, format)
  return format.format(value)
}

/** `187 kB`, `2.1 GB`; decimal units, as file managers say them. */
export function bytesWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = ''
  for (const next of units) {
    value /= 1000
    unit = next
    if (value < 999.5) break
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${unit}`
}

/** A measured figure: three digits after the point at most, none that say nothing; a large one as `significant` has it. */
export function figure(value: number, digits = 3): string {
  if (!Number.isFinite(value) || Math.abs(value) >= 100_000) return significant(value)
  return written(value, { maximumFractionDigits: digits, useGrouping: false })
}

export const count = (value: number) => written(value)

/** `1 run`, `3 runs`. */
export const plural = (n: number, one: string, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`

/** An id that is too long for its place: both ends say which one it is. */
export const middleCut = (text: string, most = 24) =>
  text.length <= most ? text : `${text.slice(0, Math.ceil(most / 2) - 1)}…${text.slice(-(Math.floor(most / 2) - 1))}`

/** A figure of unknown size: four digits that count, thousands grouped. */
export function significant(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e15)) return value.toExponential(digits - 1).replace(/\.?0+e/, 'e')
  return written(value, size >= 10 ** (digits - 1) ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: digits })
}

/** `3.4 %`; below a tenth of a percent, but not nothing: `< 0.1 %`. */
export function shareWords(share: number): string {
  if (share > 0 && share < 0.001) return '< 0.1 %'
  if (share < 1 && share > 0.999) return '> 99.9 %'
  return `${figure(share * 100, 1)} %`
}

export const sentenceStart = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

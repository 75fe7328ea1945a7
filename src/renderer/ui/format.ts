/** Numbers as the console writes them. */

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

/** A measured figure: three digits after the point at most, none that say nothing. */
export const figure = (value: number, digits = 3) =>
  Number.isFinite(value) ? value.toLocaleString('en-GB', { maximumFractionDigits: digits, useGrouping: false }) : String(value)

export const count = (value: number) => value.toLocaleString('en-GB')

/** `1 run`, `3 runs`. */
export const plural = (n: number, one: string, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`

/** An id that is too long for its place: both ends say which one it is. */
export const middleCut = (text: string, most = 24) =>
  text.length <= most ? text : `${text.slice(0, Math.ceil(most / 2) - 1)}…${text.slice(-(Math.floor(most / 2) - 1))}`

/** How a table's cells are written: what stands for "not known", numbers with their marks, dates. Pure. */

export interface NumberFormat {
  decimal: '.' | ','
  /** Between groups of three digits; empty where there is none. */
  thousands: '' | ',' | '.' | ' ' | "'" | '\u00a0' | '\u202f'
}

export const plainNumbers: NumberFormat = { decimal: '.', thousands: '' }

/** In any case and with space around; a file may have others of its own. */
export const missingWords = ['', 'na', 'n/a', 'nan', 'null', 'none', '?'] as const
const missing = new Set<string>(missingWords)

/** A cell that stands for "not known". */
export const isMissing = (cell: string): boolean => cell === '' || (cell.length < 12 && missing.has(cell.trim().toLowerCase()))

const plain = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/
const withDecimalComma = /^[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?$/
const grouped = (mark: string, decimal: string) => new RegExp(`^[+-]?\\d{1,3}(?:${mark}\\d{3})+(?:${decimal}\\d*)?$`)
const groupedBy: Record<Exclude<NumberFormat['thousands'], ''>, Record<'.' | ',', RegExp>> = {
  ',': { '.': grouped(',', '\\.'), ',': /(?!)/ },
  '.': { ',': grouped('\\.', ','), '.': /(?!)/ },
  ' ': { '.': grouped(' ', '\\.'), ',': grouped(' ', ',') },
  "'": { '.': grouped("'", '\\.'), ',': grouped("'", ',') },
  '\u00a0': { '.': grouped('\u00a0', '\\.'), ',': grouped('\u00a0', ',') },
  '\u202f': { '.': grouped('\u202f', '\\.'), ',': grouped('\u202f', ',') },
}

/** The number that a text stands for under a format; null when it is none. */
export function parseNumber(cell: string, { decimal, thousands }: NumberFormat): number | null {
  const text = cell.trim()
  let digits = text
  if (thousands !== '' && text.includes(thousands)) {
    if (!groupedBy[thousands][decimal].test(text)) return null
    digits = text.replaceAll(thousands, '')
  }
  if (decimal === ',') {
    if (!withDecimalComma.test(digits)) return null
    digits = digits.replace(',', '.')
  } else if (!plain.test(digits)) return null
  const value = Number(digits)
  return Number.isFinite(value) ? value : null
}

/** Tried in this order: the first one that most cells fit is a column's format. */
export const numberFormats: readonly NumberFormat[] = [
  plainNumbers,
  { decimal: ',', thousands: '' },
  { decimal: '.', thousands: ',' },
  { decimal: ',', thousands: '.' },
  { decimal: ',', thousands: ' ' },
  { decimal: '.', thousands: ' ' },
  { decimal: '.', thousands: "'" },
  { decimal: ',', thousands: '\u00a0' },
  { decimal: ',', thousands: '\u202f' },
]

/** Formats of dates by name. `strptime` is what DuckDB reads them by; both ways give the same second. */
export const dateFormats = {
  'yyyy-mm-dd': { strptime: '%Y-%m-%d', pattern: /^(?<y>\d{4})-(?<m>\d{1,2})-(?<d>\d{1,2})$/ },
  'yyyy-mm-dd hh:mm': { strptime: '%Y-%m-%d %H:%M', pattern: timed(/(?<y>\d{4})-(?<m>\d{1,2})-(?<d>\d{1,2})/, ' ', false) },
  'yyyy-mm-dd hh:mm:ss': { strptime: '%Y-%m-%d %H:%M:%S', pattern: timed(/(?<y>\d{4})-(?<m>\d{1,2})-(?<d>\d{1,2})/, ' ', true) },
  'yyyy-mm-ddThh:mm:ss': { strptime: '%Y-%m-%dT%H:%M:%S', pattern: timed(/(?<y>\d{4})-(?<m>\d{1,2})-(?<d>\d{1,2})/, 'T', true) },
  'yyyy-mm-ddThh:mm:ssZ': {
    strptime: '%Y-%m-%dT%H:%M:%SZ',
    pattern: timed(/(?<y>\d{4})-(?<m>\d{1,2})-(?<d>\d{1,2})/, 'T', true, 'Z'),
  },
  'yyyy-mm-ddThh:mm:ss.fffZ': {
    strptime: '%Y-%m-%dT%H:%M:%S.%gZ',
    pattern: timed(/(?<y>\d{4})-(?<m>\d{1,2})-(?<d>\d{1,2})/, 'T', true, '\\.(?<f>\\d{1,3})Z'),
  },
  'yyyy/mm/dd': { strptime: '%Y/%m/%d', pattern: /^(?<y>\d{4})\/(?<m>\d{1,2})\/(?<d>\d{1,2})$/ },
  'dd.mm.yyyy': { strptime: '%d.%m.%Y', pattern: /^(?<d>\d{1,2})\.(?<m>\d{1,2})\.(?<y>\d{4})$/ },
  'dd.mm.yyyy hh:mm': { strptime: '%d.%m.%Y %H:%M', pattern: timed(/(?<d>\d{1,2})\.(?<m>\d{1,2})\.(?<y>\d{4})/, ' ', false) },
  'dd.mm.yyyy hh:mm:ss': {
    strptime: '%d.%m.%Y %H:%M:%S',
    pattern: timed(/(?<d>\d{1,2})\.(?<m>\d{1,2})\.(?<y>\d{4})/, ' ', true),
  },
  'mm/dd/yyyy': { strptime: '%m/%d/%Y', pattern: /^(?<m>\d{1,2})\/(?<d>\d{1,2})\/(?<y>\d{4})$/ },
  'mm/dd/yyyy hh:mm': { strptime: '%m/%d/%Y %H:%M', pattern: timed(/(?<m>\d{1,2})\/(?<d>\d{1,2})\/(?<y>\d{4})/, ' ', false) },
  'dd/mm/yyyy': { strptime: '%d/%m/%Y', pattern: /^(?<d>\d{1,2})\/(?<m>\d{1,2})\/(?<y>\d{4})$/ },
  'dd/mm/yyyy hh:mm': { strptime: '%d/%m/%Y %H:%M', pattern: timed(/(?<d>\d{1,2})\/(?<m>\d{1,2})\/(?<y>\d{4})/, ' ', false) },
  'dd-mm-yyyy': { strptime: '%d-%m-%Y', pattern: /^(?<d>\d{1,2})-(?<m>\d{1,2})-(?<y>\d{4})$/ },
} as const
export type DateFormat = keyof typeof dateFormats
export const dateFormatNames = Object.keys(dateFormats) as DateFormat[]

function timed(day: RegExp, between: string, seconds: boolean, end = ''): RegExp {
  return new RegExp(`^${day.source}${between}(?<h>\\d{1,2}):(?<i>\\d{1,2})${seconds ? ':(?<s>\\d{1,2})' : ''}${end}$`)
}

/** Seconds since 1970 in UTC of a date written in a format; null when it is none (the 30th of February neither). */
export function parseDate(cell: string, format: DateFormat): number | null {
  const groups = dateFormats[format].pattern.exec(cell.trim())?.groups
  if (!groups) return null
  const part = (name: string) => Number(groups[name] ?? 0)
  const [year, month, day, hour, minute, second] = [part('y'), part('m'), part('d'), part('h'), part('i'), part('s')]
  if (hour > 23 || minute > 59 || second > 59) return null
  const moment = new Date(0)
  moment.setUTCFullYear(year, month - 1, day)
  if (moment.getUTCFullYear() !== year || moment.getUTCMonth() !== month - 1 || moment.getUTCDate() !== day) return null
  return moment.getTime() / 1000 + hour * 3600 + minute * 60 + second + Number(`0.${groups.f ?? 0}`)
}

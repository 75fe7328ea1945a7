/** Names and texts of a JSON value as one row shows them: what can be read is readable, and nothing in it is out of sight. */

/** As JSON writes one letter, and one escape. */
const letter = /\\u[0-9a-fA-F]{4}|\\.|[^\\]/gs

/**
 * What would not be seen, or would turn its row about: control and format characters (also the ones that turn the reading
 * direction), line ends, spaces other than the usual one, halves of a character. Joiners belong to many scripts, and stay
 * behind their letters.
 */
const outOfSight = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}|(?<=[\p{ASCII}])[\u200c\u200d]/gu

const asNumber = (text: string) =>
  Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')

/**
 * A JSON string for its row: letters that a writer keeping to ASCII has escaped are letters again, what is out of sight is
 * escaped. Still JSON of the same string, but for what is cut off.
 * @param most letters
 */
export function stringInRow(raw: string, most: number): string {
  const letters = raw.slice(0, most * 6 + 1).match(letter) ?? []
  const isWhole = raw.length <= most * 6 + 1 && letters.length <= most
  const shown = letters.slice(0, most).map((each) => (each.startsWith('\\u') ? plain(each) : each))
  return `${shown.join('').replace(outOfSight, asNumber)}${isWhole ? '' : '…'}`
}

/** A letter by its number, as itself; quotes, backslashes and control characters stay escaped. */
function plain(written: string): string {
  const unit = String.fromCharCode(Number.parseInt(written.slice(2), 16))
  return unit < ' ' || unit === '"' || unit === '\\' ? written : unit
}

/** A name for its row; in quotes where it would be taken for something else. */
export function nameInRow(name: string, most: number): string {
  const text = name.length > most ? `${name.slice(0, most)}…` : name
  const quoted = JSON.stringify(text).replace(outOfSight, asNumber)
  const isPlain = text !== '' && quoted === `"${text}"` && text.trim() === text && !text.includes(': ')
  return isPlain ? text : quoted
}

/**
 * A text from a file as it is shown: characters that nobody sees but that turn, hide or break what stands beside them
 * (controls, marks and overrides of the writing direction) are written out, e.g. `⟨U+202E⟩`.
 */
export const plainText = (text: string): string =>
  text.replaceAll(
    /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (letter) => `⟨U+${letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
  )

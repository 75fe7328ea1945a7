/** What people write of themselves and of what they do. Pure: the workflow uses it too. */

const unseen = /[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]+/gu

/** Whether a text holds nothing that anybody would see. */
export const isBlank = (text: string): boolean => text.replace(unseen, '') === ''

/** Whether two names are one operator's: case, spaces, signs that nobody sees and how an accent is encoded tell nobody apart. */
export const isSameName = (one: string, other: string): boolean => nameKey(one) === nameKey(other)

const nameKey = (name: string) => name.normalize('NFKC').replace(unseen, ' ').trim().toLowerCase()

/** In UTF-16 units, as a text field counts. */
export const longestReason = 2000

/** What keeps a text from being a reason, in a sentence; null when nothing does. */
export function reasonProblem(text: string): string | null {
  if (isBlank(text)) return 'A reason is required.'
  const { length } = text.trim()
  return length > longestReason ? `A reason has at most ${longestReason} characters; this one has ${length}.` : null
}

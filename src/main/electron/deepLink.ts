/** Addresses that open Gatehouse from elsewhere: `gatehouse://run/<workflow id>`. They only ever show something. */

export const linkScheme = 'gatehouse'

/** Longest workflow id of the contract. */
const longestId = 1000

/** true for what the system hands over as a link of ours; whether it is a good one is another question. */
export const isDeepLink = (text: string): boolean => text.toLowerCase().startsWith(`${linkScheme}:`)

/** The run that a link names, or null when it names none. Nothing in it is ever run or loaded as an address. */
export function runOfDeepLink(link: string): string | null {
  try {
    const url = new URL(link)
    if (url.protocol !== `${linkScheme}:` || url.host !== 'run') return null
    if (url.username || url.password || url.search || url.hash) return null
    // Some launchers add a slash to what they take for a host with a path.
    const id = decodeURIComponent(url.pathname.replace(/^\//, '').replace(/\/$/, ''))
    // A workflow id of ours is one word; control and direction characters would only hide what is meant.
    return id !== '' && id.length <= longestId && !/[\p{Cc}\p{Cf}/\\]/u.test(id) ? id : null
  } catch {
    return null
  }
}

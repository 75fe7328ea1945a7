/** Characters of a path that is told: a stranger's name may have a million. */
const longest = 300

/** A path as it is told: the beginning of a long one says where it is, its end what it is. */
export const cutPath = (path: string): string =>
  path.length > longest ? `${path.slice(0, longest / 2)}…${path.slice(-longest / 2)}` : path

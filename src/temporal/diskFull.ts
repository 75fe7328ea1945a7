const codes: unknown[] = [
  'SQLITE_FULL', // sqlite.org/rescode.html#full
  'ENOSPC',
  'EDQUOT', // a quota is used up
]

/** true for the error of a file system or of SQLite that says that no room is left. */
export const isDiskFull = (error: unknown): boolean => error instanceof Error && 'code' in error && codes.includes(error.code)

/** The same for an error that came from another program or thread, which hand on the system's words at most. */
export const saysDiskFull = (error: unknown): boolean =>
  isDiskFull(error) || (error instanceof Error && /no space left on device|disk quota exceeded/i.test(error.message))

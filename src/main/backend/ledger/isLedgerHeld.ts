/**
 * true for SQLite's error when another program holds the database for longer than our patience, such as a tool that looks
 * into it (sqlite.org/rescode.html#busy, with its extended codes).
 */
export const isLedgerHeld = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^SQLITE_(BUSY|LOCKED)(_|$)/.test(String(error.code))

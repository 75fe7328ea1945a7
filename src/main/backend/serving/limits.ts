/** What one request may ask for. Beyond it the answer says the limit; nothing is predicted in part. */
export interface ServingLimits {
  /** Of the request's body. */
  bodyBytes: number
  rows: number
  /** For a request to arrive in whole. */
  receiveMs: number
  /** For its rows to be predicted. */
  predictMs: number
}

export const servingLimits: ServingLimits = {
  bodyBytes: 8 * 1024 * 1024,
  rows: 10_000,
  receiveMs: 10_000,
  predictMs: 10_000,
}

/**
 * Rows predicted before other requests get their turn: some milliseconds of work, even with a large model, so that one
 * long list does not make everybody wait.
 */
export const rowsAtATime = 100

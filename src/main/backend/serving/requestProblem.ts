/** A request that cannot be answered as it was sent; the client can mend it. Becomes the answer's body. */
export class RequestProblem extends Error {
  /** HTTP status. */
  readonly status: number
  /** What a program may want to know besides the words: row, column, position … */
  readonly details: Record<string, unknown>
  readonly headers: Record<string, string>
  constructor(status: number, message: string, details: Record<string, unknown> = {}, headers: Record<string, string> = {}) {
    super(message)
    this.name = 'RequestProblem'
    this.status = status
    this.details = details
    this.headers = headers
  }
}

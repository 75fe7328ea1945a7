/** What a command ends with (the design's table). */
export const exitCodes = {
  done: 0,
  /** The run failed, the check found something, or the host refused. */
  failed: 1,
  usage: 2,
  /** No host runs on the data folder. */
  noHost: 3,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The command was called in a way that cannot be carried out; the message says how it can. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

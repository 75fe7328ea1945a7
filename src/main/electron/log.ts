/** What the shell's own parts need of a log. An attached window has no log file, so theirs is not pino's type. */
export interface ShellLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

const line = (level: string) => (details: object, message: string) =>
  void process.stderr.write(`${level}: ${message} ${JSON.stringify(details, replaceError)}\n`)
const replaceError = (_key: string, value: unknown) => (value instanceof Error ? value.message : value)

/** For an attached window: problems go to the terminal that started it. */
export const stderrLog: ShellLog = { info: () => {}, warn: line('warning'), error: line('error') }

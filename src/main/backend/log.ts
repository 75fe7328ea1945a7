import { mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import pino, { type Logger } from 'pino'
import { redact, redactText } from './redact.ts'

export type Log = Logger

/** Structured log to a file (JSON lines), without secrets whoever hands them in; see `redact.ts`. Level from GATEHOUSE_LOG_LEVEL. */
export function createLog(file: string, level = process.env.GATEHOUSE_LOG_LEVEL ?? 'info'): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: redactFields },
      // Errors are plain objects by then.
      serializers: { err: (error) => error, msg: redactText },
    },
    createLogFile(file),
  )
}

/** The same log, with the fields of that moment on every line. */
export const logWith = (log: Log, fields: () => Record<string, unknown>): Log =>
  // A child's formatter takes the place of its parent's.
  log.child({}, { formatters: { log: (given) => redactFields({ ...fields(), ...given }) } })

const redactFields = (fields: object) => redact(fields) as Record<string, unknown>

/**
 * A file that lines are appended to. Lines that cannot be written are given up and counted: pino's own destination
 * raises an error that ends the process, or tries again without end on the main thread, for as long as a disk is full.
 * Exported for its test, which brings its own `write` (as `fs.writeSync`).
 */
export function createLogFile(file: string, write: (fd: number, text: string) => number = writeSync) {
  mkdirSync(dirname(file), { recursive: true })
  const fd = openSync(file, 'a')
  let lost = 0
  return {
    write(line: string): void {
      try {
        if (lost > 0) {
          // The line end closes what a full disk cut off.
          const notice = { level: 40, time: new Date().toISOString(), lost, msg: 'lines were lost: the log could not be written' }
          write(fd, `\n${JSON.stringify(notice)}\n`)
          lost = 0
        }
        write(fd, line)
      } catch {
        lost++
      }
    },
  }
}

/** For tests and for parts that have nothing to say. */
export const silentLog: Log = pino({ level: 'silent' })

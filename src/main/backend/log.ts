import { mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import pino, { type Logger } from 'pino'

export type Log = Logger

/** Keys whose values never reach a log line, wherever they stand in an object. */
const secretKeys = ['password', 'token', 'apiKey', 'authorization', 'cookie', 'proprietary_config', 'key']

/** Structured log to a file (JSON lines). Level from GATEHOUSE_LOG_LEVEL. */
export function createLog(file: string, level = process.env.GATEHOUSE_LOG_LEVEL ?? 'info'): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: secretKeys.flatMap((k) => [k, `*.${k}`, `*.*.${k}`]), censor: '[secret]' },
    },
    createLogFile(file),
  )
}

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

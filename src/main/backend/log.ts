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
    pino.destination({ dest: file, mkdir: true, sync: false }),
  )
}

/** For tests and for parts that have nothing to say. */
export const silentLog: Log = pino({ level: 'silent' })

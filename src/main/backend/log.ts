import type { Worker } from 'node:worker_threads'
import pino, { type Logger } from 'pino'
import { attemptUnderWay } from '../../temporal/attemptContext.ts'
import { createLogFile } from './logFile.ts'
import { redact, redactText } from './redact.ts'

export type Log = Logger

const usualLevel = 'info'

/**
 * Structured log to a file (JSON lines) that is rotated by size, without secrets whoever hands them in; see `redact.ts`.
 * What is written in the course of an attempt carries its `workflowId`, `runId`, `step` and `attempt`. Level from
 * GATEHOUSE_LOG_LEVEL; one that there is not is named in the log, and `info` holds.
 */
export function createLog(file: string, level = process.env.GATEHOUSE_LOG_LEVEL || usualLevel): Log {
  const known = level in pino.levels.values || level === 'silent'
  const log = pino(
    {
      level: known ? level : usualLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: redactFields },
      // pino writes the line's own fields into what this gives.
      mixin: () => ({ ...attemptUnderWay() }),
      // Errors are plain objects by then.
      serializers: { err: (error) => error, msg: redactText },
    },
    createLogFile(file),
  )
  if (!known) {
    const levels = [...Object.keys(pino.levels.values), 'silent'].join(', ')
    log.warn({ wanted: level }, `GATEHOUSE_LOG_LEVEL names no level (${levels}); "${usualLevel}" holds`)
  }
  return log
}

/** The same log, with the fields of that moment on every line. */
export const logWith = (log: Log, fields: () => Record<string, unknown>): Log =>
  // A child's formatter takes the place of its parent's.
  log.child({}, { formatters: { log: (given) => redactFields({ ...fields(), ...given }) } })

/**
 * Writes down what would stand on the terminal alone: the error that ends this process, what Node warns of, and what a
 * thread says on its standard error. Changes nothing of what happens then.
 * @returns what stops that
 */
export function logProcess(log: Log): () => void {
  const onCrash = (error: unknown, origin: string) =>
    log.fatal({ err: error, origin }, 'this process ends: nothing caught an error')
  const onWarning = (warning: Error) => log.warn({ err: warning }, 'Node warns')
  const onThread = ({ threadId, stderr }: Worker) => {
    stderr.setEncoding('utf8').on('data', (text: string) => log.warn({ threadId, text: text.trimEnd() }, 'a thread says'))
  }
  process.on('uncaughtExceptionMonitor', onCrash)
  process.on('warning', onWarning)
  process.on('worker', onThread)
  return () => {
    process.off('uncaughtExceptionMonitor', onCrash)
    process.off('warning', onWarning)
    process.off('worker', onThread)
  }
}

const redactFields = (fields: object) => redact(fields) as Record<string, unknown>

/** For tests and for parts that have nothing to say. */
export const silentLog: Log = pino({ level: 'silent' })

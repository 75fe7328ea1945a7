import { ApplicationFailure, TemporalFailure } from '@temporalio/common'
import { assertNever } from '../../contract/model.ts'
import { failureTypes } from '../retries.ts'
import { CsvProblem, DatabaseProblem, DeployProblem } from './deps.ts'

/** A failure that no retry can mend. */
export const permanent = (type: (typeof failureTypes)[keyof typeof failureTypes], message: string) =>
  ApplicationFailure.nonRetryable(message, type)

/** Type of the retried failure of a step that could not reach the database. */
export const databaseUnavailable = 'DatabaseUnavailable'

/** Type of the retried failure of a deployment whose endpoint did not answer as it should. */
export const endpointUnavailable = 'EndpointUnavailable'

/** Tells what a step threw apart into what a retry can mend and what it cannot. Unknown errors are retried. */
export function toActivityFailure(error: unknown): Error {
  if (error instanceof TemporalFailure) return error
  if (error instanceof CsvProblem) return permanent(csvType(error.code), error.message)
  if (error instanceof DeployProblem) return deployFailure(error)
  if (error instanceof DatabaseProblem) {
    switch (error.kind) {
      case 'weather':
        return ApplicationFailure.retryable(error.message, databaseUnavailable)
      case 'configuration':
      case 'bug':
        return permanent(failureTypes.databaseConfiguration, error.message)
      default:
        return assertNever(error.kind)
    }
  }
  return error instanceof Error ? error : new Error(String(error))
}

function csvType(code: CsvProblem['code']) {
  switch (code) {
    case 'notACsv':
      return failureTypes.notACsv
    case 'noUsableTarget':
      return failureTypes.noUsableTarget
    case 'tooFewRows':
      return failureTypes.tooFewRows
    case 'tooManyBadRows':
      return failureTypes.tooManyBadRows
    default:
      return assertNever(code)
  }
}

function deployFailure({ code, message }: DeployProblem): ApplicationFailure {
  switch (code) {
    case 'unknownEnvironment':
    case 'modelFileMissing':
    case 'modelHashMismatch':
    case 'modelNotServable':
      return permanent(failureTypes[code], message)
    case 'endpointSilent':
    case 'endpointUnhealthy':
      return ApplicationFailure.retryable(message, endpointUnavailable)
    default:
      return assertNever(code)
  }
}

/**
 * What became of reading a file by path: missing and unreadable files are for a human to mend, the rest (a network
 * folder that is away) passes.
 */
export function toFileFailure(error: unknown, path: string): unknown {
  // The store's own troubles carry a code too, but no errno: they are not about this file, and they pass.
  if (typeof (error as NodeJS.ErrnoException)?.errno !== 'number') return error
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return permanent(
        failureTypes.fileMissing,
        `There is no file ${path} on this worker's machine. Put it there and start a new run.`,
      )
    case 'EACCES':
    case 'EPERM':
      return permanent(failureTypes.fileMissing, `The file ${path} may not be read by this worker. Allow it and start a new run.`)
    case 'EISDIR':
      return permanent(failureTypes.notACsv, `${path} is a folder, not a CSV file.`)
    default:
      return error
  }
}

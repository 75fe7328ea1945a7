/** Retry policies as they are typed: texts, checked only when they are saved. */
import { type RetryTable, retryTable } from '../../../contract/retries.ts'

export const retryFields = ['maximumAttempts', 'initialIntervalSeconds', 'backoffCoefficient', 'maximumIntervalSeconds'] as const
export type RetryField = (typeof retryFields)[number]
export const retrySteps = Object.keys(retryTable.shape) as (keyof RetryTable)[]
export type RetriesDraft = Record<keyof RetryTable, Record<RetryField, string>>

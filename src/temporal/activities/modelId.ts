import { createHash } from 'node:crypto'

/**
 * One id per run, the same in every attempt of it, so that a retry never leaves a second model behind. Safe in a URL.
 * 16 hex digits: a clash among a million runs is about one in thirty million.
 */
export const modelIdOf = (trainer: string, ids: { workflowId: string; runId: string }): string =>
  `${trainer}-${createHash('sha256').update(`${ids.workflowId}\n${ids.runId}`).digest('hex').slice(0, 16)}`

import type { RunSummary } from '../../contract/model.ts'

type Named = Pick<RunSummary, 'workflowId' | 'fileName'>
export type Resolved<R extends Named> = { kind: 'one'; run: R } | { kind: 'none' } | { kind: 'several'; runs: R[] }

/**
 * The run that an operator means by RUN: a workflow id, a file name, or the beginning of one of them. A whole name is
 * taken before a beginning, and nothing is guessed among several.
 */
export function resolveRun<R extends Named>(wanted: string, runs: readonly R[]): Resolved<R> {
  const rules: ((run: R) => boolean)[] = [
    (run) => run.workflowId === wanted,
    (run) => run.fileName === wanted,
    (run) => run.workflowId.startsWith(wanted) || run.fileName.startsWith(wanted),
  ]
  for (const rule of rules) {
    const matching = runs.filter(rule)
    const [first] = matching
    if (first !== undefined) return matching.length === 1 ? { kind: 'one', run: first } : { kind: 'several', runs: matching }
  }
  return { kind: 'none' }
}

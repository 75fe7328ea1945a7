/** What a run's approval policy means for the operator who looks at it. The workflow decides; this says it before. */
import { z } from 'zod'
import type { Approvals, RunSummary } from './model.ts'
import { gateCheck, timestamp } from './model.ts'
import { isSameName } from './people.ts'
import { metricValues, task } from './training.ts'

export interface Standing {
  /** Why this operator's approval would be refused; null when it would count. */
  approve: string | null
  /** Why this operator's rejection would be refused; null when it would count. */
  reject: string | null
  /** `1 of 2 approvals; yours would be the last.` Empty where one approval by anybody is enough. */
  words: string
}

/** How an operator stands to a run's policy. Names are compared without regard to case, as the workflow does. */
export function standingOf(approvals: Approvals | null, operator: string): Standing {
  if (approvals === null) return { approve: null, reject: null, words: '' }
  const { needed, given, approvers, submitter } = approvals
  const left = needed - given.length
  const count = needed > 1 ? `${given.length} of ${needed} approvals` : ''
  if (approvers.length > 0 && !approvers.some((name) => isSameName(name, operator))) {
    const why = `Only ${listWords(approvers)} may decide on this run.`
    return { approve: why, reject: why, words: [count, why].filter(Boolean).join('; ') }
  }
  if (given.some((one) => one.operator !== null && isSameName(one.operator, operator))) {
    const why = `You have approved already; ${left === 1 ? 'one more approval' : `${left} more approvals`} by somebody else ${left === 1 ? 'is' : 'are'} needed.`
    return { approve: why, reject: null, words: `${count}. ${why}` }
  }
  if (submitter !== null && isSameName(submitter, operator)) {
    const why = 'You submitted this file, so another must approve. You may reject it.'
    return { approve: why, reject: null, words: count ? `${count}. ${why}` : why }
  }
  if (needed < 2) return { approve: null, reject: null, words: approvers.length > 0 ? `Decided by ${listWords(approvers)}.` : '' }
  const yours = left === 1 ? 'yours would be the last' : `after yours ${left - 1} more ${left === 2 ? 'is' : 'are'} needed`
  return { approve: null, reject: null, words: `${count}; ${yours}.` }
}

/** `ana, ben or cleo`. */
function listWords(names: readonly string[]): string {
  if (names.length < 2) return names.join('')
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

/** Whether this operator has said what they can say: nothing more is asked of them. */
export const isDone = ({ approvals }: Pick<RunSummary, 'approvals'>, operator: string): boolean =>
  approvals?.given.some((one) => one.operator !== null && isSameName(one.operator, operator)) ?? false

/** What the Inbox shows of a run that awaits a decision, beside its row of the list. */
export const candidate = z.object({
  workflowId: z.string(),
  modelId: z.string().nullable(),
  task: task.nullable(),
  target: z.string().nullable(),
  checks: z.array(gateCheck),
  /** null where the profile is not on this host. */
  data: z
    .object({
      rows: z.number().int(),
      columns: z.number().int(),
      quarantined: z.number().int(),
      /** Share of the values that are missing, 0 to 1. */
      missing: z.number(),
      duplicates: z.number().int(),
      /** Columns that were left out because they give the target away. */
      leaks: z.array(z.string()),
    })
    .nullable(),
})
export type Candidate = z.infer<typeof candidate>

/** The model that production serves now, as far as candidates are compared with it. */
export const productionModel = z.object({
  modelId: z.string(),
  fileName: z.string(),
  task: task.nullable(),
  target: z.string().nullable(),
  metrics: metricValues,
  since: timestamp,
})
export type ProductionModel = z.infer<typeof productionModel>

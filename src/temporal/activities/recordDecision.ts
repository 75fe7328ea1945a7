import type { RecordDecisionInput } from '../types.ts'
import type { ActivityDeps } from './deps.ts'
import type { StepContext } from './stepContext.ts'

/** Writes the decision into the audit table; comes before any change of production. */
export async function recordDecision(
  input: RecordDecisionInput,
  step: StepContext,
  { experiments }: Pick<ActivityDeps, 'experiments'>,
): Promise<void> {
  await experiments.recordDecision(step.ids, input.model_id, input.decision, input.approvals ?? [])
}

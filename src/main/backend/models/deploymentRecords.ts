import type { Decision } from '../../../contract/model.ts'
import type { DeploymentRecord } from '../../../contract/models.ts'
import type { Environment } from '../../../temporal/types.ts'
import type { DeploymentEvent } from '../endpoints/deployments.ts'

/** What a deployment's own run tells of it. */
export interface DeployedRun {
  fileName: string
  decision: Decision | null
}

/**
 * An environment's history as the console shows it, newest first: who decided, why, and until when each model was served.
 * @param events oldest first
 * @param runOf null for a run that this host does not know
 */
export function deploymentRecords(
  environment: Environment,
  events: readonly DeploymentEvent[],
  runOf: (workflowId: string) => DeployedRun | null,
): DeploymentRecord[] {
  /** A model that is served again by a roll back still belongs to the run that made it. */
  const madeBy = new Map<string, string>()
  for (const { deployment } of events) {
    if (deployment.cause?.kind === 'run') madeBy.set(deployment.model_id, deployment.cause.workflow_id)
  }
  let until: string | null = null
  const records: DeploymentRecord[] = []
  for (const { event, at, deployment } of [...events].reverse()) {
    const { model_id, deployed_at, cause } = deployment
    const workflowId = madeBy.get(model_id) ?? null
    const run = workflowId === null ? null : runOf(workflowId)
    // Dev needs nobody's consent, and a run's decision is about production.
    const decision = cause?.kind === 'rollBack' ? cause : environment === 'prod' ? run?.decision : null
    records.push({
      id: `${environment} ${deployed_at}${event === 'undone' ? ' undone' : ''}`,
      environment,
      modelId: model_id,
      fileName: run?.fileName ?? null,
      at: event === 'undone' ? at : deployed_at,
      until: event === 'undone' ? at : until,
      kind: event === 'undone' ? 'undone' : cause?.kind === 'rollBack' ? 'rollBack' : 'run',
      operator: decision?.operator ?? null,
      reason: decision?.reason ?? null,
      workflowId,
    })
    if (event === 'deployed') until = deployed_at
  }
  return records
}

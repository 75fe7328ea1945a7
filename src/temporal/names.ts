/** Names that other Temporal clients rely on; they never change. */
export const taskQueue = 'mlops-task-queue'
export const workflowType = 'MLOpsWorkflow'
export const statusQueryName = 'get_status'
export const approveSignalName = 'approve_prod_deployment'
export const decideUpdateName = 'decideProduction'
/** Keyword search attribute that holds the run's stage, so that any visibility query can list what awaits approval. */
export const stageAttribute = 'GatehouseStage'

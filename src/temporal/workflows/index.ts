/** Every function exported here is a workflow type. */
export { MLOpsWorkflow } from './mlopsWorkflow.ts'

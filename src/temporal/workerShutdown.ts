/**
 * Type of the failure of an attempt that its worker gave back because it was stopping. The same name as the SDK's core
 * gives it, so that both are known for what they are.
 */
export const workerShutdownType = 'WorkerShutdown'

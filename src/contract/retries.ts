/** How often and after which waits each step is tried again. */
import { z } from 'zod'

export const retryPolicy = z.object({
  /** 0 = without end. */
  maximumAttempts: z.number().int().min(0).max(1000),
  initialIntervalSeconds: z.number().positive().max(86_400),
  backoffCoefficient: z.number().min(1).max(10),
  maximumIntervalSeconds: z.number().positive().max(86_400),
})
export type RetryPolicy = z.infer<typeof retryPolicy>

export const retryTable = z.object({
  preprocess_data: retryPolicy,
  train_model: retryPolicy,
  log_experiment: retryPolicy,
  assess_model_quality: retryPolicy,
  deploy_dev: retryPolicy,
  deploy_prod: retryPolicy,
  record_decision: retryPolicy,
})
export type RetryTable = z.infer<typeof retryTable>

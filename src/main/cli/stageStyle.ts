import { assertNever, type Stage } from '../../contract/model.ts'
import type { Style } from './output.ts'

export function stageStyle(stage: Stage): Style {
  switch (stage) {
    case 'Completed':
      return 'good'
    case 'GateFailed':
    case 'Rejected':
    case 'TimedOut':
    case 'Failed':
      return 'bad'
    case 'AwaitingApproval':
      return 'human'
    case 'Queued':
    case 'Cancelled':
      return 'faint'
    case 'Preprocessing':
    case 'Training':
    case 'LoggingExperiment':
    case 'AssessingQuality':
    case 'DeployingDev':
    case 'DeployingProd':
      return 'busy'
    default:
      return assertNever(stage)
  }
}

import type { Emit } from '../../contract/events.ts'
import type { Settings, StackHealth, Stage } from '../../contract/model.ts'
import { metricsInWords } from '../../contract/training.ts'
import type { RunRecord } from './projection/runRecord.ts'
import type { RollBack } from './rollBacks/createRollBacks.ts'

const sentenceStart = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** What is worth an operator's attention, said once when it happens. */
export function createNotices(emit: Emit, settings: () => Settings) {
  let partsDown = new Set<string>()
  return {
    runChanged(record: RunRecord, from: Stage): void {
      const { notifications } = settings()
      if (record.stage === 'AwaitingApproval' && from !== 'AwaitingApproval' && notifications.approvalPending) {
        const metrics = record.metrics ? ` ${sentenceStart(metricsInWords(record.metrics))}.` : ''
        emit('notice', {
          kind: 'approvalPending',
          title: 'Approval pending',
          body: `${record.fileName} waits for your decision on production.${metrics}`,
          workflowId: record.workflowId,
        })
      }
      if (record.stage === 'Failed' && notifications.runFailed) {
        const body = `${record.fileName}: ${record.problem ?? 'the run ended with a failure.'}`
        emit('notice', { kind: 'runFailed', title: 'Run failed', body, workflowId: record.workflowId })
      }
    },

    decisionRefused(record: RunRecord | undefined, workflowId: string, message: string): void {
      const body = `Your decision on ${record?.fileName ?? workflowId} came too late and changed nothing. ${message}`
      emit('notice', { kind: 'decisionRefused', title: 'Decision not taken', body, workflowId })
    },

    rollBackRefused({ environment, modelId }: Pick<RollBack, 'environment' | 'modelId'>, message: string): void {
      const body = `Your decision to go back to ${modelId} in ${environment} could not be carried out. ${message}`
      emit('notice', { kind: 'decisionRefused', title: 'Roll back not done', body, workflowId: null })
    },

    /** Tells of parts that go down or come back; `starting` is neither. */
    stackChanged(health: StackHealth): void {
      const parts = [
        ['Temporal', health.temporal],
        ['Postgres', health.postgres],
      ] as const
      const down = new Set(parts.filter(([, part]) => part.state === 'down').map(([name]) => name as string))
      for (const [name, part] of parts) {
        if (part.state === 'down' && !partsDown.has(name)) {
          emit('notice', {
            kind: 'stackDown',
            title: `${name} is down`,
            body: `${part.detail} ${part.remedy}`.trim(),
            workflowId: null,
          })
        }
        if (part.state === 'up' && partsDown.has(name)) {
          emit('notice', { kind: 'stackUp', title: `${name} is back`, body: 'What waited for it goes on now.', workflowId: null })
        }
        // Between down and up a part is starting: the end of the outage is still to be told.
        if (part.state === 'starting' && partsDown.has(name)) down.add(name)
      }
      partsDown = down
    },
  }
}

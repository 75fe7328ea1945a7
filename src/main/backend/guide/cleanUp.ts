import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { isEndStage, type Stage } from '../../../contract/model.ts'
import { type Place, switchDrillOff } from './place.ts'

const reason = 'The guided demonstration is cleaned up.'
/** A run that was told to end does so within moments, where a worker is there for it. */
const endsWithinMs = 10_000
const lookEveryMs = 100

/** What `cleanUp` would do, in words; empty when there is nothing. */
export function toPutBack({ record }: Pick<Place, 'record'>): string[] {
  const drills = record.switched.filter((name) => name !== 'encryption').map((name) => `switch the drill ${name} off`)
  return [...drills, ...(record.switched.includes('encryption') ? ['switch encryption on'] : [])]
}

/**
 * Puts back what the demonstration changed: drills, encryption, the model that production served before, and no run of
 * it waits for anybody any more. Files, experiments and the audit stay: they happened.
 * @returns what was put back, in words
 * @throws what stood in the way; what was put back by then stays so, and it can be tried again
 */
export async function cleanUp(place: Place): Promise<string[]> {
  const { host, record, keep } = place
  const done: string[] = []
  // The drills first: whatever follows may need the server that one of them has stopped.
  for (const name of record.switched.filter((one) => one !== 'encryption')) {
    await switchDrillOff(place, name)
    done.push(`the drill ${name} is off`)
  }
  if (record.switched.includes('encryption')) {
    await host.call('keys.setEncrypting', { on: true })
    record.switched = record.switched.filter((one) => one !== 'encryption')
    keep()
    done.push('encryption is on')
  }
  const told: string[] = []
  for (const workflowId of [...record.left, ...Object.values(record.runs)]) {
    if (await endRun(place, workflowId)) told.push(workflowId)
  }
  const late = await stillUnderWay(place, told)
  done.push(...told.map((workflowId) => `${workflowId} ${late.includes(workflowId) ? 'was told to end' : 'ended'}`))
  if (await restoreProduction(place)) done.push(`production serves ${record.productionBefore} again`)
  return done
}

/** A run that is under way is cancelled, one that waits for a human rejected. */
async function endRun({ host }: Place, workflowId: string): Promise<boolean> {
  const { stage, decisionPending } = await host.call('runs.get', { workflowId })
  if (isEndStage(stage) || decisionPending) return false
  if (stage === 'AwaitingApproval') {
    await host.call('runs.decide', { workflowId, decisionId: randomUUID(), decision: 'reject', reason })
  } else {
    await host.call('runs.cancel', { workflowId, reason, requestId: randomUUID() })
  }
  return true
}

/** Waits for runs to end; gives those that have not, after all. */
async function stillUnderWay({ host }: Place, workflowIds: readonly string[]): Promise<string[]> {
  const until = performance.now() + endsWithinMs
  for (let left = [...workflowIds]; ; await sleep(lookEveryMs)) {
    const stages = await Promise.all(left.map(async (workflowId) => (await host.call('runs.get', { workflowId })).stage))
    left = left.filter((_, i) => !isEndStage(stages[i] as Stage))
    if (left.length === 0 || performance.now() > until) return left
  }
}

async function restoreProduction({ host, record }: Place): Promise<boolean> {
  if (record.productionBefore === null || record.approve === null) return false
  const { environments } = await host.call('deployments.list', {})
  const served = environments.find(({ environment }) => environment === 'prod')?.served?.modelId ?? null
  // Somebody else may have deployed since; what is theirs stays.
  const { modelId } = await host.call('runs.get', { workflowId: record.approve })
  if (served === null || served !== modelId || served === record.productionBefore) return false
  const { productionBefore } = record
  await host.call('deployments.rollBack', { environment: 'prod', modelId: productionBefore, reason, requestId: randomUUID() })
  return true
}

import { randomUUID } from 'node:crypto'
import type { DecisionKind } from '../../../../contract/model.ts'
import type { SubjectName } from '../guideFile.ts'
import { instead, NotSeen, type Phase, seen, soon } from '../look.ts'
import { inStage, type Place, type Run, servedBy, stepCompleted, stepOf } from '../place.ts'

/** Runs that may wait at the gate by now, the ones of earlier phases first. */
const candidates: SubjectName[] = ['good', 'outage', 'password', 'first', 'second']

/** Phase 4: a human decides, and the run keeps who, when and why. */
export function approval(place: Place): Phase {
  const { host, record } = place
  const chosen = (kind: DecisionKind): Run => ({
    detail: () => {
      const workflowId = record[kind]
      if (workflowId === null) throw new NotSeen('no run waits for a human')
      return host.call('runs.get', { workflowId })
    },
  })
  const decide = (decision: DecisionKind, reason: string) => async () => {
    const { workflowId } = await chosen(decision).detail()
    await host.call('runs.decide', { workflowId, decisionId: randomUUID(), decision, reason })
  }
  const decided = async (decision: DecisionKind) => {
    const run = await chosen(decision).detail()
    if (!run.decision)
      return instead(
        run.stage === 'AwaitingApproval' ? 'it waits for a decision' : `the run is in stage ${run.stage} without a decision`,
      )
    if (run.decision.decision !== decision) throw new NotSeen(`it was decided otherwise: ${run.decision.decision}`)
    const who = run.decision.operator ?? 'an unnamed client'
    return seen(`${who}, by ${run.decision.via}: ${run.decision.reason}`)
  }
  return {
    number: 4,
    title: 'Approval',
    about:
      'Production is not reached without a human. The decision is an Update of the workflow: taken once, with name and reason, also when two people click at the same time.',
    files: ['first', 'second'],
    steps: [
      {
        id: 'two-wait',
        words: 'Two runs wait for a human',
        does: {
          words: 'Drop what is missing',
          act: async () => {
            let missing = 2 - (await waiting(place)).length
            for (const name of ['first', 'second'] as const) {
              if (missing > 0 && place.subject(name).workflowId() === null) {
                await place.subject(name).submit()
                missing--
              }
            }
          },
        },
        within: place.trainingSeconds,
        look: async () => {
          const [approve, reject] = await waiting(place)
          if (!approve || !reject) return instead(approve ? 'one waits' : 'none waits')
          record.approve = approve
          record.reject = reject
          record.productionBefore ??= await servedInProduction(place)
          place.keep()
          return seen(`${approve} and ${reject}`)
        },
      },
      {
        id: 'approved',
        words: 'One is approved, with its operator and reason',
        subject: { workflowId: () => record.approve },
        does: { words: 'Approve the first', act: decide('approve', 'The guided demonstration approves it.') },
        within: soon,
        look: () => decided('approve'),
      },
      {
        id: 'deployed',
        words: 'Temporal completed deploy_to_environment for production, and the run',
        within: soon,
        look: async () => {
          const sight = await stepCompleted(chosen('approve'), 'deploy_prod')
          return 'seen' in sight ? inStage(chosen('approve'), 'Completed') : sight
        },
      },
      {
        id: 'prod',
        words: 'The production environment serves the approved model',
        within: soon,
        look: () => servedBy(chosen('approve'), 'prod'),
      },
      {
        id: 'rejected',
        words: 'The other is rejected, with its reason',
        subject: { workflowId: () => record.reject },
        does: { words: 'Reject the second', act: decide('reject', 'The guided demonstration rejects it.') },
        within: soon,
        look: async () => {
          const sight = await decided('reject')
          if ('instead' in sight) return sight
          const ended = await inStage(chosen('reject'), 'Rejected')
          return 'seen' in ended ? sight : ended
        },
      },
      {
        id: 'not-deployed',
        words: 'The rejected model was not deployed to production, which serves the approved one',
        within: soon,
        look: async () => {
          const { state } = stepOf(await chosen('reject').detail(), 'deploy_prod')
          if (state !== 'skipped') throw new NotSeen(`deploy_prod is ${state}`)
          return servedBy(chosen('approve'), 'prod')
        },
      },
    ],
  }
}

async function waiting(place: Place): Promise<string[]> {
  const found: string[] = []
  for (const name of candidates) {
    const subject = place.subject(name)
    if (subject.workflowId() === null) continue
    const { workflowId, stage } = await subject.detail()
    if (stage === 'AwaitingApproval') found.push(workflowId)
  }
  return found
}

async function servedInProduction({ host }: Place): Promise<string | null> {
  const { environments } = await host.call('deployments.list', {})
  return environments.find((one) => one.environment === 'prod')?.served?.modelId ?? null
}

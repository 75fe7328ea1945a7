import { calls } from '../../contract/calls.ts'
import { events } from '../../contract/events.ts'
import { type RunSummary, type Stage, stages } from '../../contract/model.ts'
import type { EnvelopeSource } from './source.ts'

/** What awaits a decision: how many, and the first of them. */
export interface Pending {
  count: number
  /** The longest waiting first. */
  runs: { workflowId: string; fileName: string }[]
}

/** Changes that come within this time of each other are asked about once, in milliseconds. */
const batchMs = 500
/** More are counted, but not told apart. */
const most = 200

/** Stages before the gate: a run there neither awaits a decision nor did a moment ago. */
const beforeGate: readonly Stage[] = stages.slice(0, stages.indexOf('AwaitingApproval'))

/** Tells what awaits a decision now and whenever that changes. Gives the function that ends it. */
export function followPending(source: EnvelopeSource, onChange: (pending: Pending) => void, wait: number = batchMs): () => void {
  let timer: NodeJS.Timeout | undefined
  let asking = false
  let again = false
  let told = ''
  let ended = false

  async function ask(): Promise<void> {
    timer = undefined
    if (asking) {
      again = true
      return
    }
    asking = true
    const reply = await source.send({ id: 0, call: 'runs.list', input: { stages: ['AwaitingApproval'], limit: most } })
    asking = false
    if (ended) return
    // Without an answer the last one stands; the next connection asks again.
    if (reply.ok) tell(calls['runs.list'].output.parse(reply.output))
    if (again) soon()
    again = false
  }

  function tell({ runs, total }: { runs: RunSummary[]; total: number }): void {
    // What was decided here already waits for Temporal, not for the operator.
    const open = runs.filter((run) => !run.decisionPending).sort((a, b) => a.stageSince.localeCompare(b.stageSince))
    const pending = {
      count: total - (runs.length - open.length),
      runs: open.map(({ workflowId, fileName }) => ({ workflowId, fileName })),
    }
    const asText = JSON.stringify(pending)
    if (asText === told) return
    told = asText
    onChange(pending)
  }

  function soon(): void {
    timer ??= setTimeout(() => void ask(), wait)
  }

  const stopPushes = source.onPush((push) => {
    if (push.event !== 'runs.changed') return
    const changed = events['runs.changed'].safeParse(push.payload)
    if (changed.success && changed.data.runs.some(({ stage }) => !beforeGate.includes(stage))) soon()
  })
  const stopStatus = source.onStatus((status) => {
    if (status === 'open') soon()
  })
  return () => {
    ended = true
    clearTimeout(timer)
    stopPushes()
    stopStatus()
  }
}

/** `2 runs wait for approval`, or that none does. */
export const pendingWords = (count: number): string =>
  count === 0 ? 'Nothing waits for approval' : count === 1 ? '1 run waits for approval' : `${count} runs wait for approval`

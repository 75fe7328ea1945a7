/** `gatehouse workers`: who works on the pipelines' steps, and the switch of the host's own worker. */
import { randomUUID } from 'node:crypto'
import { spanWords } from '../../../contract/sentence.ts'
import { type WorkerInfo, waitingWords } from '../../../contract/workers.ts'
import { type Context, withHost } from '../context.ts'
import { type ExitCode, exitCodes, UsageError } from '../exitCodes.ts'
import type { Cell } from '../output.ts'

export interface WorkersFlags {
  reason?: string
}

export async function runWorkers(context: Context, action = 'list', { reason }: WorkersFlags): Promise<ExitCode> {
  if (action !== 'list' && action !== 'stop' && action !== 'start')
    throw new UsageError(`There is no "workers ${action}". There are list, stop and start.`)
  if (action === 'list' && reason !== undefined) throw new UsageError('--reason makes no sense with "workers list".')
  if (action !== 'list' && reason === undefined)
    throw new UsageError(`Say why with --reason: it goes into the audit log. Nothing was changed.`)
  const { out } = context
  return withHost(context, async (host) => {
    if (reason !== undefined) await host.call('workers.switch', { on: action === 'start', reason, requestId: randomUUID() })
    const state = await host.call('workers.list', {})
    out.data(state)
    if (state.stopped) {
      const { by, reason: why } = state.stopped
      out.line(`The worker of the host was stopped by ${by}: ${why}. Runs wait until "gatehouse workers start".`)
    }
    if (state.problem) out.line(state.problem)
    else if (state.workers.length === 0) out.line('Nobody works on the queue now: runs wait, and nothing is lost.')
    out.table(state.workers.map((worker) => row(worker, Date.now())))
    const words = waitingWords(state.waiting)
    if (words) out.line(words)
    return exitCodes.done
  })
}

const row = ({ identity, here, host, processId, slots, sdk, lastSeenAt, taskQueue }: WorkerInfo, now: number): Cell[] => [
  { text: identity, style: 'strong' },
  here ? 'this host' : (host ?? ''),
  processId === null ? '' : `process ${processId}`,
  slots ? `${slots.used} of ${slots.total} steps` : '',
  taskQueue,
  sdk ?? '',
  `heard of ${spanWords(Math.max(0, now - Date.parse(lastSeenAt)))} ago`,
]

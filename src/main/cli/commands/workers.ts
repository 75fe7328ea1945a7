/** `gatehouse workers`: who works on the pipelines' steps, the switch of the host's own worker, and that of its worker process. */
import { randomUUID } from 'node:crypto'
import type { CallName } from '../../../contract/calls.ts'
import { spanWords } from '../../../contract/sentence.ts'
import { processWords, type WorkerInfo, type WorkersState, waitingWords } from '../../../contract/workers.ts'
import { type Context, withHost } from '../context.ts'
import { type ExitCode, exitCodes, UsageError } from '../exitCodes.ts'
import type { Cell } from '../output.ts'

export interface WorkersFlags {
  reason?: string
}

type Switch = Extract<CallName, 'workers.switch' | 'workers.switchProcess'>
const switches: Record<string, { call: Switch; on: boolean }> = {
  start: { call: 'workers.switch', on: true },
  stop: { call: 'workers.switch', on: false },
  'start-process': { call: 'workers.switchProcess', on: true },
  'stop-process': { call: 'workers.switchProcess', on: false },
}

export async function runWorkers(context: Context, action = 'list', { reason }: WorkersFlags): Promise<ExitCode> {
  const asked = Object.hasOwn(switches, action) ? switches[action] : undefined
  if (!asked && action !== 'list')
    throw new UsageError(`There is no "workers ${action}". There are list, ${Object.keys(switches).join(', ')}.`)
  if (!asked && reason !== undefined) throw new UsageError('--reason makes no sense with "workers list".')
  if (asked && reason === undefined)
    throw new UsageError(`Say why with --reason: it goes into the audit log. Nothing was changed.`)
  const { out } = context
  return withHost(context, async (host) => {
    if (asked && reason !== undefined) await host.call(asked.call, { on: asked.on, reason, requestId: randomUUID() })
    const state = await host.call('workers.list', {})
    out.data(state)
    if (state.stopped) {
      const { by, reason: why } = state.stopped
      out.line(`The worker of the host was stopped by ${by}: ${why}. Runs wait until "gatehouse workers start".`)
    }
    if (state.process) out.line(`The worker process of the host: ${processWords(state.process)}`)
    if (state.problem) out.line(state.problem)
    else if (state.workers.length === 0) out.line('Nobody works on the queue now: runs wait, and nothing is lost.')
    out.table(state.workers.map((worker) => row(worker, state, Date.now())))
    const words = waitingWords(state.waiting)
    if (words) out.line(words)
    return exitCodes.done
  })
}

const row = (
  { identity, here, host, processId, slots, sdk, lastSeenAt, taskQueue }: WorkerInfo,
  { process }: WorkersState,
  now: number,
): Cell[] => [
  { text: identity, style: 'strong' },
  here ? 'this host' : identity === process?.identity ? 'started by this host' : (host ?? ''),
  processId === null ? '' : `process ${processId}`,
  slots ? `${slots.used} of ${slots.total} steps` : '',
  taskQueue,
  sdk ?? '',
  `heard of ${spanWords(Math.max(0, now - Date.parse(lastSeenAt)))} ago`,
]

import type { Context } from '../context.ts'
import { withHost } from '../context.ts'
import { checkFiles, checkKeys, checkMetrics, checkStack } from '../doctor/host.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { checkRows } from './doctor.ts'

/** How the running host is, as it says itself; what the machine brings is the doctor's. Ends with 1 while a part is down. */
export async function showStatus(context: Context): Promise<ExitCode> {
  const { home, out } = context
  return withHost(context, async (host) => {
    const health = await host.call('stack.health', {})
    const keys = await host.call('keys.get', {})
    const metrics = await host.call('metrics.get', {})
    const { total: awaiting } = await host.call('runs.list', { stages: ['AwaitingApproval'], limit: 1 })
    const checks = [...checkStack(health), ...checkFiles(health), checkKeys(keys), checkMetrics(metrics)].map((check) => ({
      ...check,
      name: check.name.replace('Running: ', ''),
    }))
    const ok = checks.every(({ state }) => state !== 'blocks')
    out.data({ ok, home: home.root, awaitingApproval: awaiting, checks, unusable: health.unusable })
    out.table(checkRows(checks))
    out.line()
    out.line(
      awaiting === 0 ? 'No run waits for approval.' : `${awaiting} ${awaiting === 1 ? 'run waits' : 'runs wait'} for approval.`,
    )
    return ok ? exitCodes.done : exitCodes.failed
  })
}

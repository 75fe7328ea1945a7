import type { Context } from '../context.ts'
import type { Check } from '../doctor/check.ts'
import { runChecks } from '../doctor/runChecks.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import type { Cell, Style } from '../output.ts'

const styles: Record<Check['state'], Style> = { ok: 'good', note: 'human', blocks: 'bad' }

/** The checks as a table, with what can be done below each. */
export const checkRows = (checks: readonly Check[]): Cell[][] => checks.flatMap(rows)

export async function examine({ home, out }: Context): Promise<ExitCode> {
  const { checks, version } = await runChecks(home)
  const blocking = checks.filter((check) => check.state === 'blocks').length
  out.data({ ok: blocking === 0, version, home: home.root, checks })
  out.table(checkRows(checks))
  out.line()
  out.line(
    blocking === 0 ? 'Nothing stands in the way.' : `${blocking} ${blocking === 1 ? 'thing stands' : 'things stand'} in the way.`,
  )
  return blocking === 0 ? exitCodes.done : exitCodes.failed
}

function rows({ name, state, detail, remedy }: Check): Cell[][] {
  const first: Cell[] = [{ text: state, style: styles[state] }, name, detail]
  return remedy === '' ? [first] : [first, ['', '', { text: `→ ${remedy}`, style: 'faint' }]]
}

import { type CallName, calls, type Handlers, type ValidInput } from '../../../contract/calls.ts'
import { CallFailed } from '../../../contract/errors.ts'
import type { Settings } from '../../../contract/model.ts'
import type { Audit } from '../ledger/audit.ts'
import type { Log } from '../log.ts'

/** What the log keeps of a call that changes something. Never an input as a whole: it may hold a passphrase. */
interface Written {
  workflowId?: string
  step?: string
  /** Who did it, where the call itself names somebody. */
  operator?: string
  detail: string
}

/** `reads` changes nothing; `tells` writes its own entries, which say more than the call could. */
type Kind<N extends CallName> = 'reads' | 'tells' | ((input: ValidInput<N>, before: Settings) => Written)

/** Every call is named here, so that none is added without somebody deciding whether it goes on record. */
const kinds: { [N in CallName]: Kind<N> } = {
  'app.info': 'reads',
  'app.selfTest': 'reads',
  'runs.list': 'reads',
  'runs.get': 'reads',
  'runs.payloads': 'reads',
  'runs.experiment': 'reads',
  'runs.profile': 'reads',
  'runs.report': 'reads',
  'runs.decide': ({ workflowId, decision, reason, operator }) => ({ workflowId, operator, detail: `${decision}: ${reason}` }),
  'runs.again': ({ workflowId }) => ({ workflowId, detail: 'started a new run of the same dataset' }),
  'runs.cancel': ({ workflowId, reason }) => ({ workflowId, detail: reason }),
  'runs.terminate': ({ workflowId, reason }) => ({ workflowId, detail: reason }),
  'runs.actOnStep': ({ workflowId, step, action, reason }) => ({ workflowId, step, detail: `${action}: ${reason}` }),
  'intake.list': 'reads',
  'intake.submit': ({ paths }) => ({
    detail: paths.length === 1 ? String(paths[0]) : `${paths.length} paths, the first ${paths[0]}`,
  }),
  'models.list': 'reads',
  'models.get': 'reads',
  'deployments.list': 'reads',
  'deployments.rollBack': 'tells',
  'audit.list': 'reads',
  'stack.health': 'reads',
  'stack.retry': () => ({ detail: '' }),
  'workers.list': 'reads',
  'workers.switch': ({ on, reason }) => ({ detail: `${on ? 'started' : 'stopped'}: ${reason}` }),
  'settings.get': 'reads',
  'settings.set': ({ settings }, before) => ({ detail: changedSettings(before, settings) }),
  'drills.list': 'reads',
  'drills.set': 'tells',
  'drills.meet': 'tells',
  'keys.get': 'reads',
  'keys.setEncrypting': 'tells',
  'keys.rotate': 'tells',
  'keys.retire': 'tells',
  'keys.export': 'tells',
  'keys.import': 'tells',
  'keys.unlock': 'tells',
  'keys.usePassphrase': 'tells',
  'keys.chooseProvider': 'tells',
  'keys.retry': 'reads',
  'keys.codecServer': 'tells',
  'host.focus': 'reads',
  'host.stop': () => ({ detail: '' }),
}

interface Options {
  handlers: Handlers
  audit: Audit
  settings(): Settings
  host: string
  log: Log
}

/** The same handlers; what they change, and what they refuse to, goes into the audit log with name, host and reason. */
export function recordWrites({ handlers, audit, settings, host, log }: Options): Handlers {
  const recorded = <N extends CallName>(name: N): Handlers[N] => {
    const kind: Kind<N> = kinds[name]
    const handler = handlers[name] as (input: ValidInput<N>) => Promise<unknown>
    if (typeof kind !== 'function') return handler as Handlers[N]
    return (async (input: ValidInput<N>) => {
      const before = settings()
      const { workflowId = null, step = null, operator = before.operator, detail } = kind(input, before)
      const add = (event: 'done' | 'refused', words: string) => {
        const at = new Date().toISOString()
        try {
          audit.add({ at, topic: 'call', name, event, operator, host, workflowId, step, attempt: null, detail: words })
        } catch (error) {
          // The deed is done: a full disk must not make it look as if it were not.
          log.error({ err: error, call: name }, 'a change could not be put on record')
        }
      }
      try {
        const output = await handler(input)
        add('done', detail)
        return output
      } catch (error) {
        if (error instanceof CallFailed) add('refused', detail === '' ? error.message : `${detail} (${error.message})`)
        throw error
      }
    }) as Handlers[N]
  }
  return Object.fromEntries((Object.keys(calls) as CallName[]).map((name) => [name, recorded(name)])) as Handlers
}

/** `operator, retries.train_model`: which settings differ, not what they hold. */
function changedSettings(before: Settings, after: Settings): string {
  const changed = (Object.keys(after) as (keyof Settings)[]).flatMap((key) => {
    const [was, is] = [before[key], after[key]]
    if (JSON.stringify(was) === JSON.stringify(is)) return []
    if (key !== 'retries') return [key]
    return Object.keys(after.retries)
      .filter((step) => JSON.stringify(before.retries[step as never]) !== JSON.stringify(after.retries[step as never]))
      .map((step) => `retries.${step}`)
  })
  return changed.length === 0 ? 'nothing differed' : changed.join(', ')
}

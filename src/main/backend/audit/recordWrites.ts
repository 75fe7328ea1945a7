import { z } from 'zod'
import { type CallName, type CallOutput, calls, type Handlers, type ValidInput } from '../../../contract/calls.ts'
import { CallFailed } from '../../../contract/errors.ts'
import type { IntakeEntry, Settings } from '../../../contract/model.ts'
import type { SettingChange } from '../../../contract/operator.ts'
import { rebased } from '../../../contract/rebase.ts'
import type { Backend } from '../backend.ts'
import type { Audit, NewRecord } from '../ledger/audit.ts'
import type { Log } from '../log.ts'
import { settingChanges } from './settingChanges.ts'

/** What the log keeps of a call that changes something. Never an input as a whole: it may hold a passphrase. */
interface Written {
  workflowId?: string
  step?: string
  /** Who did it, where the call itself names somebody. */
  operator?: string
  detail: string
  reason?: string
  changes?: SettingChange[]
  /** Names the request: a second click on it is no second deed. */
  request?: string
}

/**
 * `reads` changes nothing. `tells` writes its own entries, which say more than the call could; with `refused`, what it
 * refuses is written here.
 */
type Kind<N extends CallName> =
  | 'reads'
  | 'tells'
  | { refused: (input: ValidInput<N>) => Written }
  | ((input: ValidInput<N>, before: Settings) => Written)

/** Every call is named here, so that none is added without somebody deciding whether it goes on record. */
const kinds: { [N in CallName]: Kind<N> } = {
  'app.info': 'reads',
  'app.selfTest': 'reads',
  'runs.list': 'reads',
  'views.list': 'reads',
  'views.save': ({ view }) => ({ detail: `saved the view ${view.name}` }),
  'views.remove': ({ id }) => ({ detail: `removed the view ${id}` }),
  // How wide somebody's window is, and what they look at, is nobody's business.
  'views.keepColumns': 'reads',
  'runs.get': 'reads',
  'runs.payloads': 'reads',
  'history.page': 'reads',
  'history.export': 'tells',
  'history.search': 'reads',
  'history.openFile': 'reads',
  'history.filePage': 'reads',
  'history.filePayload': 'reads',
  'history.payload': 'reads',
  'runs.values': 'reads',
  'runs.diff': 'reads',
  'runs.diffAttempts': 'reads',
  'runs.experiment': 'reads',
  'runs.profile': 'reads',
  'runs.report': 'reads',
  'runs.decide': ({ workflowId, decision, reason, operator, decisionId }) => ({
    workflowId,
    operator,
    detail: decision,
    reason,
    request: decisionId,
  }),
  'runs.again': ({ workflowId, reason, requestId }) => ({
    workflowId,
    detail: 'started a new run of the same dataset',
    reason,
    request: requestId,
  }),
  'runs.cancel': ({ workflowId, reason, requestId }) => ({ workflowId, detail: '', reason, request: requestId }),
  'runs.terminate': ({ workflowId, reason, requestId }) => ({ workflowId, detail: '', reason, request: requestId }),
  'runs.actOnStep': ({ workflowId, step, action, reason, requestId }) => ({
    workflowId,
    step,
    detail: action,
    reason,
    request: requestId,
  }),
  'intake.list': 'reads',
  'intake.submit': ({ paths }) => ({
    detail: paths.length === 1 ? String(paths[0]) : `${paths.length} paths, the first ${paths[0]}`,
  }),
  'models.list': 'reads',
  'models.get': 'reads',
  'deployments.list': 'reads',
  'deployments.rollBack': 'tells',
  'approvals.list': 'reads',
  'audit.list': 'reads',
  'stack.health': 'reads',
  'stack.retry': () => ({ detail: '' }),
  'workers.list': 'reads',
  'workers.tell': 'tells',
  'workers.switch': ({ on, reason, requestId }) => ({ detail: on ? 'started' : 'stopped', reason, request: requestId }),
  'workers.switchProcess': ({ on, reason, requestId }) => ({
    detail: on ? 'started' : 'stopped',
    reason,
    request: requestId,
  }),
  'backup.make': ({ file, passphrase }) => ({
    detail: `${file ?? 'in the data folder'}, ${passphrase === null ? 'without' : 'with'} keys`,
  }),
  'backup.state': 'reads',
  'backup.stop': () => ({ detail: '' }),
  'diagnostics.list': 'reads',
  'diagnostics.make': ({ file }) => ({ detail: file ?? 'in the data folder' }),
  'diagnostics.read': 'reads',
  'settings.get': 'reads',
  'settings.set': ({ settings, over }, before) => {
    const changes = settingChanges(before, over ? rebased(settings, over, before) : settings)
    return { detail: changes.length === 0 ? 'nothing differed' : changes.map(({ field }) => field).join(', '), changes }
  },
  'settings.about': 'reads',
  'profiles.list': 'reads',
  'profiles.check': 'reads',
  'profiles.use': ({ name, reason }) => ({ detail: `${name}, from the next start on`, reason }),
  'metrics.get': 'reads',
  'notices.test': 'reads',
  'drills.list': 'reads',
  'drills.set': {
    refused: ({ name, to, requestId }) => ({ detail: `${name} ${to === null ? 'off' : 'on'}`, request: requestId }),
  },
  'drills.meet': 'tells',
  'guide.get': 'reads',
  // What the demonstration does on the way goes on record by the calls that it makes.
  'guide.begin': () => ({ detail: '' }),
  'guide.act': 'tells',
  'guide.play': 'tells',
  'guide.stop': 'reads',
  'guide.again': 'reads',
  'guide.end': () => ({ detail: '' }),
  'guide.code': 'reads',
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
  'host.restart': () => ({ detail: '' }),
}

const ofRun = z.object({ workflowId: z.string().max(1000) })

interface Options {
  backend: Pick<Backend, 'handlers' | 'receiveUpload'>
  audit: Audit
  settings(): Settings
  host: string
  log: Log
}

/** The same, but what is changed, and what is refused or fails, goes into the audit log with name, host and reason. */
export function recordWrites({
  backend,
  audit,
  settings,
  host,
  log,
}: Options): Pick<Backend, 'handlers' | 'receiveUpload' | 'inputRefused'> {
  type Event = 'done' | 'pending' | 'refused' | 'failed'

  function put(name: string, record: Omit<NewRecord, 'at' | 'topic' | 'name' | 'host' | 'attempt'>): void {
    try {
      audit.add({ at: new Date().toISOString(), topic: 'call', name, host, attempt: null, ...record })
    } catch (error) {
      // The deed is done: a full disk must not make it look as if it were not.
      log.error({ err: error, call: name }, 'a change could not be put on record')
    }
  }

  async function recorded<T>(name: string, written: Written, by: string, act: () => Promise<T> | T): Promise<T> {
    const { workflowId = null, step = null, operator = by, detail, reason, changes, request } = written
    const add = (event: Event, problem: string | null) => {
      const what = { workflowId, step, detail, reason, problem, changes }
      put(name, { event, operator, ...what, ref: request && `${request} ${event}` })
    }
    try {
      const output = await act()
      add((output as { state?: unknown } | undefined)?.state === 'pending' ? 'pending' : 'done', null)
      return output
    } catch (error) {
      // What went wrong inside may hold anything; the log has it.
      if (error instanceof CallFailed) add('refused', error.message)
      else add('failed', 'A fault inside Gatehouse; its log says more.')
      throw error
    }
  }

  const recordedCall = <N extends CallName>(name: N): Handlers[N] => {
    const kind: Kind<N> = kinds[name]
    const handler = backend.handlers[name] as (input: ValidInput<N>) => Promise<CallOutput<N>>
    if (kind === 'reads' || kind === 'tells') return handler as Handlers[N]
    if (typeof kind === 'object') {
      return (async (input: ValidInput<N>) => {
        try {
          return await handler(input)
        } catch (error) {
          return recorded(name, kind.refused(input), settings().operator, () => Promise.reject(error))
        }
      }) as Handlers[N]
    }
    return ((input: ValidInput<N>) => {
      const before = settings()
      return recorded(name, kind(input, before), before.operator, () => handler(input))
    }) as Handlers[N]
  }

  return {
    handlers: Object.fromEntries((Object.keys(calls) as CallName[]).map((name) => [name, recordedCall(name)])) as Handlers,
    inputRefused(name, input, field) {
      if (kinds[name] === 'reads') return
      // Nothing of the input but the run: it may hold anything, also where it does not belong.
      const { data } = ofRun.safeParse(input)
      const problem = `What was sent does not fit the call${field === null ? '' : ` (${field.slice(0, 200)})`}. Nothing was done.`
      const what = { workflowId: data?.workflowId ?? null, step: null, detail: '', problem }
      put(name, { event: 'refused', operator: settings().operator, ...what })
    },
    receiveUpload: (fileName, body): Promise<IntakeEntry[]> =>
      recorded('intake.upload', { detail: fileName }, settings().operator, () => backend.receiveUpload(fileName, body)),
  }
}

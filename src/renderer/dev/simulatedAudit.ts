import type { Handlers } from '../../contract/calls.ts'
import type { AuditKind, AuditRecord } from '../../contract/operator.ts'

type Deed = Pick<AuditRecord, 'topic' | 'name' | 'event' | 'detail'> & { kind: AuditKind } & Partial<AuditRecord>

const deeds: Deed[] = [
  {
    kind: 'decision',
    topic: 'call',
    name: 'runs.decide',
    event: 'done',
    detail: 'approve',
    reason: 'Better on every check, and the slices hold.',
  },
  {
    kind: 'settings',
    topic: 'call',
    name: 'settings.set',
    event: 'done',
    detail: 'retries.train_model.maximumAttempts, pipelines.abalone.trainer.settings',
    changes: [
      { field: 'retries.train_model.maximumAttempts', before: '3', after: '5' },
      { field: 'pipelines.abalone.trainer.settings', before: '[not shown]', after: '[not shown]' },
    ],
  },
  {
    kind: 'decision',
    topic: 'temporal',
    name: 'approve_prod_deployment',
    event: 'refused',
    detail: 'approve',
    operator: 'an unnamed client',
    host: 'not known',
    problem:
      'The signal approve_prod_deployment came at 2026-11-25T10:02:11.000Z and was refused: it carries no name, and this run’s policy asks for 2 named operators.',
  },
  {
    kind: 'run',
    topic: 'call',
    name: 'runs.cancel',
    event: 'done',
    detail: '',
    reason: 'Wrong file: the columns are of last year.',
  },
  {
    kind: 'run',
    topic: 'call',
    name: 'runs.actOnStep',
    event: 'refused',
    detail: 'retryNow',
    step: 'train_model',
    reason: 'The GPU is back.',
    problem: 'This step does not wait for a next attempt any more.',
  },
  {
    kind: 'deployment',
    topic: 'rollBack',
    name: 'prod',
    event: 'switched',
    detail: 'prod serves model-1a2b3c4d again: MAE drifts on the new reefs',
  },
  { kind: 'key', topic: 'encryption', name: 'k-7f3a91c2', event: 'rotated', detail: 'It follows k-11d0c0de.' },
  { kind: 'drill', topic: 'drill', name: 'training-fails', event: 'on', detail: 'The next run, 2 attempts.' },
  {
    kind: 'drillHit',
    topic: 'drill',
    name: 'training-fails',
    event: 'used',
    detail: 'It failed. Hit 1 of 2.',
    step: 'train_model',
    attempt: 1,
  },
  { kind: 'intake', topic: 'call', name: 'intake.submit', event: 'done', detail: '/home/ada/abalone_2026.csv' },
  { kind: 'host', topic: 'call', name: 'stack.retry', event: 'done', detail: '' },
  {
    kind: 'decision',
    topic: 'call',
    name: 'runs.decide',
    event: 'pending',
    detail: 'reject',
    reason: '=HYPERLINK("http://evil.example";"worse")',
  },
]

/** An audit of some thousand deeds by three people, so that paging and filters have something to do. */
export function createSimulatedAudit(
  runs: () => readonly { workflowId: string }[],
  clock: () => number,
  count: number,
): Pick<Handlers, 'audit.list'> {
  const all: AuditRecord[] = []
  const people = ['Ada Lovelace', 'grace', 'olga']
  const known = runs()
  for (let n = count; n >= 1; n--) {
    const deed = deeds[(n * 7) % deeds.length] as Deed
    const aboutRun = deed.kind === 'decision' || deed.kind === 'run' || deed.kind === 'drillHit'
    all.push({
      ...{ step: null, attempt: null, reason: null, problem: null, changes: null, host: 'workbench' },
      operator: people[n % people.length] as string,
      workflowId: aboutRun ? (known[n % Math.max(1, known.length)]?.workflowId ?? null) : null,
      ...deed,
      id: n,
      at: new Date(clock() - (count - n) * 7 * 60_000).toISOString(),
    })
  }
  return {
    'audit.list': ({ limit, before = Number.POSITIVE_INFINITY, workflowId, kinds, operator, text, from, to }) => {
      const wanted = text?.trim().toLowerCase()
      const fit = all.filter(
        (entry) =>
          (workflowId === undefined || entry.workflowId === workflowId) &&
          (kinds === undefined || kinds.includes(entry.kind)) &&
          (operator === undefined || entry.operator === operator) &&
          (from === undefined || entry.at >= from) &&
          (to === undefined || entry.at < to) &&
          (!wanted || JSON.stringify(entry).toLowerCase().includes(wanted)),
      )
      return {
        entries: fit.filter(({ id }) => id < before).slice(0, limit),
        total: fit.length,
        operators: [...new Set(all.map((entry) => entry.operator))].sort(),
      }
    },
  }
}

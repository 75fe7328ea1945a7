import { expect, it } from 'vitest'
import { type Dropped, type Found, reconcile } from './reconcile.ts'

const steps = ['preprocess_data', 'train_model', 'log_experiment', 'assess_model_quality', 'deploy_dev', 'record_decision']
const files: Dropped[] = [
  { fileName: 'a.csv', sha256: 'aa', isApproved: true },
  { fileName: 'b.csv', sha256: 'bb', isApproved: false },
]
const at = (second: number) => new Date(second * 1000)

/** One file approved, one rejected, all as it is to be; each story then spoils one thing. */
const sound = () =>
  ({
    ledger: [
      { workflowId: 'wf-a', fileName: 'a.csv', sha256: 'aa', stage: 'Completed' },
      { workflowId: 'wf-b', fileName: 'b.csv', sha256: 'bb', stage: 'Rejected' },
    ],
    histories: [
      { workflowId: 'wf-a', status: 'COMPLETED', completed: [...steps, 'deploy_prod'], scheduled: [...steps, 'deploy_prod'] },
      { workflowId: 'wf-b', status: 'COMPLETED', completed: [...steps], scheduled: [...steps] },
    ],
    experiments: [{ workflowId: 'wf-a' }, { workflowId: 'wf-b' }],
    decisions: [
      { workflowId: 'wf-a', decision: 'approve', decidedAt: at(10) },
      { workflowId: 'wf-b', decision: 'reject', decidedAt: at(10) },
    ],
    deployments: [
      { workflowId: 'wf-a', environment: 'dev', deployedAt: at(5) },
      { workflowId: 'wf-a', environment: 'prod', deployedAt: at(11) },
      { workflowId: 'wf-b', environment: 'dev', deployedAt: at(5) },
    ],
  }) satisfies Found

/** Which kinds of finding a spoilt state gives. */
function kindsAfter(spoil: (found: ReturnType<typeof sound>) => void): string[] {
  const found = sound()
  spoil(found)
  return Object.entries(reconcile(files, found)).flatMap(([kind, list]) => (list.length > 0 ? kind : []))
}

it('finds nothing where every file went through once', () => {
  expect(kindsAfter(() => {})).toEqual([])
})

it.each<[string, (found: ReturnType<typeof sound>) => void, string[]]>([
  ['a file is not in the ledger', (f) => f.ledger.shift(), ['lost', 'startedTwice', 'notLoggedOnce']],
  [
    'another content was accepted under the name',
    (f) => Object.assign(f.ledger[0] ?? {}, { sha256: 'cc' }),
    ['lost', 'startedTwice', 'notLoggedOnce'],
  ],
  ['a run never reached Temporal', (f) => f.histories.shift(), ['lost']],
  [
    'a file was accepted twice',
    (f) => f.ledger.push({ workflowId: 'wf-a2', fileName: 'a.csv', sha256: 'aa', stage: 'Completed' }),
    ['startedTwice'],
  ],
  ['a workflow ran twice', (f) => f.histories.push(structuredClone(f.histories[0]) as (typeof f.histories)[0]), ['startedTwice']],
  [
    'Temporal has a run of no file',
    (f) => f.histories.push({ workflowId: 'wf-x', status: 'COMPLETED', completed: [], scheduled: [] }),
    ['startedTwice'],
  ],
  ['a run ended otherwise in the ledger', (f) => Object.assign(f.ledger[1] ?? {}, { stage: 'Failed' }), ['wrongEnd']],
  ['a run still goes on in Temporal', (f) => Object.assign(f.histories[1] ?? {}, { status: 'RUNNING' }), ['wrongEnd']],
  ['a step completed twice', (f) => f.histories[0]?.completed.push('train_model'), ['doneTwice']],
  ['an experiment is missing', (f) => f.experiments.pop(), ['notLoggedOnce']],
  ['an experiment was logged twice', (f) => f.experiments.push({ workflowId: 'wf-a' }), ['notLoggedOnce']],
  ['nobody approved what is in production', (f) => f.decisions.shift(), ['deployedWithoutDecision']],
  [
    'the approval came after the deployment',
    (f) => Object.assign(f.decisions[0] ?? {}, { decidedAt: at(12) }),
    ['deployedWithoutDecision'],
  ],
  ['a deployment was asked for first', (f) => f.histories[0]?.scheduled.reverse(), ['deployedWithoutDecision']],
  [
    'a rejected model is in production',
    (f) => f.deployments.push({ workflowId: 'wf-b', environment: 'prod', deployedAt: at(11) }),
    ['deployedWithoutDecision', 'notDeployedOnce'],
  ],
  ['an approved model is not in production', (f) => f.deployments.splice(1, 1), ['notDeployedOnce']],
])('finds that %s', (_, spoil, kinds) => {
  expect(kindsAfter(spoil)).toEqual(kinds)
})

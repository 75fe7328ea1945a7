/**
 * The three places that know of work, held against each other and against the files that were dropped: the SQLite ledger
 * (what was accepted), Temporal's histories (what was done) and Postgres (what it left behind).
 */

export interface Dropped {
  fileName: string
  sha256: string
  isApproved: boolean
}

export interface Found {
  /** Rows of the ledger's `run`, with the stage that the console shows. */
  ledger: { workflowId: string; fileName: string; sha256: string; stage: string }[]
  /** One for each run in Temporal, closed or open. */
  histories: History[]
  experiments: { workflowId: string }[]
  decisions: { workflowId: string; decision: string; decidedAt: Date }[]
  deployments: { workflowId: string; environment: string; deployedAt: Date }[]
}

export interface History {
  workflowId: string
  status: string
  /** Activity ids in the order of their completion; an id twice is a step done twice. */
  completed: string[]
  /** Activity ids in the order in which they were asked for. */
  scheduled: string[]
}

/** Each finding is a sentence that names the file or the workflow. */
export interface Findings {
  wrongEnd: string[]
  lost: string[]
  startedTwice: string[]
  doneTwice: string[]
  notLoggedOnce: string[]
  deployedWithoutDecision: string[]
  notDeployedOnce: string[]
}

/** A file and its run belong together by name and content; a run and its work by the workflow's id. */
export function reconcile(dropped: readonly Dropped[], found: Found): Findings {
  const findings: Findings = {
    wrongEnd: [],
    lost: [],
    startedTwice: [],
    doneTwice: [],
    notLoggedOnce: [],
    deployedWithoutDecision: [],
    notDeployedOnce: [],
  }
  const expected = new Set<string>()
  for (const file of dropped) {
    const accepted = found.ledger.filter((run) => run.fileName === file.fileName && run.sha256 === file.sha256)
    const [run, ...more] = accepted
    if (run === undefined) {
      findings.lost.push(`${file.fileName} has no run in the ledger`)
      continue
    }
    if (more.length > 0) findings.startedTwice.push(`${file.fileName} has ${accepted.length} runs in the ledger`)
    for (const { workflowId } of accepted) expected.add(workflowId)
    checkRun(file, run, found, findings)
  }
  for (const { workflowId, fileName } of found.ledger) {
    if (!expected.has(workflowId)) findings.startedTwice.push(`${fileName} in the ledger is no file that was dropped`)
  }
  for (const { workflowId } of found.histories) {
    if (!expected.has(workflowId)) findings.startedTwice.push(`${workflowId} in Temporal is of no file that was dropped`)
  }
  for (const { workflowId } of found.experiments) {
    if (!expected.has(workflowId)) findings.notLoggedOnce.push(`${workflowId} has an experiment and no file`)
  }
  for (const { workflowId, environment, deployedAt } of found.deployments) {
    if (environment === 'prod' && !isDecidedBefore(workflowId, deployedAt, found)) {
      findings.deployedWithoutDecision.push(`${workflowId} is in production without an approval before it`)
    }
  }
  return findings
}

function checkRun(file: Dropped, { workflowId, stage }: Found['ledger'][number], found: Found, findings: Findings): void {
  const { fileName, isApproved } = file
  const of = <T extends { workflowId: string }>(list: readonly T[]) => list.filter((one) => one.workflowId === workflowId)
  const [history, ...more] = of(found.histories)
  if (history === undefined) {
    findings.lost.push(`${fileName} is in the ledger and not in Temporal`)
    return
  }
  if (more.length > 0) findings.startedTwice.push(`${fileName} has ${more.length + 1} runs in Temporal`)
  const end = isApproved ? 'Completed' : 'Rejected'
  if (stage !== end || history.status !== 'COMPLETED') {
    findings.wrongEnd.push(`${fileName} is ${stage} in the ledger and ${history.status} in Temporal, to be ${end}`)
  }
  const twice = history.completed.filter((step, i) => history.completed.indexOf(step) !== i)
  if (twice.length > 0) findings.doneTwice.push(`${fileName} has ${twice.join(', ')} completed more than once`)
  const experiments = of(found.experiments).length
  if (experiments !== 1) findings.notLoggedOnce.push(`${fileName} has ${experiments} experiments`)
  const asked = history.scheduled.includes('deploy_prod')
  if (asked && !isBefore('record_decision', 'deploy_prod', history)) {
    findings.deployedWithoutDecision.push(`${fileName} has its deployment asked for before its decision was recorded`)
  }
  if (!isApproved && asked) findings.deployedWithoutDecision.push(`${fileName} was rejected and deployed`)
  for (const [environment, times] of [
    ['dev', 1],
    ['prod', isApproved ? 1 : 0],
  ] as const) {
    const deployments = of(found.deployments).filter((one) => one.environment === environment).length
    if (deployments !== times) findings.notDeployedOnce.push(`${fileName} has ${deployments} deployments to ${environment}`)
  }
}

const isDecidedBefore = (workflowId: string, at: Date, { decisions }: Found) =>
  decisions.some((one) => one.workflowId === workflowId && one.decision === 'approve' && one.decidedAt <= at)

/** Steps follow each other in the workflow, so their places among those asked for are their order. */
function isBefore(first: string, then: string, { scheduled, completed }: History): boolean {
  return completed.includes(first) && scheduled.indexOf(first) < scheduled.indexOf(then)
}

/** Every drill there is, in the order in which they are asked: an attempt meets the first one that hits it. */
import { type ActiveDrill, type Drill, type DrillName, drillNames, type Fault } from '../../../contract/drills.ts'
import { type StepName, stepNames } from '../../../contract/model.ts'

export interface DrillDefinition extends Omit<Drill, 'on'> {
  /** Steps whose attempts it may hit; none where the fault is not in a step. */
  steps: readonly StepName[]
  /** The fault for an attempt in its scope; null where chance spares it. `random` is 0 to 1, 1 excluded. */
  fault(on: ActiveDrill, random: () => number): Fault | null
}

/** What the seed's trainer says when it fails on purpose; other tools look for these words. */
export const gpuUnavailable = 'GPU temporarily unavailable'

/** The default share of attempts; half of them makes a deployment flap and still get through. */
const flapping = 0.5
/** The seed's own share of training failures, spread over every step. */
const tenth = 0.1

const fail = (message: string): Fault => ({ kind: 'fail', message })
const byChance = (on: ActiveDrill, random: () => number, message: string) =>
  random() < (on.probability ?? 1) ? fail(message) : null

const inSteps = { scope: true, count: true, probability: null, seconds: null, latency: false, startsWorker: false }

/** Seconds: a short step is done by then and was not told, a long one is in its middle. */
const crashAfter = 0.5

/** For everybody, until it is switched off or its time is over. */
const onServers = {
  options: { scope: false, count: false, probability: null, seconds: null, latency: false, startsWorker: false },
  steps: [],
  fault: () => null,
}

/** Seconds there, and as many back: a poor mobile link. */
const poorLatency = 0.3

const cut = (server: string, effect: string) => ({
  title: `Network to ${server} cut`,
  description: `Every connection of this host to ${server} is reset, and new ones too; the server itself goes on. ${effect}`,
  ...onServers,
})
const silent = (server: string, effect: string) => ({
  title: `Network to ${server} silent`,
  description: `Nothing that this host and ${server} send reaches the other, and neither is told. ${effect} Switched off, what was on its way arrives.`,
  ...onServers,
})
const slow = (server: string) => ({
  title: `Slow link to ${server}`,
  description: `What this host and ${server} send each other arrives this much later, by chance up to half of it more or less, at 64 kB/s. Runs take longer and get through, unless the wait is longer than their limits.`,
  ...onServers,
  options: { ...onServers.options, seconds: poorLatency, latency: true },
})
const runsNeedPostgres = 'Runs go on through training; what needs the database tries again until it is back.'
const runsNeedTemporal = 'Files are accepted and decisions kept; runs go on where they were when it is back.'

const definitions: Record<DrillName, Omit<DrillDefinition, 'name'>> = {
  'training-fails': {
    title: 'Training fails',
    description: `Each attempt to train fails with "${gpuUnavailable}". Temporal tries again, waits longer each time, and the run fails after its last attempt.`,
    options: inSteps,
    steps: ['train_model'],
    fault: () => fail(gpuUnavailable),
  },
  'gate-fails': {
    title: 'Quality gate fails',
    description:
      'The gate refuses the model whatever its figures are, by a check named "drill". The run ends there: nothing is deployed.',
    options: inSteps,
    steps: ['assess_model_quality'],
    fault: () => ({ kind: 'gate', reason: 'the drill "Quality gate fails" is on' }),
  },
  'deployment-flaps': {
    title: 'Deployment flaps',
    description:
      'An attempt to deploy, to dev or to production, fails with this probability. Most runs get through after some attempts.',
    options: { ...inSteps, probability: flapping },
    steps: ['deploy_dev', 'deploy_prod'],
    fault: (on, random) => byChance(on, random, 'The environment is temporarily unavailable'),
  },
  'random-failures': {
    title: 'Random failures',
    description: 'An attempt of any step fails with this probability. Runs take longer and nearly all of them get through.',
    options: { ...inSteps, probability: tenth },
    steps: stepNames.filter((name) => name !== 'await_production_approval'),
    fault: (on, random) => byChance(on, random, 'The worker hit a random failure'),
  },
  'slow-step': {
    title: 'Slow steps',
    description:
      'Each attempt of each step waits this long before its work begins. A step whose time limit is shorter runs into it.',
    options: { ...inSteps, seconds: 10 },
    steps: stepNames.filter((name) => name !== 'await_production_approval'),
    fault: (on) => ({ kind: 'delay', seconds: on.seconds ?? 10 }),
  },
  'worker-crash': {
    title: 'Worker crash',
    description:
      'A worker in a process of its own is killed while it works on a step. The attempt is lost, Temporal misses it within seconds, and whoever takes the step next does it again. The worker of this host is spared, as the console would die with it; a worker process that this host started is started again.',
    options: { ...inSteps, startsWorker: true },
    steps: stepNames.filter((name) => name !== 'await_production_approval'),
    fault: () => ({ kind: 'crash', afterSeconds: crashAfter }),
  },
  'postgres-down': {
    title: 'Postgres stopped',
    description:
      'The real database server is stopped. Runs go on through training, and what needs the database waits and tries again without end. Switched off, the server starts and everything that waited goes on at once.',
    ...onServers,
  },
  'postgres-password': {
    title: 'Wrong database password',
    description:
      'Gatehouse logs in to the real database with a password that is not right. What needs the database fails at once, because no retry can mend it, and the run fails with a sentence that says what to correct. Switched off, "Retry from this step" finishes the same run.',
    ...onServers,
  },
  'postgres-database': {
    title: 'Wrong database name',
    description:
      'Gatehouse asks the real server for a database that it does not have. What needs the database fails at once, as with a wrong password; "Retry from this step" finishes the run afterwards.',
    ...onServers,
  },
  'temporal-down': {
    title: 'Temporal stopped',
    description:
      'The real Temporal server is stopped. Files are accepted and decisions kept meanwhile; nothing moves. Switched off, the server starts with all that it knew, and every run goes on where it was.',
    ...onServers,
  },
  'postgres-cut': cut('Postgres', runsNeedPostgres),
  'postgres-silent': silent('Postgres', runsNeedPostgres),
  'postgres-slow': slow('Postgres'),
  'temporal-cut': cut('Temporal', runsNeedTemporal),
  'temporal-silent': silent('Temporal', runsNeedTemporal),
  'temporal-slow': slow('Temporal'),
}

export const registry: readonly DrillDefinition[] = drillNames.map((name) => ({ name, ...definitions[name] }))
export const definitionOf = (name: DrillName): DrillDefinition => ({ name, ...definitions[name] })

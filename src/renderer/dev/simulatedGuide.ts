import type { Handlers } from '../../contract/calls.ts'
import { notFound } from '../../contract/errors.ts'
import type { GuidePhase, GuideState, GuideStep } from '../../contract/guide.ts'

type GuideCalls = Extract<keyof Handlers, `guide.${string}`>

const step = (id: string, words: string, does: string | null = null, more: Partial<GuideStep> = {}): GuideStep => ({
  ...{ id, words, does, state: 'ahead', detail: null, seenAt: null, seconds: null, workflowId: null, code: null },
  ...more,
})

const phases = (): GuidePhase[] => [
  {
    number: 1,
    title: 'Set-up and architecture',
    about:
      'A pipeline has many parts that fail, one by one and together. Temporal keeps what each run has done; everything else may go away and come back.',
    steps: [
      step('temporal', 'Temporal is up'),
      step('postgres', 'Postgres is up'),
      step('worker', 'The worker runs'),
      step('quiet', 'No drill is on that would disturb what follows'),
    ],
  },
  {
    number: 2,
    title: 'A run',
    about:
      'A CSV becomes a run. Each step is an activity that Temporal has done by a worker; what it gave is kept in the history.',
    steps: [
      step('file', 'A good CSV is accepted', 'Drop demo_good_7f3a91c2.csv'),
      step('train_model', 'Temporal completed train_model, with the metrics of a model'),
      step('waits', 'The run waits for a human'),
    ],
  },
  {
    number: 3,
    title: 'Failures',
    about:
      'What is temporary is tried again, with growing waits, for as long as its policy says; what no retry can mend fails at once and says what to correct.',
    steps: [
      step('postgres-down', 'Postgres is stopped by the drill', 'Stop Postgres'),
      step('outage-file', 'A CSV is accepted while Postgres is down', 'Drop demo_good_db_failure_7f3a91c2.csv'),
      step('pending', 'log_experiment stays pending and tries again'),
    ],
  },
  {
    number: 6,
    title: 'A look at the code',
    about: 'The pipeline is an ordinary function that waits for its steps.',
    steps: [
      step('workflows/mlopsWorkflow.ts', 'The workflow was opened: the steps in their order', 'Open it', {
        code: 'workflows/mlopsWorkflow.ts',
      }),
    ],
  },
]

/** A demonstration that plays, for the simulated host: what is pressed is seen, and what follows up to the next press. */
export function createSimulatedGuide(clock: () => number, tell: (state: GuideState) => void): Pick<Handlers, GuideCalls> {
  const nothing = { begunAt: null, playing: null, toPutBack: [], unavailable: null }
  let state: GuideState = { ...nothing, phases: phases(), revision: 1 }
  const iso = () => new Date(clock()).toISOString()
  const set = (change: Partial<GuideState>) => {
    state = { ...state, ...change, revision: state.revision + 1 }
    tell(state)
    return state
  }
  /** From the first step that is not seen, as far as nobody has to act. */
  const goOn = (phase: GuidePhase): GuidePhase => {
    const at = phase.steps.findIndex((one) => one.state !== 'seen' && one.does !== null)
    const upTo = at === -1 ? phase.steps.length : at
    const steps = phase.steps.map((one, index): GuideStep => {
      if (index < upTo && one.state !== 'seen')
        return { ...one, state: 'seen', detail: 'embedded 7233', seenAt: iso(), seconds: 1.2 }
      return index === upTo ? { ...one, state: 'ready' } : one
    })
    return { ...phase, steps }
  }
  const begin = () => (state.begunAt === null ? set({ begunAt: iso(), phases: state.phases.map(goOn) }) : state)
  return {
    'guide.get': () => state,
    'guide.begin': begin,
    'guide.act': ({ phase: number, step: id }) => {
      begin()
      if (!state.phases.some((phase) => phase.number === number)) throw notFound('The demonstration has no such step.')
      const acted = state.phases.map((phase) =>
        phase.number === number
          ? goOn({
              ...phase,
              steps: phase.steps.map((one) =>
                one.id === id ? { ...one, state: 'seen' as const, detail: 'by ada', seenAt: iso(), seconds: 0.4 } : one,
              ),
            })
          : phase,
      )
      return set({ phases: acted, toPutBack: ['switch the drill postgres-down off'] })
    },
    'guide.play': ({ phase }) => {
      begin()
      return set({ playing: phase })
    },
    'guide.stop': () => set({ playing: null }),
    'guide.again': ({ phase: number }) =>
      set({
        phases: state.phases.map((phase) =>
          phase.number === number ? goOn(phases().find((one) => one.number === number) ?? phase) : phase,
        ),
      }),
    'guide.end': () => {
      set({ ...nothing, phases: phases() })
      return { putBack: ['the drill postgres-down is off'] }
    },
    'guide.code': ({ file }) => ({
      text: `/** ${file} */\nexport async function mlopsWorkflow() {\n  return 'as simulated'\n}\n`,
    }),
  }
}

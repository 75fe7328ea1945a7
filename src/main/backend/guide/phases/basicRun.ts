import { metricsInWords } from '../../../../contract/training.ts'
import { instead, NotSeen, type Phase, type Step, seen, soon } from '../look.ts'
import { inStage, loggedOnce, type Place, servedBy, stepCompleted } from '../place.ts'

/** Phase 2: one good file, from the inbox to the approval gate. */
export function basicRun(place: Place): Phase {
  const good = place.subject('good')
  const completed = (id: 'preprocess_data' | 'log_experiment' | 'deploy_dev', words: string): Step => ({
    id,
    words,
    within: place.trainingSeconds,
    subject: good,
    look: () => stepCompleted(good, id),
  })
  return {
    number: 2,
    title: 'A run',
    about:
      'A CSV becomes a run. Each step is an activity that Temporal has done by a worker; what it gave is kept in the history.',
    files: ['good'],
    steps: [
      {
        id: 'file',
        words: 'A good CSV is accepted',
        does: { words: `Drop ${good.fileName}`, act: good.submit },
        within: soon,
        subject: good,
        look: good.look,
      },
      completed('preprocess_data', 'Temporal completed preprocess_data'),
      {
        id: 'train_model',
        words: 'Temporal completed train_model, with the metrics of a model',
        within: place.trainingSeconds,
        subject: good,
        look: async () => {
          const sight = await stepCompleted(good, 'train_model')
          const { metrics } = await good.detail()
          if ('instead' in sight) return sight
          return metrics === null ? instead('there are no metrics') : seen(`${sight.seen}, ${metricsInWords(metrics)}`)
        },
      },
      completed('log_experiment', 'Temporal completed log_experiment'),
      {
        id: 'assess_model_quality',
        words: 'Temporal completed assess_model_quality, and every check of the gate passed',
        within: place.trainingSeconds,
        subject: good,
        look: async () => {
          const sight = await stepCompleted(good, 'assess_model_quality')
          const { gateChecks } = await good.detail()
          if ('instead' in sight) return sight
          const failed = gateChecks.find((check) => !check.passed)
          if (failed) throw new NotSeen(failed.reason)
          return gateChecks.length === 0 ? instead('no check is known yet') : seen(`${gateChecks.length} checks`)
        },
      },
      completed('deploy_dev', 'Temporal completed deploy_to_environment for dev'),
      {
        id: 'postgres',
        words: 'Postgres holds its experiment, once',
        within: soon,
        subject: good,
        look: () => loggedOnce(place, good),
      },
      {
        id: 'dev',
        words: 'The dev environment serves its model',
        within: soon,
        subject: good,
        look: () => servedBy(good, 'dev'),
      },
      {
        id: 'waits',
        words: 'The run waits for a human',
        within: soon,
        subject: good,
        // Somebody may have decided by the time that this is looked at.
        look: async () => {
          const run = await good.detail()
          if (run.decision) return seen(`${run.decision.decision} by ${run.decision.operator ?? 'an unnamed client'}`)
          const sight = await inStage(good, 'AwaitingApproval')
          return 'seen' in sight && run.approvalDeadline ? seen(`until ${run.approvalDeadline}`) : sight
        },
      },
    ],
  }
}

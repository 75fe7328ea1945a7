import type { CodeFile } from '../../../../contract/guide.ts'
import { instead, type Phase, type Step, seen, soon } from '../look.ts'
import type { Place } from '../place.ts'

/** Phase 6: the code that all of this was, and the proof that it is this code. */
export function code(place: Place): Phase {
  const good = place.subject('good')
  const open = (file: CodeFile, words: string): Step => ({
    id: file,
    words,
    code: file,
    does: {
      words: 'Open it',
      act: async () => {
        await place.openCode(file)
      },
    },
    within: soon,
    look: async () => (place.wasOpened(file) ? seen(`src/temporal/${file}`) : instead('it has not been opened yet')),
  })
  return {
    number: 6,
    title: 'A look at the code',
    about:
      'The pipeline is an ordinary function that waits for its steps. Temporal replays it over its history after every loss, which is why it must decide the same way each time.',
    files: [],
    steps: [
      open('workflows/mlopsWorkflow.ts', 'The workflow was opened: the steps in their order'),
      open('workflows/approval.ts', 'The approval gate was opened: an Update that is checked before it counts'),
      open('activities/logExperiment.ts', 'A step was opened: it may be tried again, and writes once'),
      {
        id: 'replays',
        words: "The good run's history replays through this code without a difference",
        does: {
          words: 'Replay it',
          act: async () => {
            const { workflowId } = await good.detail()
            const { events } = await place.replay(workflowId)
            place.record.replayed = { workflowId, events }
            place.keep()
          },
        },
        within: soon,
        subject: good,
        look: async () => {
          const { replayed } = place.record
          return replayed === null
            ? instead('it has not been replayed yet')
            : seen(`${replayed.events} events of ${replayed.workflowId}`)
        },
      },
    ],
  }
}

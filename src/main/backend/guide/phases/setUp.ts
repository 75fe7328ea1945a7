import { instead, type Phase, seen, soon } from '../look.ts'
import type { Place } from '../place.ts'

const parts = [
  ['temporal', 'Temporal is up'],
  ['postgres', 'Postgres is up'],
  ['worker', 'The worker runs'],
  ['inbox', 'The inbox is watched'],
  ['dev', 'The dev environment answers'],
  ['prod', 'The production environment answers'],
  ['secrets', 'Secrets can be kept'],
] as const

/** Phase 1: every part of the house is there. */
export function setUp({ host }: Place): Phase {
  return {
    number: 1,
    title: 'Set-up and architecture',
    about:
      'A pipeline has many parts that fail, one by one and together. Temporal keeps what each run has done; everything else may go away and come back.',
    files: [],
    steps: [
      ...parts.map(([name, words]) => ({
        id: name,
        words,
        within: soon,
        look: async () => {
          const part = (await host.call('stack.health', {}))[name]
          return part.state === 'up'
            ? seen(name === 'worker' ? `${part.summary} steps under way` : (part.address ?? part.summary))
            : instead(`${part.state}. ${part.detail} ${part.remedy}`)
        },
      })),
      {
        id: 'quiet',
        words: 'No drill is on that would disturb what follows',
        within: 0,
        look: async () => {
          const { drills, failureFile } = await host.call('drills.list', {})
          const on = drills.filter((drill) => drill.on !== null).map((drill) => drill.name)
          if (on.length > 0) return instead(`${on.join(', ')} is on; switch it off under Drills`)
          if (failureFile.state === 'on') return instead(`${failureFile.path} makes ${failureFile.activity} fail; remove it`)
          return seen()
        },
      },
    ],
  }
}

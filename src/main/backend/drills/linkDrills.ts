/** Drills that make the network between this host and its servers fail, the worst first. */
import type { DrillName } from '../../../contract/drills.ts'
import type { StackServer } from '../stack/createStack.ts'
import type { LinkCondition } from '../stack/tcpProxy.ts'
import { definitionOf } from './registry.ts'

interface LinkDrill {
  name: DrillName
  title: string
  server: StackServer
  /** @param seconds latency that was asked for; null for a drill that takes none */
  condition(seconds: number | null): LinkCondition
}

/** A poor mobile link; a message of Temporal's is a few kB. */
const slowBytesPerSecond = 64 * 1024

export const serverWords: Record<StackServer, string> = { postgres: 'Postgres', temporal: 'Temporal' }

export const linkDrills: readonly LinkDrill[] = (['postgres', 'temporal'] as const).flatMap((server) => {
  const drill = (name: DrillName, condition: LinkDrill['condition']) => ({
    name,
    title: definitionOf(name).title,
    server,
    condition,
  })
  return [
    drill(`${server}-cut`, () => ({ kind: 'cut' })),
    drill(`${server}-silent`, () => ({ kind: 'silent' })),
    drill(`${server}-slow`, (seconds) => ({ kind: 'slow', seconds: seconds ?? 0, bytesPerSecond: slowBytesPerSecond })),
  ]
})

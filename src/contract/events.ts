/** Everything that the host tells its shells without being asked: name -> payload. */
import { z } from 'zod'
import { backupState } from './backup.ts'
import { drillsState } from './drills.ts'
import { guideState } from './guide.ts'
import { keysState } from './keys.ts'
import { metricsState } from './metrics.ts'
import { intakeEntry, progress, runSummary, settings, stackHealth, stepName } from './model.ts'
import { environment } from './models.ts'
import { notice } from './notices.ts'
import { profilesState } from './profiles.ts'
import { viewsState } from './runViews.ts'
import { workerProcess } from './workers.ts'

export const events = {
  /** Runs that are new or changed; batched. A detail view of one of them asks again for its detail. */
  'runs.changed': z.object({ runs: z.array(runSummary) }),
  'run.progress': z.object({ workflowId: z.string(), step: stepName, attempt: z.number().int(), progress }),
  /** Models that are new, or of which the registry now says something else; whoever shows one asks again. Batched. */
  'models.changed': z.object({ modelIds: z.array(z.string()) }),
  /** Environments that serve something else, or are about to; whoever shows them asks again. */
  'deployments.changed': z.object({ environments: z.array(environment) }),
  'intake.changed': z.object({ entries: z.array(intakeEntry) }),
  'stack.changed': z.object({ health: stackHealth }),
  'settings.changed': z.object({ settings }),
  /** Another profile was chosen for the next start. */
  'profiles.changed': z.object({ state: profilesState }),
  'views.changed': z.object({ state: viewsState }),
  'metrics.changed': z.object({ state: metricsState }),
  /** The host's worker process, as it is now; whoever shows workers asks again. */
  'workers.changed': z.object({ process: workerProcess.nullable() }),
  'drills.changed': z.object({ state: drillsState }),
  'guide.changed': z.object({ state: guideState }),
  'keys.changed': z.object({ state: keysState }),
  /** Told a few times per second while a backup is made, and when it has ended. */
  'backup.changed': z.object({ state: backupState }),
  /** What an operator did, or what was refused: whoever shows the record asks again. */
  'audit.changed': z.object({ id: z.number().int() }),
  notice,
} as const

export type Events = typeof events
export type EventName = keyof Events
export type EventPayload<N extends EventName> = z.output<Events[N]>
/** Handed to every part that has something to tell. */
export type Emit = <N extends EventName>(name: N, payload: EventPayload<N>) => void

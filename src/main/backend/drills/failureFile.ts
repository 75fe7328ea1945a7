/** `config/failure_simulation.json` of the seed: `{"simulate_failure": true, "activity": "training"}` makes that activity fail. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { FailureFile } from '../../../contract/drills.ts'
import type { StepName } from '../../../contract/model.ts'
import { gpuUnavailable } from './registry.ts'

export const failureFileName = 'failure_simulation.json'

/** The seed's names of the pipeline's activities. */
export const simulated = {
  preprocessing: { steps: ['preprocess_data'], message: 'Preprocessing temporarily unavailable' },
  training: { steps: ['train_model'], message: gpuUnavailable },
  experiment_tracking: { steps: ['log_experiment'], message: 'Experiment tracking temporarily unavailable' },
  quality_assessment: { steps: ['assess_model_quality'], message: 'Quality assessment temporarily unavailable' },
  deployment: { steps: ['deploy_dev', 'deploy_prod'], message: 'Deployment temporarily unavailable' },
} as const satisfies Record<string, { steps: readonly StepName[]; message: string }>
export type SimulatedActivity = keyof typeof simulated

const activity = z.enum(Object.keys(simulated) as [SimulatedActivity, ...SimulatedActivity[]])
const content = z.object({ simulate_failure: z.boolean(), activity, profile: z.string().optional() })

/** A sound one has some dozens of bytes; more is not read. */
const mostBytes = 16_384

export type ReadFailureFile = FailureFile & { activity: SimulatedActivity | null }

/**
 * Reads the file as it is now; never throws. What is not right asks for nothing.
 * @param production name of the profile in use where that is marked as production: the file must name it then
 */
export async function readFailureFile(folder: string, production: string | null): Promise<ReadFailureFile> {
  const path = join(folder, failureFileName)
  const malformed = (problem: string): ReadFailureFile => ({
    path,
    state: 'malformed',
    activity: null,
    problem: `${path} ${problem}. It is not obeyed: correct it or remove it.`,
  })
  let text: string
  try {
    const file = await open(path)
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(mostBytes + 1), 0, mostBytes + 1, 0)
      if (bytesRead > mostBytes) return malformed(`is longer than ${mostBytes} bytes`)
      // PowerShell's Out-File writes a byte order mark, which JSON does not allow.
      text = buffer
        .subarray(0, bytesRead)
        .toString('utf8')
        .replace(/^\uFEFF/, '')
    } finally {
      await file.close()
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { path, state: 'absent', activity: null, problem: null }
    return malformed(`cannot be read (${code})`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return malformed('is not JSON')
  }
  const read = content.safeParse(value)
  if (!read.success) {
    const [issue] = read.error.issues
    const where = issue?.path.join('.') ?? ''
    if (where === 'activity') return malformed(`names no activity; there are ${Object.keys(simulated).join(', ')}`)
    return malformed(where === '' ? 'holds no JSON object' : `must say "${where}": true or false`)
  }
  if (production !== null && read.data.simulate_failure && read.data.profile !== production)
    return malformed(`does not name the profile, and that is marked as production: add "profile": "${production}"`)
  return { path, state: read.data.simulate_failure ? 'on' : 'off', activity: read.data.activity, problem: null }
}

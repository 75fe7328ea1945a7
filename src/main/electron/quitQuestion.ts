import { calls } from '../../contract/calls.ts'
import type { Stage } from '../../contract/model.ts'
import type { EnvelopeSource } from './source.ts'

/** Stages in which a worker of ours has something in its hands. */
const inStep: Stage[] = ['Preprocessing', 'Training', 'LoggingExperiment', 'AssessingQuality', 'DeployingDev', 'DeployingProd']

/** A backend that is slower than this is not asked again before the end, in milliseconds. */
const patienceMs = 2_000

/** How many runs are in a step; 0 when that cannot be had. */
export async function runsInStep(source: Pick<EnvelopeSource, 'send'>): Promise<number> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), patienceMs)
  })
  const reply = await Promise.race([source.send({ id: 0, call: 'runs.list', input: { stages: inStep, limit: 1 } }), tooLate])
  clearTimeout(timer)
  return reply?.ok ? calls['runs.list'].output.parse(reply.output).total : 0
}

export const quitButtons = ['Quit', 'Keep running'] as const

/** What the message box says before work in flight is put down. */
export const quitQuestion = (count: number): { message: string; detail: string } =>
  count === 1
    ? { message: '1 run is in a step.', detail: 'It is given back to Temporal and goes on at the next start.' }
    : { message: `${count} runs are in a step.`, detail: 'They are given back to Temporal and go on at the next start.' }

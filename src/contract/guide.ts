/** The guided demonstration: what its panel shows and what `gatehouse demo` reports. */
import { z } from 'zod'
import { timestamp } from './model.ts'

/** Files of the pipeline's own code that the demonstration opens, below `src/temporal`. */
export const codeFiles = ['workflows/mlopsWorkflow.ts', 'workflows/approval.ts', 'activities/logExperiment.ts'] as const
export const codeFile = z.enum(codeFiles)
export type CodeFile = z.infer<typeof codeFile>

/**
 * `ahead`: something before it has not been seen yet. `ready`: somebody has to act, here by "Do it" or wherever it is done.
 * `missing`: it can no longer be seen, or was not within its time.
 */
export const guideStepState = z.enum(['ahead', 'ready', 'doing', 'watching', 'seen', 'missing'])
export type GuideStepState = z.infer<typeof guideStepState>

export const guideStep = z.object({
  id: z.string(),
  /** What is to be seen, as a sentence without its full stop. */
  words: z.string(),
  /** What "Do it" does, in a few words; null for what happens by itself. */
  does: z.string().nullable(),
  state: guideStepState,
  /** What was seen, or what is there instead; null while nothing was looked at. */
  detail: z.string().nullable(),
  seenAt: timestamp.nullable(),
  /** From the moment it was looked for to the moment it was seen or given up. */
  seconds: z.number().nullable(),
  /** The run that it is about; null before there is one, and where it is about none. */
  workflowId: z.string().nullable(),
  /** The code that it is about; whoever shows the step opens it there. */
  code: codeFile.nullable(),
})
export type GuideStep = z.infer<typeof guideStep>

export const guidePhase = z.object({
  number: z.number().int(),
  title: z.string(),
  /** What it shows, and why that matters. */
  about: z.string(),
  steps: z.array(guideStep),
})
export type GuidePhase = z.infer<typeof guidePhase>

export const guideState = z.object({
  /** null while no demonstration is under way: the phases then say what there is to be seen. */
  begunAt: timestamp.nullable(),
  /** The phase that goes on by itself, each "Do it" done by the host. */
  playing: z.union([z.literal('all'), z.number().int()]).nullable(),
  phases: z.array(guidePhase),
  /** What "Clean up" would put back, in words. */
  toPutBack: z.array(z.string()),
  /** Why no demonstration can begin here; null when one can. */
  unavailable: z.string().nullable(),
  /** Rises with every change, so that an older answer never overwrites a newer one. */
  revision: z.number().int(),
})
export type GuideState = z.infer<typeof guideState>

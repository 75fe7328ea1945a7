import type { CodeFile } from '../../../contract/guide.ts'
import type { RunDetail } from '../../../contract/model.ts'
import type { Connection } from '../../../contract/wire.ts'
import type { SubjectName } from './guideFile.ts'

/** What is looked for can no longer come; the message says what was seen instead. */
export class NotSeen extends Error {}

/** The thing that was looked for, in words of what was seen (or ''), or a sentence on what is there instead so far. */
export type Sight = { seen: string } | { instead: string }

export const seen = (detail = ''): Sight => ({ seen: detail })
export const instead = (sentence: string): Sight => ({ instead: sentence })

/** The host's own calls, checked and put on record like those of a window. */
export type Host = Pick<Connection, 'call'>

/** One thing to be seen in Temporal, in Postgres, at an endpoint or at the host. */
export interface Step {
  /** Unique in its phase, and the same in every version that keeps its meaning. */
  id: string
  /** As a sentence without its full stop. */
  words: string
  /** What brings it about, where somebody has to. */
  does?: { words: string; act(): Promise<void> }
  /** How long it may take once it was brought about, in seconds. */
  within: number
  /** @throws NotSeen when it cannot come any more */
  look(): Promise<Sight>
  /** The run that it is about. */
  subject?: Pick<Subject, 'workflowId'>
  /** The code that "Do it" opens. */
  code?: CodeFile
}

export interface Phase {
  number: number
  title: string
  about: string
  /** The files that it hands in. */
  files: readonly SubjectName[]
  steps: Step[]
}

/** A file of the demonstration and the run that it becomes, whoever drops it. */
export interface Subject {
  fileName: string
  /** null before there is such a run. */
  workflowId(): string | null
  /** @throws NotSeen before there is such a run */
  detail(): Promise<RunDetail>
  /** Hands the generated file in. */
  submit(): Promise<void>
  /** Whether the file has become a run; one that the operator dropped and whose name fits counts too. */
  look(): Promise<Sight>
}

/** For what takes no time of its own, on a machine that is busy with other things. */
export const soon = 60

import type { Progress, Step } from '../../../contract/model.ts'
import { remainingWords } from '../../../contract/sentence.ts'
import { useIn } from '../../app/console.ts'

/** How a step that runs is getting on: what was pushed, unless the run's detail knows something newer. */
export function useProgress(step: Step | undefined): Progress | null {
  const told = useIn('run', (s) => (step ? s.progress[step.step] : undefined))
  if (step?.state !== 'running') return null
  // What an earlier attempt told is over with it. By time: Temporal counts anew in a run that was sent back.
  const since = step.attempts.at(-1)?.startedAt
  const current = told && (since === undefined || told.progress.at >= since) ? told.progress : null
  return current && (!step.progress || current.at >= step.progress.at) ? current : step.progress
}

/** `42 % · round 63 of 150 · about 12 s left` */
export function progressWords({ fraction, message, secondsLeft }: Progress): string {
  const left =
    typeof secondsLeft === 'number' && Number.isFinite(secondsLeft) ? `about ${remainingWords(secondsLeft * 1000)} left` : ''
  return [`${Math.round(Math.min(1, Math.max(0, fraction)) * 100)} %`, message, left].filter(Boolean).join(' · ')
}

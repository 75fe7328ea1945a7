import {
  AlarmClockOff,
  CircleCheck,
  CircleDashed,
  CircleMinus,
  CirclePause,
  CircleSlash,
  CircleX,
  HardDrive,
  RotateCw,
  ShieldX,
  UserRound,
} from 'lucide-react'
import type { RunSummary, Stage } from '../../contract/model.ts'

export type Tone = 'run' | 'human' | 'good' | 'bad' | 'idle'

/** What a stage's colour says; the sign's shape says the same to whoever does not see colours. */
const stageTones: Record<Stage, Tone> = {
  Queued: 'idle',
  Preprocessing: 'run',
  Training: 'run',
  LoggingExperiment: 'run',
  AssessingQuality: 'run',
  DeployingDev: 'run',
  AwaitingApproval: 'human',
  DeployingProd: 'run',
  Completed: 'good',
  GateFailed: 'bad',
  Rejected: 'idle',
  TimedOut: 'idle',
  Failed: 'bad',
  Cancelled: 'idle',
}

type Signed = Pick<RunSummary, 'stage' | 'retryAt' | 'paused' | 'waitsForRoom' | 'decisionPending'>

/** What a run's colour says: that of its stage, for as long as nothing keeps it from going on. */
export const toneOf = ({ stage, retryAt, paused, waitsForRoom }: Omit<Signed, 'decisionPending'>): Tone =>
  retryAt ? 'bad' : paused || waitsForRoom ? 'human' : stageTones[stage]

/** How far along the pipeline a working stage is, of eight parts. */
const partOf: Partial<Record<Stage, number>> = {
  Preprocessing: 1,
  Training: 2,
  LoggingExperiment: 4,
  AssessingQuality: 5,
  DeployingDev: 6,
  DeployingProd: 7,
}

/** A ring with a slice: the share of the pipeline that lies behind. */
function Slice({ part }: { part: number }) {
  const r = 3.5
  const round = 2 * Math.PI * r
  return (
    <svg width={16} height={16} viewBox="0 0 16 16" aria-hidden>
      <circle cx={8} cy={8} r={6.25} fill="none" stroke="currentColor" strokeWidth={1.5} />
      <circle
        cx={8}
        cy={8}
        r={r / 2}
        fill="none"
        stroke="currentColor"
        strokeWidth={r}
        strokeDasharray={`${(round / 2) * (part / 8)} ${round}`}
        transform="rotate(-90 8 8)"
      />
    </svg>
  )
}

function Person() {
  return (
    <svg width={16} height={16} viewBox="0 0 16 16" aria-hidden>
      <circle cx={8} cy={8} r={7.25} fill="var(--human-fill)" />
      <circle cx={8} cy={6} r={2.1} fill="#fff" />
      <path d="M4 12.2a4.1 4.1 0 0 1 8 0" fill="#fff" />
    </svg>
  )
}

/** The sign of a run's state: each kind of state has its own shape. */
export function StageSign({ run }: { run: Signed }) {
  return <span className={`stage-sign tone-${toneOf(run)}`}>{signOf(run)}</span>
}

function signOf({ stage, retryAt, paused, waitsForRoom, decisionPending }: Signed) {
  if (paused) return <CirclePause size={16} aria-hidden />
  if (retryAt) return <RotateCw size={15} aria-hidden />
  if (waitsForRoom) return <HardDrive size={15} aria-hidden />
  switch (stage) {
    case 'Queued':
      return <CircleDashed size={16} aria-hidden />
    case 'AwaitingApproval':
      return decisionPending ? <UserRound size={16} aria-hidden /> : <Person />
    case 'Completed':
      return <CircleCheck size={16} aria-hidden />
    case 'GateFailed':
      return <ShieldX size={16} aria-hidden />
    case 'Rejected':
      return <CircleSlash size={16} aria-hidden />
    case 'TimedOut':
      return <AlarmClockOff size={16} aria-hidden />
    case 'Failed':
      return <CircleX size={16} aria-hidden />
    case 'Cancelled':
      return <CircleMinus size={16} aria-hidden />
    default:
      return <Slice part={partOf[stage] ?? 0} />
  }
}

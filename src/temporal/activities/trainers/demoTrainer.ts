import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DatasetRef, PreprocessResult, ProprietaryConfig } from '../../types.ts'
import { BadTrainerConfiguration } from './trainer.ts'

export interface DemoTrainRequest {
  modelId: string
  prepared: PreprocessResult
  signal: AbortSignal
  /** `fraction` is 0 to 1. Called about every second. */
  onProgress(fraction: number, message: string): void
}

export interface DemoTrained {
  metrics: DemoMetrics
  /** The model's file. The same request gives the same bytes, so that a retry stores nothing twice. */
  artifact: Uint8Array
  proprietaryConfig: ProprietaryConfig
}

/** It looks at no row: it needs no table, and gives its metrics itself. */
export interface DemoTrainer {
  readonly name: string
  /** @throws the signal's reason (or an AbortError) within a second of an abort. */
  train(request: DemoTrainRequest): Promise<DemoTrained>
}

/** The demonstration's block of sensitive values, from the seed's guide (phase 5). */
const proprietaryConfig: ProprietaryConfig = {
  secret_learning_rate_multiplier: 1.337,
  custom_regularization_alpha: 0.00042,
  advanced_dropout_schedule: 'exponential_secret',
  internal_model_architecture: 'CompanyXL_v2.1',
}

type Range = readonly [least: number, most: number]
/** The figures that the demonstration has always had. */
export type DemoMetrics = Record<'accuracy' | 'mae' | 'r2', number>
type Outcome = Record<keyof DemoMetrics, Range>

/** What a file name leads to, most telling first: "bad" wins over "good". The gate stands at 0.80, 2.5 and 0.70. */
const outcomes: readonly [namePart: string, outcome: Outcome][] = [
  ['bad', { accuracy: [0.6, 0.74], mae: [2.8, 3.6], r2: [0.4, 0.6] }],
  ['good', { accuracy: [0.9, 0.95], mae: [1.2, 1.6], r2: [0.82, 0.9] }],
  // Passes the gate; production is asked for above 0.85 only.
  ['borderline', { accuracy: [0.81, 0.84], mae: [2.0, 2.4], r2: [0.71, 0.75] }],
]
/** Between good and bad, and still good enough to ask for production. */
const anyOther: Outcome = { accuracy: [0.855, 0.885], mae: [1.7, 2.2], r2: [0.72, 0.8] }

const reportEveryMs = 1000

/** What a demo model's file says of itself; whoever serves it knows by this that there is nothing in it to ask. */
export const demoModelFormat = 'gatehouse-demo-model/1'

/**
 * The demo trainer: takes a while and decides the metrics by the file's name, the same for the same file every time.
 * @throws BadTrainerConfiguration when the duration is not a range of seconds.
 */
export function createDemoTrainer(
  config: { minSeconds: number; maxSeconds: number },
  random: () => number = Math.random,
): DemoTrainer {
  const { minSeconds, maxSeconds } = config
  if (!(Number.isFinite(minSeconds) && Number.isFinite(maxSeconds) && minSeconds >= 0 && minSeconds <= maxSeconds)) {
    throw new BadTrainerConfiguration(
      `The demo trainer cannot train for between ${minSeconds} and ${maxSeconds} seconds. Give two numbers of seconds, the shorter one first.`,
    )
  }
  return {
    name: 'demo',
    async train({ modelId, prepared, signal, onProgress }) {
      const seconds = minSeconds + random() * (maxSeconds - minSeconds)
      await takeTime(seconds * 1000, signal, onProgress)
      const metrics = demoMetrics(prepared.dataset)
      const artifact = {
        format: demoModelFormat,
        model_id: modelId,
        dataset_sha256: prepared.dataset.sha256,
        target: prepared.target,
        metrics,
      }
      return { metrics, artifact: new TextEncoder().encode(`${JSON.stringify(artifact, null, 2)}\n`), proprietaryConfig }
    },
  }
}

async function takeTime(totalMs: number, signal: AbortSignal, onProgress: (fraction: number, message: string) => void) {
  const begun = performance.now()
  for (;;) {
    signal.throwIfAborted()
    const elapsed = performance.now() - begun
    onProgress(
      totalMs === 0 ? 1 : Math.min(1, elapsed / totalMs),
      `Trained ${inSeconds(elapsed)} of about ${inSeconds(totalMs)} s`,
    )
    if (elapsed >= totalMs) return
    await sleep(Math.min(reportEveryMs, totalMs - elapsed), undefined, { signal })
  }
}

const inSeconds = (ms: number) => Math.round(ms / 1000)

/** Metrics by file name, drawn from the hash of name and content: no two files alike, the same file always. */
export function demoMetrics({ file_name, sha256 }: Pick<DatasetRef, 'file_name' | 'sha256'>): DemoMetrics {
  const name = file_name.toLowerCase()
  const outcome = outcomes.find(([part]) => name.includes(part))?.[1] ?? anyOther
  const digest = createHash('sha256').update(`${file_name}\n${sha256}`).digest()
  const draw = ([least, most]: Range, at: number) => {
    const share = digest.readUInt32BE(at * 4) / 2 ** 32
    return Math.round((least + share * (most - least)) * 10_000) / 10_000
  }
  return { accuracy: draw(outcome.accuracy, 0), mae: draw(outcome.mae, 1), r2: draw(outcome.r2, 2) }
}

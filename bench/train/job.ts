import type { BoostingSettings } from '../../src/contract/boosting.ts'

export interface TrainJob {
  settings: BoostingSettings
  threads: number
  tables: {
    /** For us: a table file. */
    path: string
    /** For the peer: features row by row, then the label, then the part, each as 32-bit floats. */
    raw: string
    rows: number
    features: number
    /** Also measure the fit by itself, in this thread, without starting threads and without files. */
    fitAlone: boolean
  }[]
}

export interface OursAnswer {
  trainings: { fitSeconds: number | null; wholeSeconds: number; rounds: number; predictions: number[] }[]
  maxRssBytes: number
}

export interface PeerAnswer {
  trainings: { seconds: number; rounds: number; predictions: number[] }[]
  maxRssBytes: number
  version: string
}

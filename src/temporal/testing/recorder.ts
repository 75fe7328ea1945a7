import type { RunObserver } from '../observer.ts'

type Told = { [K in keyof RunObserver]: { kind: K; event: Parameters<RunObserver[K]>[0] } }[keyof RunObserver]

export interface Recorder {
  observer: RunObserver
  told: Told[]
  /** Resolves with the first event, past or to come, that fits. */
  until(fits: (told: Told) => boolean): Promise<Told>
}

/** An observer that keeps all it is told, and lets a test wait for an event instead of sleeping. */
export function createRecorder(): Recorder {
  const told: Told[] = []
  const waiting = new Set<(told: Told) => void>()
  const hear =
    <K extends keyof RunObserver>(kind: K) =>
    (event: Parameters<RunObserver[K]>[0]) => {
      const entry = { kind, event } as Told
      told.push(entry)
      for (const tell of waiting) tell(entry)
    }
  return {
    told,
    observer: {
      stageChanged: hear('stageChanged'),
      attemptStarted: hear('attemptStarted'),
      attemptEnded: hear('attemptEnded'),
      progress: hear('progress'),
    },
    until(fits) {
      const past = told.find(fits)
      if (past) return Promise.resolve(past)
      return new Promise((resolve) => {
        const tell = (entry: Told) => {
          if (!fits(entry)) return
          waiting.delete(tell)
          resolve(entry)
        }
        waiting.add(tell)
      })
    },
  }
}

import type { WorkerProcessControl } from '../workerProcess/createWorkerProcess.ts'

/** The worker process that a drill brings along, as the drills use it. */
export interface DrillWorker {
  /** Has it started, where none runs. */
  begin(by: string): void
  /** The drill hit an attempt of this run. */
  hit(workflowId: string): void
  /** The drill is off. */
  end(): void
  /** Ends the process once its time has come. */
  look(): void
}

const title = 'the drill "Worker crash"'

interface Options {
  process: Pick<WorkerProcessControl, 'state' | 'start' | 'stop'>
  /** The run has ended, or waits for a person: no step of it is to be made now. */
  isThrough(workflowId: string): boolean
}

/**
 * A worker process for as long as a drill is on, and until the runs that it hit are through: the process that comes back is
 * to be seen taking up the step that it was killed in. What somebody else asked for stays as it is.
 */
export function createDrillWorker({ process, isThrough }: Options): DrillWorker {
  const hits = new Set<string>()
  let isEnding = false

  function look(): void {
    if (!isEnding || ![...hits].every(isThrough)) return
    isEnding = false
    hits.clear()
    if (process.state()?.forDrill) void process.stop({ by: title, reason: 'it has ended, and the runs that it hit are through.' })
  }
  return {
    begin(by) {
      isEnding = false
      void process.start({ by, reason: `for ${title}`, forDrill: true })
    },
    hit: (workflowId) => void hits.add(workflowId),
    end() {
      isEnding = true
      look()
    },
    look,
  }
}

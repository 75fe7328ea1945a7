/**
 * Threads that work on one training together. The lead names a phase and all take its items from a common counter, so that
 * a thread that the machine keeps waiting holds nobody up for longer than one item.
 */
import type { MessagePort } from 'node:worker_threads'
import { type Binned, binFeature } from '../../../training/boosting/binning.ts'
import { type Crew, type Phase, phases, workAlone } from '../../../training/boosting/crew.ts'
import type { Workspace } from '../../../training/boosting/workspace.ts'
import type { TrainingTable } from '../../../training/table.ts'

/** Places in the control array. */
const at = { ticket: 0, phase: 1, items: 2, next: 3, done: 4, joined: 5, length: 6 } as const
/** Instead of a phase: there will be no more. */
const over = -1
const phaseNames = Object.keys(phases) as Phase[]
/** Row visits; below, waking the others takes longer than the work. */
const worthSharing = 50_000
/** The others are most often done in a moment; sleeping and being woken takes longer than that. */
const spins = 2_000

type Job = { kind: 'bin'; binned: Binned; features: Float32Array[] } | { kind: 'grow'; workspace: Workspace }
export type HelpWanted = Job & { control: Int32Array }

/**
 * The ticket of a phase: its number, and how many helpers take part; in one number, so that a helper that comes late never
 * takes one phase's ticket for another's.
 */
const ticketOf = (number: number, members: number) => (number << 8) | members

/** @param helpers ports to threads that call `helpOut` with what comes; they may still be starting */
export function createThreadCrew(helpers: readonly MessagePort[]): Crew {
  const alone = workAlone()
  let stage: { control: Int32Array; number: number } | null = null

  function open(job: Job): void {
    close()
    const control = new Int32Array(new SharedArrayBuffer(at.length * 4))
    stage = { control, number: 0 }
    for (const helper of helpers) helper.postMessage({ ...job, control } satisfies HelpWanted)
  }

  function close(): void {
    if (stage !== null) announce(stage, over, 0, 0)
    stage = null
  }

  function share(phase: number, items: number, work: (item: number) => void): boolean {
    const members = stage === null ? 0 : Atomics.load(stage.control, at.joined)
    if (stage === null || members === 0) return false
    const { control } = stage
    announce(stage, phase, items, members)
    takeItems(control, items, work)
    for (let spin = 0; spin < spins && Atomics.load(control, at.done) < members; spin++);
    for (let done = Atomics.load(control, at.done); done < members; done = Atomics.load(control, at.done)) {
      Atomics.wait(control, at.done, done)
    }
    return true
  }

  return {
    bin(binned: Binned, table: TrainingTable) {
      open({ kind: 'bin', binned, features: table.features })
      const work = (item: number) => binFeature(binned, table.features[item] as Float32Array, item)
      // One by one: helpers that are still starting then take part in what is left.
      const together = helpers.length + 1
      for (let first = 0; first < binned.features; first += together) {
        const items = Math.min(together, binned.features - first)
        if (!share(first, items, (item) => work(first + item))) for (let item = 0; item < items; item++) work(first + item)
      }
    },
    begin(workspace) {
      open({ kind: 'grow', workspace })
      alone.begin(workspace)
    },
    run(phase, items, cost) {
      const index = phaseNames.indexOf(phase)
      const worth = items > 1 && cost >= worthSharing
      if (worth && stage !== null) {
        const work = phases[phase]
        const workspace = alone.workspace()
        if (share(index, items, (item) => work(workspace, item))) return
      }
      alone.run(phase, items, cost)
    },
    end: close,
  }
}

function announce(stage: { control: Int32Array; number: number }, phase: number, items: number, members: number): void {
  const { control } = stage
  stage.number++
  Atomics.store(control, at.phase, phase)
  Atomics.store(control, at.items, items)
  Atomics.store(control, at.next, 0)
  Atomics.store(control, at.done, 0)
  Atomics.store(control, at.ticket, ticketOf(stage.number, members))
  Atomics.notify(control, at.ticket)
}

function takeItems(control: Int32Array, items: number, work: (item: number) => void): void {
  for (let item = Atomics.add(control, at.next, 1); item < items; item = Atomics.add(control, at.next, 1)) work(item)
}

/** Takes part in the lead's phases until it says that they are over. */
export function helpOut(wanted: HelpWanted): void {
  const { control } = wanted
  const me = Atomics.add(control, at.joined, 1) + 1
  let seen = 0
  for (;;) {
    const ticket = Atomics.load(control, at.ticket)
    if (Atomics.load(control, at.phase) === over) return
    if (ticket === seen) {
      Atomics.wait(control, at.ticket, ticket)
      continue
    }
    seen = ticket
    // It began before this thread was there: the lead does not wait for it.
    if (me > (ticket & 0xff)) continue
    const phase = Atomics.load(control, at.phase)
    takeItems(control, Atomics.load(control, at.items), (item) => {
      if (wanted.kind === 'bin') binFeature(wanted.binned, wanted.features[phase + item] as Float32Array, phase + item)
      else phases[phaseNames[phase] as Phase](wanted.workspace, item)
    })
    Atomics.add(control, at.done, 1)
    Atomics.notify(control, at.done)
  }
}

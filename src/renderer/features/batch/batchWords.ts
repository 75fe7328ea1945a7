/** How a batch is spoken of: what will happen before it does, and what became of it. */
import { count, plural } from '../../ui/format.ts'
import type { BatchKind } from './batchPlan.ts'
import { type Batch, tally } from './batchStore.ts'

interface Words {
  /** On a button that opens the dialog. */
  name: string
  title: (n: number) => string
  /** What will happen, before it does. */
  what: string
  go: (n: number) => string
  going: string
  /** Of those that it was done to. */
  done: string
  leave: string
  dangerous: boolean
}

export const batchWords: Record<BatchKind, Words> = {
  approve: {
    name: 'Approve',
    title: (n) => `Approve ${plural(n, 'model')} for production?`,
    what: 'Each model is deployed to production as soon as its approvals are there; production serves the one that is deployed last.',
    go: (n) => `Approve ${plural(n, 'model')}`,
    going: 'Approving',
    done: 'approved',
    leave: 'Decide later',
    dangerous: false,
  },
  reject: {
    name: 'Reject',
    title: (n) => `Reject ${plural(n, 'model')}?`,
    what: 'Each model stays in dev and its run ends. The same reason is kept with every decision.',
    go: (n) => `Reject ${plural(n, 'model')}`,
    going: 'Rejecting',
    done: 'rejected',
    leave: 'Decide later',
    dangerous: true,
  },
  retryNow: {
    name: 'Retry now',
    title: (n) => `Try the waiting step of ${plural(n, 'run')} now?`,
    what: 'The next attempt of each begins at once instead of after the rest of its wait. Temporal then counts its attempts anew; those made so far stay on record here.',
    go: (n) => `Try ${plural(n, 'run')} now`,
    going: 'Asking',
    done: 'tried again',
    leave: 'Keep waiting',
    dangerous: false,
  },
  again: {
    name: 'Run again',
    title: (n) => `Run ${plural(n, 'file')} again?`,
    what: 'A new run of each starts with the same dataset, stored when it was accepted, and with the settings of now. These runs and their record stay as they are.',
    go: (n) => `Start ${plural(n, 'new run')}`,
    going: 'Starting',
    done: 'started again',
    leave: 'Keep as it is',
    dangerous: false,
  },
  cancel: {
    name: 'Cancel',
    title: (n) => `Cancel ${plural(n, 'run')}?`,
    what: 'The step under way of each is stopped and no further step begins. What was deployed stays deployed; the datasets stay stored.',
    go: (n) => `Cancel ${plural(n, 'run')}`,
    going: 'Cancelling',
    done: 'asked to end',
    leave: 'Let them run',
    dangerous: true,
  },
  terminate: {
    name: 'Terminate',
    title: (n) => `Terminate ${plural(n, 'run')}?`,
    what: 'Temporal ends each run at once without asking it: no step is put down in order, and a deployment under way may be left half told. Meant for runs that do not react to Cancel.',
    go: (n) => `Terminate ${plural(n, 'run')}`,
    going: 'Terminating',
    done: 'terminated',
    leave: 'Let them run',
    dangerous: true,
  },
}

/** `9 approved, 2 refused, 1 failed`; while it goes on, `Approving: 12 of 40`. */
export function batchSentence(batch: Batch): string {
  const { all, answered, done, kept, refused, failed, unsent } = tally(batch)
  if (batch.phase !== 'over') {
    const ending = batch.phase === 'stopping' ? ', stopping' : ''
    return `${batchWords[batch.kind].going}: ${count(answered)} of ${count(all)}${ending}`
  }
  const parts: [number, string][] = [
    [done, batchWords[batch.kind].done],
    [kept, 'kept until Temporal is back'],
    [refused, 'refused'],
    [failed, 'without an answer'],
    [unsent, 'not sent'],
  ]
  return parts
    .filter(([n]) => n > 0)
    .map(([n, words]) => `${count(n)} ${words}`)
    .join(', ')
}

import type { Readable } from 'node:stream'
import type { CallName, Handlers } from '../../contract/calls.ts'
import type { EventName, EventPayload } from '../../contract/events.ts'
import type { IntakeEntry, SelfTestReport, StackHealth } from '../../contract/model.ts'
import type { StartHelper } from './secrets/keychain.ts'
import type { StartProcess } from './workerProcess/ownProcess.ts'

export type EventListener = <N extends EventName>(name: N, payload: EventPayload<N>) => void

/** What a shell shows: the same object in the Electron main process and behind the loopback web shell. */
export interface Backend {
  handlers: Handlers
  /** Is told of each call that was refused before a handler saw it, as its input does not fit the contract. */
  inputRefused(call: CallName, input: unknown, field: string | null): void
  /** Hears every event; gives the function that stops listening. */
  onEvent(listener: EventListener): () => void
  /** Takes a file that a browser sends: streamed into the inbox under `fileName`, answered once it has settled. */
  receiveUpload(fileName: string, body: Readable): Promise<IntakeEntry[]>
  health(): StackHealth
  /** Ends in order: intake, starter, worker (work in flight is given back to Temporal), connections, servers. */
  close(): Promise<void>
}

/** What the backend may ask of the shell that hosts it. */
export interface HostPowers {
  /** Brings the window to the front, and a run in it; the web shell answers with a fresh one-time link instead. */
  focus(request: { workflowId?: string }): { url: string | null }
  /** Begins an orderly end of the host. */
  stop(): void
  /** Ends the host as its user would and starts it anew; absent where it cannot start itself. */
  restart?: () => void
  /** Starts a process of the app's own; default: as plain Node. */
  startHelper?: StartHelper
  /** Starts one that stays, with a channel to it; default: as plain Node. */
  startProcess?: StartProcess
  selfTest(): Promise<SelfTestReport>
  /** What `gatehouse doctor` finds on this machine and of this host. */
  examine(): Promise<{ checks: readonly unknown[]; health: StackHealth | null }>
}

import { type FromWorker, type ToWorker, toWorker } from '../backend/workerProcess/messages.ts'

/** A worker process's end of the channel to the host that started it. */
export interface HostChannel {
  /** Comes back once the message has left this process. */
  send(message: FromWorker): Promise<void>
  onMessage(listener: (message: ToWorker) => void): void
  /** The host is gone. */
  onClose(listener: () => void): void
}

/** What Electron puts on `process` in a utility process; it ends that process itself when its main process is gone. */
interface ParentPort {
  on(event: 'message', listener: (event: { data: unknown }) => void): void
  postMessage(message: unknown): void
}

/** Electron does not say when a message has left. */
const leavesWithinMs = 200

/** @throws Error in a process that no host has started */
export function openHostChannel(): HostChannel {
  const { parentPort } = process as unknown as { parentPort?: ParentPort }
  if (parentPort) {
    return {
      send(message) {
        parentPort.postMessage(message)
        return new Promise((resolve) => setTimeout(resolve, leavesWithinMs))
      },
      onMessage: (listener) => parentPort.on('message', ({ data }) => listener(toWorker.parse(data))),
      onClose: (listener) => void process.once('disconnect', listener),
    }
  }
  if (!process.send) throw new Error('This is a part of Gatehouse that its host starts; "gatehouse worker" is for people.')
  return {
    send: (message) => new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve())),
    onMessage: (listener) => void process.on('message', (message) => listener(toWorker.parse(message))),
    onClose: (listener) => void process.once('disconnect', listener),
  }
}

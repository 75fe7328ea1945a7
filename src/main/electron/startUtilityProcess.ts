import { utilityProcess } from 'electron'
import type { ProcessEnd, StartProcess } from '../backend/workerProcess/ownProcess.ts'

/** A process of our own as a utility process, which the packaged app's fuses leave alone. Once the app is ready. */
export const startUtilityProcess: StartProcess = (script, { name, env }) => {
  const child = utilityProcess.fork(script, [], { env, stdio: 'pipe', serviceName: `Gatehouse ${name}` })
  let hasEnded = false
  const ended = new Promise<ProcessEnd>((resolve) =>
    child.once('exit', (code) => {
      hasEnded = true
      resolve({ code, signal: null })
    }),
  )
  return {
    pid: () => child.pid,
    send(message) {
      if (!hasEnded) child.postMessage(message)
    },
    onMessage: (listener) => void child.on('message', listener),
    onText(listener) {
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on('data', (chunk: Buffer | string) => listener(String(chunk)))
      }
    },
    ended,
    kill() {
      // Its own kill() asks nicely.
      if (hasEnded || child.pid === undefined) return void child.kill()
      try {
        process.kill(child.pid, 'SIGKILL')
      } catch {
        // It has just ended.
      }
    },
  }
}

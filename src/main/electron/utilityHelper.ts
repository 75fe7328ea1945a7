import { utilityProcess } from 'electron'
import type { StartHelper } from '../backend/secrets/keychain.ts'

/**
 * A helper as a utility process: the packaged app's fuses forbid that its binary runs as Node, and utility processes are
 * not touched by that. The request and the answer are one message each. Once the app is ready.
 */
export const startUtilityHelper: StartHelper = (script, request, env) => {
  const child = utilityProcess.fork(script, [], {
    env: env as Record<string, string>,
    stdio: 'ignore',
    serviceName: 'Gatehouse keychain',
  })
  const answer = new Promise<string>((resolve, reject) => {
    child.once('message', (message: unknown) => resolve(String(message)))
    child.once('exit', (code) => reject(new Error(`the keychain helper ended without an answer (${code})`)))
  })
  // Whoever waited too long does not wait for it any more.
  answer.catch(() => {})
  child.postMessage(request)
  return { answer, kill: () => void child.kill() }
}

import { z } from 'zod'
import { CallFailed, callError } from '../../contract/errors.ts'
import { type IntakeEntry, intakeEntry } from '../../contract/model.ts'
import { hostAway } from './wire.ts'

const answer = z.union([
  z.object({ ok: z.literal(true), output: z.object({ entries: z.array(intakeEntry) }) }),
  z.object({ ok: z.literal(false), error: callError }),
])

/**
 * Sends one file's bytes to the web shell and gives what became of it once it has settled.
 *
 * @param name the file's name, with its folders when it came out of a dropped folder (`folder/a.csv`)
 * @param onProgress bytes sent so far
 * @throws CallFailed with the host's error, or `unavailable` when the host cannot be reached
 */
export function uploadFile(file: Blob, name: string, onProgress: (sent: number) => void): Promise<IntakeEntry[]> {
  return new Promise((resolve, reject) => {
    // fetch cannot tell how much of a body was sent; XMLHttpRequest can.
    const request = new XMLHttpRequest()
    request.open('PUT', `/upload?name=${encodeURIComponent(name)}`)
    request.responseType = 'text'
    request.upload.onprogress = (event) => onProgress(event.loaded)
    request.onerror = () => reject(hostAway())
    request.onabort = () => reject(hostAway())
    request.onload = () => {
      let body: unknown
      try {
        body = JSON.parse(request.responseText)
      } catch {
        body = null
      }
      const read = answer.safeParse(body)
      if (!read.success)
        reject(
          new CallFailed({
            kind: 'internal',
            message: `The host answered ${request.status} to the upload. The file was not taken; drop it again.`,
            id: 'upload',
          }),
        )
      else if (read.data.ok) resolve(read.data.output.entries)
      else reject(new CallFailed(read.data.error))
    }
    request.send(file)
  })
}

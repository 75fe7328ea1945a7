import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { RequestProblem } from './requestProblem.ts'

/** The client hung up before its request was whole: there is nobody to answer. */
export class ClientGone extends Error {}

/**
 * A refused body is read and thrown away up to so many times the limit: a client that is still sending sees the answer
 * only when it has finished, and would see a broken connection otherwise.
 */
const patience = 4

/**
 * Reads a request's body as text.
 * @throws RequestProblem 400 for what is not UTF-8, 413 above the limit, 415 for a compressed body; ClientGone
 */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<string> {
  // Events and not `for await`: at thousands of requests a second the iterator costs as much as the prediction.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let refusal = refusalByHeaders(request, limitBytes)
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (refusal === null && size > limitBytes) refusal = tooLarge(limitBytes)
      if (refusal === null) chunks.push(chunk)
      else if (size > limitBytes * patience) reject(refusal)
    })
    request.on('end', () => {
      if (refusal !== null) return reject(refusal)
      const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
      if (!isUtf8(bytes)) return reject(new RequestProblem(400, 'The body is not UTF-8 text.'))
      resolve(bytes.toString('utf8'))
    })
    request.on('error', () => reject(new ClientGone()))
    request.on('close', () => {
      if (!request.complete) reject(new ClientGone())
    })
  })
}

function refusalByHeaders({ headers }: IncomingMessage, limitBytes: number): RequestProblem | null {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    return new RequestProblem(415, `The body is compressed (${encoding}). Send it as it is.`)
  }
  return Number(headers['content-length'] ?? 0) > limitBytes ? tooLarge(limitBytes) : null
}

const tooLarge = (limitBytes: number) =>
  new RequestProblem(
    413,
    `The body is larger than ${limitBytes / 1024 ** 2} MiB. Send the rows in several requests.`,
    { limit_bytes: limitBytes },
    { Connection: 'close' },
  )

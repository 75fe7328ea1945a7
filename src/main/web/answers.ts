import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CallError } from '../../contract/errors.ts'
import { assertNever } from '../../contract/model.ts'

export function answerJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    ...headers,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
  })
  response.end(text)
}

export function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
  response.end(`${text}\n`)
}

export const answerError = (response: ServerResponse, status: number, error: CallError, headers?: Record<string, string>) =>
  answerJson(response, status, { ok: false, error }, headers)

export function statusOf(error: CallError): number {
  switch (error.kind) {
    case 'invalid':
      return 400
    case 'refused':
      return 403
    case 'notFound':
      return 404
    case 'conflict':
      return 409
    case 'internal':
      return 500
    case 'unavailable':
      return 503
    default:
      return assertNever(error)
  }
}

/**
 * The body of a small JSON request; undefined when it is not JSON.
 * @throws RangeError when it is longer than `most` bytes.
 */
export async function readJson(request: IncomingMessage, most: number): Promise<unknown> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > most) throw new RangeError('body too long')
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}

/** After a refusal: how long the sender may take to read the answer, in milliseconds. */
const lingerMs = 2000

/** Lets the sender finish reading our answer before its connection ends; nothing of the body is kept. */
export function discard(request: IncomingMessage): void {
  if (request.complete) return
  request.resume()
  const timer = setTimeout(() => request.destroy(), lingerMs)
  timer.unref()
  request.once('close', () => clearTimeout(timer))
}

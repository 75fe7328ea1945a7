/** A CSV's bytes made ready for DuckDB: valid UTF-8 in a file, and what had to be done for it. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { createUtf8Check, describeBinary, detectBom, type Encoding } from './encoding.ts'
import { notACsv } from './problems.ts'

export interface Source {
  /** The file itself, or its copy in UTF-8 in the scratch folder. */
  path: string
  encoding: Encoding
  bom: boolean
  bytes: number
  /** Beginning of the text in UTF-8, without its byte order mark. */
  head: Buffer
  /** `head` is all of it. */
  complete: boolean
}

const chunkBytes = 1024 * 1024
/** Rows are judged by what stands in here. */
export const headBytes = 256 * 1024
/** The first rows of a table may be wider than that. */
const longestHeadBytes = 16 * 1024 * 1024
const headLines = 10

/**
 * Looks at every byte once: what the text is written in, and that it is text. UTF-16 and Windows-1252 are copied as UTF-8.
 * @param scratch path for that copy
 * @throws CsvProblem for a file that is no text; the system's error when it cannot be read; the signal's reason
 */
export async function openSource(
  path: string,
  {
    fileName,
    scratch,
    signal,
    onBytes,
  }: { fileName: string; scratch: string; signal: AbortSignal; onBytes(bytes: number): void },
): Promise<Source> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, size + 1))
    const utf8 = createUtf8Check()
    let bom: ReturnType<typeof detectBom> = null
    let valid = true
    for (let at = 0; ; ) {
      signal.throwIfAborted()
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) break
      let bytes = buffer.subarray(0, bytesRead)
      if (at === 0) {
        bom = detectBom(bytes)
        if (bom !== null && bom.encoding !== 'utf-8') break
        if (bom !== null) bytes = bytes.subarray(bom.length)
        const binary = describeBinary(bytes)
        if (binary !== null) throw notACsv(fileName, `it is ${binary}, not text`, 'Export the table as CSV (UTF-8)')
      }
      const zero = bytes.indexOf(0)
      if (zero !== -1) {
        throw notACsv(
          fileName,
          `it holds binary data (a zero byte at byte ${at + bytesRead - bytes.length + zero})`,
          'Export the table as CSV (UTF-8)',
        )
      }
      if (valid) valid = utf8.add(bytes)
      at += bytesRead
      onBytes(at)
    }
    const encoding = bom !== null && bom.encoding !== 'utf-8' ? bom.encoding : valid && utf8.end() ? 'utf-8' : 'windows-1252'
    const text = encoding === 'utf-8' ? path : scratch
    if (encoding !== 'utf-8') await copyAsUtf8(path, scratch, encoding, fileName, signal)
    return { path: text, encoding, bom: bom !== null, bytes: size, ...(await readHead(text)) }
  } finally {
    await file.close()
  }
}

async function copyAsUtf8(from: string, to: string, encoding: Encoding, fileName: string, signal: AbortSignal): Promise<void> {
  const decoder = new TextDecoder(encoding)
  const file = await open(from, 'r')
  const out = createWriteStream(to, { mode: 0o600 })
  try {
    for await (const chunk of file.createReadStream({ highWaterMark: chunkBytes, autoClose: false })) {
      signal.throwIfAborted()
      const text = decoder.decode(chunk as Buffer, { stream: true })
      if (text.includes('\0'))
        throw notACsv(fileName, 'it holds binary data (a zero character)', 'Export the table as CSV (UTF-8)')
      if (!out.write(text)) await once(out, 'drain')
    }
    out.end(decoder.decode())
    await finished(out)
  } finally {
    out.destroy()
    await file.close()
  }
}

/** Writes a copy whose lines all end in a line feed. A carriage return inside of a quoted cell goes too. */
export async function copyWithOneLineEnd(from: string, to: string, signal: AbortSignal): Promise<void> {
  const file = await open(from, 'r')
  const out = createWriteStream(to, { mode: 0o600 })
  try {
    let carried = ''
    for await (const chunk of file.createReadStream({ highWaterMark: chunkBytes, autoClose: false })) {
      signal.throwIfAborted()
      const text = carried + (chunk as Buffer).toString('latin1')
      carried = text.endsWith('\r') ? '\r' : ''
      const whole = carried === '' ? text : text.slice(0, -1)
      if (!out.write(Buffer.from(whole.replaceAll('\r\n', '\n').replaceAll('\r', '\n'), 'latin1'))) await once(out, 'drain')
    }
    out.end(carried === '' ? '' : '\n')
    await finished(out)
  } finally {
    out.destroy()
    await file.close()
  }
}

async function readHead(path: string): Promise<{ head: Buffer; complete: boolean }> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    let wanted = headBytes
    for (;;) {
      const buffer = Buffer.alloc(Math.min(size, wanted))
      let filled = 0
      while (filled < buffer.length) {
        const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      const complete = filled >= size
      if (complete || wanted >= longestHeadBytes || countLines(buffer) >= headLines) {
        const head = buffer.subarray(0, filled)
        return { head: head.subarray(detectBom(head)?.length ?? 0), complete }
      }
      wanted *= 4
    }
  } finally {
    await file.close()
  }
}

function countLines(bytes: Buffer): number {
  let lines = 0
  for (const byte of bytes) if (byte === 10 || byte === 13) lines++
  return lines
}

/** Lines (from 1) on which bytes of a file stand, for ascending offsets; a lone carriage return counts as a line end where there is no line feed. */
export async function linesAt(path: string, offsets: readonly number[], newline: 'lf' | 'cr'): Promise<number[]> {
  const code = newline === 'cr' ? 13 : 10
  const file = await open(path, 'r')
  const lines: number[] = []
  try {
    let line = 1
    let at = 0
    for await (const chunk of file.createReadStream({ highWaterMark: chunkBytes, autoClose: false })) {
      const bytes = chunk as Buffer
      let from = 0
      while (lines.length < offsets.length && (offsets[lines.length] as number) < at + bytes.length) {
        const to = (offsets[lines.length] as number) - at
        line += countByte(bytes, code, from, to)
        from = to
        lines.push(line)
      }
      if (lines.length === offsets.length) break
      line += countByte(bytes, code, from, bytes.length)
      at += bytes.length
    }
    while (lines.length < offsets.length) lines.push(line)
    return lines
  } finally {
    await file.close()
  }
}

function countByte(bytes: Buffer, code: number, from: number, to: number): number {
  let count = 0
  for (let at = bytes.indexOf(code, from); at !== -1 && at < to; at = bytes.indexOf(code, at + 1)) count++
  return count
}

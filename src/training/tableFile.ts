/**
 * A training table as one file: what the preparation hands to a trainer, in a thread or a process of its own. Columns stand
 * one after the other as the processor keeps them, so that a file is read into shared memory in one go and used as it is.
 *
 * Layout: magic (8 bytes), version and length of the header (two unsigned 32-bit numbers, little-endian like all others),
 * the header as JSON, then label, part, weight where there is one, features and slices, each from a multiple of 64 bytes,
 * and at the end the SHA-256 of everything before it.
 */
import { createHash, randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { endianness } from 'node:os'
import type { FeatureSchema } from './featureSchema.ts'
import type { SliceColumn, TrainingTable } from './table.ts'

export interface TableFile {
  table: TrainingTable
  schema: FeatureSchema
  slices: SliceColumn[]
  /** Over the whole content, in hex. */
  sha256: string
  /** What all arrays above are views of; `viewTable` gives them in another thread. */
  buffer: SharedArrayBuffer
}

/** A file that is no table, or not the one that was written. */
export class BadTableFile extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BadTableFile'
  }
}

const magic = 'GHTABLE\0'
const version = 1
const prefixBytes = 16
const hashBytes = 32
/** A cache line: columns of two threads never share one. */
const alignment = 64
/** Per read and write: large enough for any disk, below the 2 GiB that one call may take. */
const chunkBytes = 16 * 1024 ** 2

interface Header {
  rows: number
  schema: FeatureSchema
  weighted: boolean
  slices: { column: string; categories: string[] }[]
}

const aligned = (offset: number) => Math.ceil(offset / alignment) * alignment

/** Where each column begins, and where the content ends. */
function layout({ rows, schema, weighted, slices }: Header, headerBytes: number) {
  let at = prefixBytes + headerBytes
  const place = (bytesPerRow: number) => {
    const from = aligned(at)
    at = from + rows * bytesPerRow
    return from
  }
  return {
    label: place(4),
    part: place(1),
    weight: weighted ? place(4) : null,
    features: schema.featureNames.map(() => place(4)),
    slices: slices.map(() => place(4)),
    end: at,
  }
}

/**
 * Writes a table: whole or not at all (temporary file, flush, rename).
 * @throws BadTableFile when arrays, names and rows do not fit together; the system's error when it cannot be written
 */
export async function writeTableFile(
  path: string,
  { table, schema, slices }: { table: TrainingTable; schema: FeatureSchema; slices: SliceColumn[] },
): Promise<{ sha256: string; bytes: number }> {
  checkTable(table, schema, slices)
  const header: Header = {
    rows: table.rows,
    schema,
    weighted: table.weight !== undefined,
    slices: slices.map(({ column, categories }) => ({ column, categories })),
  }
  const text = Buffer.from(JSON.stringify(header))
  const prefix = Buffer.alloc(prefixBytes)
  prefix.write(magic, 'latin1')
  prefix.writeUInt32LE(version, 8)
  prefix.writeUInt32LE(text.length, 12)
  const columns = [
    table.label,
    table.part,
    ...(table.weight ? [table.weight] : []),
    ...table.features,
    ...slices.map((s) => s.index),
  ]

  const temporary = `${path}.${randomUUID()}.tmp`
  const file = await open(temporary, 'wx', 0o600)
  try {
    const hash = createHash('sha256')
    let at = 0
    const append = async (bytes: Uint8Array) => {
      for (let from = 0; from < bytes.length; from += chunkBytes) {
        const chunk = bytes.subarray(from, from + chunkBytes)
        hash.update(chunk)
        for (let written = 0; written < chunk.length; ) written += (await file.write(chunk.subarray(written))).bytesWritten
      }
      at += bytes.length
    }
    await append(Buffer.concat([prefix, text]))
    for (const column of columns) {
      await append(Buffer.alloc(aligned(at) - at))
      await append(new Uint8Array(column.buffer, column.byteOffset, column.byteLength))
    }
    const digest = hash.digest()
    await file.writeFile(digest)
    await file.sync()
    await file.close()
    await rename(temporary, path)
    return { sha256: digest.toString('hex'), bytes: at + hashBytes }
  } catch (error) {
    await file.close().catch(() => {})
    await rm(temporary, { force: true })
    throw error
  }
}

/**
 * Reads a table into shared memory and checks all of it.
 * @throws BadTableFile when it is damaged, of another version, or no table
 */
export async function readTableFile(path: string): Promise<TableFile> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const contentBytes = size - hashBytes
    if (contentBytes < prefixBytes) throw new BadTableFile(`${path} is not a training table: it has only ${size} bytes.`)
    const buffer = new SharedArrayBuffer(contentBytes)
    const content = new Uint8Array(buffer)
    const hash = createHash('sha256')
    for (let at = 0; at < contentBytes; ) {
      const { bytesRead } = await file.read(content, at, Math.min(chunkBytes, contentBytes - at), at)
      if (bytesRead === 0) throw new BadTableFile(`${path} became shorter while it was read.`)
      hash.update(content.subarray(at, at + bytesRead))
      at += bytesRead
    }
    const written = Buffer.alloc(hashBytes)
    await file.read(written, 0, hashBytes, contentBytes)
    const digest = hash.digest()
    const known = Buffer.from(content.subarray(0, magic.length)).toString('latin1') === magic
    if (!known) throw new BadTableFile(`${path} is not a training table.`)
    if (!digest.equals(written))
      throw new BadTableFile(`${path} was damaged or changed after it was written: its checksum differs.`)
    const view = viewTable(buffer)
    checkTable(view.table, view.schema, view.slices)
    return { ...view, sha256: digest.toString('hex'), buffer }
  } finally {
    await file.close()
  }
}

/**
 * The table in a buffer that `readTableFile` gave; nothing is copied.
 * @throws BadTableFile when the version is another one, or the buffer's size is not what its header says
 */
export function viewTable(buffer: SharedArrayBuffer): Pick<TableFile, 'table' | 'schema' | 'slices'> {
  if (endianness() !== 'LE') throw new BadTableFile('Training tables are little-endian; this processor is not.')
  const numbers = new DataView(buffer)
  const found = numbers.getUint32(8, true)
  if (found !== version)
    throw new BadTableFile(`The training table has version ${found}; this Gatehouse reads version ${version}.`)
  const headerBytes = numbers.getUint32(12, true)
  // A copy: text decoders take no shared memory.
  const header = JSON.parse(Buffer.from(new Uint8Array(buffer, prefixBytes, headerBytes)).toString()) as Header
  const { rows, schema } = header
  const at = layout(header, headerBytes)
  if (at.end !== buffer.byteLength) {
    throw new BadTableFile(`The training table has ${buffer.byteLength} bytes where its header says ${at.end}.`)
  }
  return {
    table: {
      rows,
      featureNames: schema.featureNames,
      features: at.features.map((from) => new Float32Array(buffer, from, rows)),
      label: new Float32Array(buffer, at.label, rows),
      part: new Uint8Array(buffer, at.part, rows),
      ...(at.weight !== null && { weight: new Float32Array(buffer, at.weight, rows) }),
    },
    schema,
    slices: header.slices.map((slice, i) => ({ ...slice, index: new Uint32Array(buffer, at.slices[i] as number, rows) })),
  }
}

function checkTable(table: TrainingTable, schema: FeatureSchema, slices: SliceColumn[]): void {
  const { rows, featureNames, features, label, part, weight } = table
  const refuse = (problem: string): never => {
    throw new BadTableFile(`The training table does not hold together: ${problem}.`)
  }
  if (!Number.isSafeInteger(rows) || rows < 0) refuse(`it has ${rows} rows`)
  if (features.length !== featureNames.length) refuse(`${features.length} features have ${featureNames.length} names`)
  if (new Set(featureNames).size !== featureNames.length) refuse('two features have the same name')
  if (featureNames.join('\0') !== schema.featureNames.join('\0')) refuse('its features are not those of its schema')
  if (features.some((feature) => feature.length !== rows)) refuse('a feature has not one value per row')
  if (label.length !== rows || part.length !== rows) refuse('the target or the part is not there for every row')
  if (part.some((value) => value > 2)) refuse('a row belongs to no known part')
  const classes = schema.classes?.length ?? null
  const fits = classes === null ? Number.isFinite : (value: number) => Number.isInteger(value) && value >= 0 && value < classes
  const bad = label.findIndex((value) => !fits(value))
  if (bad !== -1) refuse(`the target of row ${bad} is ${label[bad]}`)
  if (weight && (weight.length !== rows || !weight.every((value) => value > 0 && Number.isFinite(value)))) {
    refuse('a weight is missing or not above 0')
  }
  for (const { column, categories, index } of slices) {
    if (index.length !== rows || index.some((value) => value >= categories.length))
      refuse(`column ${column} has a row of no category`)
  }
}

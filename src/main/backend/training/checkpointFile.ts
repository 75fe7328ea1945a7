/**
 * What a training has reached, as a file that only grows: one line per round, each with the hash over itself and all lines
 * before it. Whatever a kill leaves half written is noticed by its hash and cut off.
 */
import { createHash, randomUUID } from 'node:crypto'
import {
  closeSync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { Round } from '../../../training/boosting/boost.ts'
import type { Tree } from '../../../training/boosting/tree.ts'

export interface CheckpointFile {
  /** What an earlier attempt had reached. */
  known: Round[]
  /**
   * Adds rounds; they are on disk when it comes back.
   * @throws the system's error; the file then holds what it held before
   */
  append(rounds: readonly Round[]): void
  close(): void
}

/**
 * @param belongsTo what the training depends on: rounds of another table, other settings or another version are left out
 * @throws the system's error
 */
export function openCheckpointFile(path: string, belongsTo: Record<string, unknown>): CheckpointFile {
  const head = JSON.stringify({ format: 'gatehouse-boosting-checkpoint/1', ...belongsTo })
  const found = readLines(path)
  const usable = found[0] === head ? found : [head]

  // A new file under the old name: should an attempt that was given up still run, it writes into one without a name.
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${randomUUID()}.tmp`
  const file = openSync(temporary, 'wx', 0o600)
  let hash = ''
  let size = 0
  const write = (lines: readonly string[]) => {
    let last = hash
    const entries = lines.map((line) => {
      last = chained(last, line)
      return `${last} ${line}\n`
    })
    const bytes = Buffer.from(entries.join(''))
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, size + at)
      fdatasyncSync(file)
    } catch (error) {
      ftruncateSync(file, size)
      throw error
    }
    hash = last
    size += bytes.length
  }
  try {
    write(usable)
    renameSync(temporary, path)
  } catch (error) {
    closeSync(file)
    rmSync(temporary, { force: true })
    throw error
  }
  return {
    known: usable.slice(1).map((line) => readRound(line)),
    append: (rounds) => write(rounds.map(writeRound)),
    close: () => closeSync(file),
  }
}

const chained = (before: string, line: string) => createHash('sha256').update(`${before}\n${line}`).digest('hex')

/** The lines up to the first that is damaged or half written. */
function readLines(path: string): string[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const lines: string[] = []
  let hash = ''
  for (const entry of text.split('\n')) {
    const line = entry.slice(65)
    hash = chained(hash, line)
    if (entry.slice(0, 65) !== `${hash} `) break
    lines.push(line)
  }
  return lines
}

function writeRound({ point, trees }: Round): string {
  // JSON has no infinity, and no number here is one; 32-bit numbers come back exactly.
  const plain = trees.map((tree) => Object.fromEntries(Object.entries(tree).map(([name, values]) => [name, Array.from(values)])))
  return JSON.stringify({ point, trees: plain })
}

function readRound(line: string): Round {
  const { point, trees } = JSON.parse(line) as { point: Round['point']; trees: Record<keyof Tree, number[]>[] }
  return {
    point,
    trees: trees.map((tree) => ({
      left: Int32Array.from(tree.left),
      feature: Int32Array.from(tree.feature),
      value: Float32Array.from(tree.value),
      missingLeft: Uint8Array.from(tree.missingLeft),
      gain: Float32Array.from(tree.gain),
      hessian: Float32Array.from(tree.hessian),
      weight: Float32Array.from(tree.weight),
    })),
  }
}

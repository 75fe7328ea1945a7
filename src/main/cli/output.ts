/** What the commands print with: plain lines and aligned columns for people, JSON for programs. */
import { styleText } from 'node:util'

export interface Output {
  readonly json: boolean
  /** A line for people; nothing with --json. */
  line(text?: string): void
  /** Aligned columns for people; nothing with --json. */
  table(rows: readonly (readonly Cell[])[]): void
  /** One JSON document per line; nothing without --json. */
  data(value: unknown): void
  /** What went wrong: on standard error for people, on standard output as JSON. */
  problem(problem: { kind: string; message: string; [more: string]: unknown }): void
}

export type Style = 'good' | 'bad' | 'busy' | 'human' | 'faint' | 'strong'
export type Cell = string | { text: string; style: Style }

const formats: Record<Style, Parameters<typeof styleText>[0]> = {
  good: 'green',
  bad: 'red',
  busy: 'cyan',
  human: 'yellow',
  faint: 'dim',
  strong: 'bold',
}

/** Colours only where they are seen: `styleText` leaves them out off a terminal and with NO_COLOR. */
const styled = (style: Style, text: string) => styleText(formats[style], text, { stream: process.stdout })

/** File names and messages come from outside; what would steer the terminal is shown as a mark instead. */
export const harmless = (text: string): string => text.replaceAll(/(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')

export function createOutput(json: boolean): Output {
  const write = (text: string) => void process.stdout.write(`${text}\n`)
  return {
    json,
    line(text = '') {
      if (!json) write(harmless(text))
    },
    table(rows) {
      if (!json) for (const line of layOut(rows)) write(line)
    },
    data(value) {
      if (json) write(JSON.stringify(value))
    },
    problem(problem) {
      if (json) write(JSON.stringify({ error: problem }))
      else process.stderr.write(`${harmless(problem.message)}\n`)
    },
  }
}

/** A file name may have 255 bytes: one longer than this pushes its own row aside instead of padding all others. */
const widestColumn = 48

/** Every column as wide as its widest cell, within bounds; the last one is not padded. */
function layOut(rows: readonly (readonly Cell[])[]): string[] {
  const texts = rows.map((row) => row.map((cell) => harmless(typeof cell === 'string' ? cell : cell.text).replaceAll('\n', ' ')))
  const widths: number[] = []
  for (const row of texts) {
    for (const [column, text] of row.slice(0, -1).entries()) {
      const width = displayWidth(text)
      if (width <= widestColumn) widths[column] = Math.max(widths[column] ?? 0, width)
    }
  }
  return rows.map((row, r) =>
    row
      .map((cell, column) => {
        const text = texts[r]?.[column] ?? ''
        const padding = column === row.length - 1 ? '' : ' '.repeat(Math.max(0, (widths[column] ?? 0) - displayWidth(text)))
        return (typeof cell === 'string' ? text : styled(cell.style, text)) + padding
      })
      .join('  ')
      .trimEnd(),
  )
}

const graphemes = new Intl.Segmenter()
/** Terminal columns of a text: East Asian wide characters and emoji take two (Unicode Standard Annex 11). */
function displayWidth(text: string): number {
  let width = 0
  for (const { segment } of graphemes.segment(text)) {
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        segment,
      )
        ? 2
        : 1
  }
  return width
}

/** `| head` closes our output early: that is no fault, and nothing more needs to be said. */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(exitAfterClosedPipe())
      throw error
    })
  }
}
const exitAfterClosedPipe = () => (typeof process.exitCode === 'number' ? process.exitCode : 0)

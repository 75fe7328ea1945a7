/** One figure of a bench beside what it has to reach. */
export interface Row {
  what: string
  measured: string
  toReach: string
  /** null where the figure is only reported. */
  reached: boolean | null
}

/** Prints the rows as a Markdown table, as they stand in docs/benchmarks.md. */
export function printTable(title: string, rows: readonly Row[]): void {
  const cells = rows.map((row) => [row.what, row.measured, row.toReach, row.reached === null ? '' : row.reached ? 'yes' : 'NO'])
  const all = [['what', 'measured', 'to reach', 'reached'], ...cells]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const line = (row: string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  console.log(`\n### ${title}\n`)
  console.log(line(all[0] as string[]))
  console.log(`|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`)
  for (const row of cells) console.log(line(row))
  console.log()
}

export const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
export const megabytes = (bytes: number) => `${Math.round(bytes / 1024 ** 2)} MB`

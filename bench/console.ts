/** The console's figures, part by part; each part is a file of `bench/console`. */
import { run as freshness } from './console/freshness.ts'
import type { Row } from './table.ts'

export async function run(): Promise<Row[]> {
  return freshness()
}

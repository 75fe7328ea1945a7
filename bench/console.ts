/** The console's figures, part by part; each part is a file of `bench/console`. */
import { run as archive } from './console/archive.ts'
import { run as bigRun } from './console/bigRun.ts'
import { run as freshness } from './console/freshness.ts'
import { run as list } from './console/list.ts'
import { run as payload } from './console/payload.ts'
import { run as search } from './console/search.ts'
import type { Row } from './table.ts'

export async function run(): Promise<Row[]> {
  const rows: Row[] = []
  for (const part of [freshness, payload, archive, search, list, bigRun]) rows.push(...(await part()))
  return rows
}

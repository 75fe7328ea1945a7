/**
 * Writes resources/pipelines.schema.json from the contract; `pipelinesSchema.test.ts` notices when it was forgotten.
 *
 *   node scripts/pipelinesSchema.ts
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { pipelinesFile } from '../src/contract/pipelines.ts'

export const schemaFile = join(import.meta.dirname, '..', 'resources', 'pipelines.schema.json')

/** JSON Schema (draft 2020-12) of `config/pipelines.json`. */
export const pipelinesSchema = (): string => {
  const schema = z.toJSONSchema(pipelinesFile, { io: 'input' })
  const titled = { $schema: schema.$schema, title: 'Gatehouse pipelines', ...schema }
  return `${JSON.stringify(titled, null, 2)}\n`
}

if (import.meta.main) writeFileSync(schemaFile, pipelinesSchema())

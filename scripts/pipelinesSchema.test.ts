import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { pipelinesSchema, schemaFile } from './pipelinesSchema.ts'

test('the published schema of pipelines is that of the contract (else run: node scripts/pipelinesSchema.ts)', () => {
  expect(JSON.parse(readFileSync(schemaFile, 'utf8'))).toEqual(JSON.parse(pipelinesSchema()))
})

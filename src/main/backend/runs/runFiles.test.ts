import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Projection } from '../projection/createProjection.ts'
import { createRunFiles } from './runFiles.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-run-files-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const files = (path: string | null) =>
  createRunFiles({
    projection: { get: () => ({ profileSha256: 'p', reportSha256: null }) as ReturnType<Projection['get']> },
    store: { pathOf: async () => path },
  })

it.each(['{"rows": 20', '', '{"rows": "many"}'])(
  'a stored profile that says %s is named, and nothing is guessed from it',
  async (text) => {
    const path = join(folder, 'profile')
    writeFileSync(path, text)
    const asked = files(path).profile('mlops-1-a')
    await expect(asked).rejects.toMatchObject({ error: { kind: 'refused' } })
    await expect(asked).rejects.toThrow(
      `The stored file ${path}, which a step of this run wrote, is damaged. It was left as it is`,
    )
  },
)

it('what is not there, or not here, is null', async () => {
  expect(await files(null).profile('mlops-1-a')).toBeNull()
  expect(await files(join(folder, 'profile')).report('mlops-1-a')).toBeNull()
})

/** For tests: a data folder of their own, and an end that leaves nothing behind. */
import { mkdtempSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Home, homeAt, makeHome } from '../home.ts'

export interface TestHome {
  home: Home
  /** Removes the folder, and root's database of it. Stop the servers first. */
  remove(): Promise<void>
}

export function createTestHome(name = 'test'): TestHome {
  const home = homeAt(mkdtempSync(join(tmpdir(), `gatehouse-${name}-`)))
  makeHome(home)
  return {
    home,
    async remove() {
      const place = await readFile(join(home.postgres, 'place.json'), 'utf8').catch(() => null)
      if (place) {
        const base = join('/var/lib/gatehouse', (JSON.parse(place) as { id: string }).id)
        await rm(base, { recursive: true, force: true })
        await rm(`${base}.owner.json`, { force: true })
      }
      await rm(home.root, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Home, homeAt } from '../../src/main/backend/home.ts'
import { silentLog } from '../../src/main/backend/log.ts'
import { type Host, startHost } from '../../src/main/control/startHost.ts'
import { builtPaths } from '../../src/main/paths.ts'
import { createFakeBackend, type FakeBackend } from '../../src/main/testing/fakeBackend.ts'

export function newHome(): Home & { remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-e2e-'))
  return { ...homeAt(folder), remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) }
}

/** The real web shell over a backend without a stack. */
export async function startFakeHost(
  appFolder: string,
  home: Home,
  ports: readonly number[] = [0],
  focusWindow?: () => void,
): Promise<{ host: Host; backend: FakeBackend }> {
  let backend: FakeBackend | undefined
  const host = await startHost({
    home,
    paths: builtPaths(appFolder),
    shell: focusWindow ? 'electron' : 'web',
    focusWindow,
    ports,
    createBackend: async ({ host: powers }) => (backend = createFakeBackend(powers)),
    onStop: () => {},
    log: silentLog,
  })
  if (!host || !backend) throw new Error('the data folder has a host already')
  return { host, backend }
}

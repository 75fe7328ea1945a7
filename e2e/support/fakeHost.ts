import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HostPowers } from '../../src/main/backend/backend.ts'
import { type Home, homeAt } from '../../src/main/backend/home.ts'
import { silentLog } from '../../src/main/backend/log.ts'
import { type Host, startHost } from '../../src/main/control/startHost.ts'
import { builtPaths } from '../../src/main/paths.ts'
import { createFakeBackend, type FakeBackend, fakeRun } from '../../src/main/testing/fakeBackend.ts'

export function newHome(): Home & { remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-e2e-'))
  return { ...homeAt(folder), remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) }
}

export interface TestBackend extends FakeBackend {
  /** From now on these runs await approval, and everyone is told. */
  setRuns(workflowIds: readonly string[]): void
}

function createTestBackend(powers: HostPowers): TestBackend {
  const backend = createFakeBackend(powers)
  return Object.assign(backend, {
    setRuns(workflowIds: readonly string[]) {
      const runs = workflowIds.map(fakeRun)
      backend.handlers['runs.list'] = () => ({ runs, total: runs.length, byStage: { AwaitingApproval: runs.length } })
      backend.emit('runs.changed', { runs: [...runs, { ...fakeRun('mlops-9-left'), stage: 'Completed' }] })
    },
  })
}

/** The real web shell over a backend without a stack. */
export async function startFakeHost(
  appFolder: string,
  home: Home,
  ports: readonly number[] = [0],
  focusWindow?: (workflowId?: string) => void,
): Promise<{ host: Host; backend: TestBackend }> {
  let backend: TestBackend | undefined
  const host = await startHost({
    home,
    paths: builtPaths(appFolder),
    shell: focusWindow ? 'electron' : 'web',
    focusWindow,
    ports,
    createBackend: async ({ host: powers }) => (backend = createTestBackend(powers)),
    onStop: () => {},
    log: silentLog,
  })
  if (!host || !backend) throw new Error('the data folder has a host already')
  return { host, backend }
}

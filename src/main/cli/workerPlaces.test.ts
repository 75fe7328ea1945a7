import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import type { StackHealth } from '../../contract/model.ts'
import { type Home, homeAt } from '../backend/home.ts'
import { silentLog } from '../backend/log.ts'
import { startHost } from '../control/startHost.ts'
import { findAppRoot, sourcePaths } from '../paths.ts'
import { createFakeBackend, type FakeBackend, fakeHealth } from '../testing/fakeBackend.ts'
import { findPlaces } from './workerPlaces.ts'

const paths = sourcePaths(findAppRoot(import.meta.dirname))
let home: Home
beforeEach(() => {
  home = homeAt(mkdtempSync(join(tmpdir(), 'gatehouse-places-')))
})
afterEach(() => rmSync(home.root, { recursive: true, force: true }))

/** A host of this data folder, whose servers are at these ports. */
async function hostWith(temporal: number, postgres: number) {
  const backend: { current?: FakeBackend } = {}
  const health: StackHealth = {
    ...fakeHealth,
    temporal: { ...fakeHealth.temporal, address: `127.0.0.1:${temporal}` },
    postgres: { ...fakeHealth.postgres, address: `127.0.0.1:${postgres}` },
  }
  const host = await startHost({
    ...{ home, paths, shell: 'electron' as const, ports: [0], log: silentLog },
    onStop: () => {},
    createBackend: async ({ host: powers }) => {
      backend.current = createFakeBackend(powers)
      backend.current.handlers['stack.health'] = () => health
      return backend.current
    },
  })
  if (!host || !backend.current) throw new Error('the data folder has a host already')
  const { emit } = backend.current
  return {
    say: (change: Partial<StackHealth>) => emit('stack.changed', { health: { ...health, ...change } }),
    stop: () => host.close(),
  }
}

async function placesBeside() {
  const places = await findPlaces({
    ...{ home, paths, log: silentLog, say: () => {} },
    secrets: { get: async () => 'kept' } as never,
  })
  onTestFinished(() => places.close())
  return places
}

const ending = () => {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  return stop.signal
}

it('a bare worker asks the servers where the host says that they are, and none that it says are down', async () => {
  const host = await hostWith(7001, 5001)
  onTestFinished(host.stop)
  const places = await placesBeside()
  expect(await places.temporal(ending())).toEqual({ address: '127.0.0.1:7001', namespace: 'default' })
  expect(places.postgres()).toMatchObject({ port: 5001, password: 'kept' })
  host.say({ postgres: { ...fakeHealth.postgres, state: 'down' } })
  await vi.waitFor(() => expect(places.postgres()).toBeNull(), 20_000)
  host.say({ postgres: { ...fakeHealth.postgres, address: '127.0.0.1:5002' } })
  await vi.waitFor(() => expect(places.postgres()).toMatchObject({ port: 5002 }), 20_000)
})

it('leaves a Temporal that came back elsewhere, and no other', async () => {
  const host = await hostWith(7001, 5001)
  onTestFinished(host.stop)
  const places = await placesBeside()
  const at = await places.temporal(ending())
  let moved = false
  void places.temporalMoved(at, ending()).then(
    () => (moved = true),
    () => {},
  )
  host.say({ temporal: { ...fakeHealth.temporal, state: 'down', address: null } })
  host.say({ temporal: { ...fakeHealth.temporal, address: at.address } })
  await vi.waitFor(() => expect(places.postgres()).toMatchObject({ port: 5001 }), 20_000)
  expect(moved).toBe(false)
  host.say({ temporal: { ...fakeHealth.temporal, address: '127.0.0.1:7002' } })
  await vi.waitFor(() => expect(moved).toBe(true), 20_000)
  expect(await places.temporal(ending())).toMatchObject({ address: '127.0.0.1:7002' })
})

it('follows the next host on the data folder; while there is none, no server of the last one is asked', async () => {
  const first = await hostWith(7001, 5001)
  const places = await placesBeside()
  const at = await places.temporal(ending())
  await first.stop()
  await vi.waitFor(() => expect(places.postgres()).toBeNull(), 20_000)
  const waits = places.temporal(ending())
  const second = await hostWith(7003, 5003)
  onTestFinished(second.stop)
  expect(await waits).toEqual({ address: '127.0.0.1:7003', namespace: 'default' })
  await places.temporalMoved(at, ending())
  expect(places.postgres()).toMatchObject({ port: 5003 })
})

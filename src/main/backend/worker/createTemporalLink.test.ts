/** On a real Temporal server, with the key ring of a data folder: what becomes of runs while the keys cannot be had. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createDataConverter } from '../../../temporal/codec/dataConverter.ts'
import { createEncryptionCodec } from '../../../temporal/codec/encryptionCodec.ts'
import type { KeySource } from '../../../temporal/codec/keySource.ts'
import { startRun } from '../../../temporal/operations.ts'
import { createTestBench, inputFor, type TestBench } from '../../../temporal/testing/bench.ts'
import { type Home, homeAt, makeHome } from '../home.ts'
import { createKeyRing, type KeyRing } from '../keys/createKeyRing.ts'
import { startVaultDouble, type VaultDouble } from '../keys/vaultDouble.ts'
import { silentLog } from '../log.ts'
import { openSecrets } from '../secrets/openSecrets.ts'
import { createTemporalLink, type TemporalLink } from './createTemporalLink.ts'
import { type Hold, holdForKeys } from './hold.ts'

let bench: TestBench
beforeAll(async () => {
  bench = await createTestBench()
  await bench.worker.stop() // the link brings its own
}, 60_000)
afterAll(() => bench.close())

let folder: string
let home: Home
let vault: VaultDouble
let ring: KeyRing
let link: TemporalLink
let stopped: Hold | null = null
const failures: string[] = []
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-link-'))
  home = homeAt(join(folder, 'home'))
  makeHome(home)
  vault = await startVaultDouble()
  vault.addToken('good')
  const secrets = await openSecrets({ home, log: silentLog, wanted: 'file' })
  ring = createKeyRing({ home, secrets, log: silentLog, openRuns: () => [], serviceKeepMs: 300 })
  await ring.ready
  failures.length = 0
  link = createTemporalLink({
    address: () => ({ address: bench.server.address, namespace: bench.server.namespace }),
    workflowBundle: bench.workflowBundle,
    deps: bench.deps,
    observer: {
      ...bench.observer,
      attemptEnded(event) {
        if (event.outcome !== 'completed') failures.push(`${event.step} ${event.failure?.message}`)
        bench.observer.attemptEnded(event)
      },
    },
    dataConverters: (namespace) => {
      const sealedWith = (keys: KeySource) => createDataConverter([createEncryptionCodec({ keys, namespace })])
      return { client: sealedWith(ring.source), worker: sealedWith(ring.patientSource) }
    },
    hold: () => stopped ?? holdForKeys(ring.problem()),
    identity: 'link',
    log: silentLog,
  })
  ring.onChange(() => link.holdChanged())
  link.addressChanged()
  await vi.waitFor(() => expect(link.worker().state).toBe('up'), 20_000)
}, 60_000)
afterEach(async () => {
  vault.sealed = false
  await ring.retry()
  await link.close()
  ring.close()
  await vault.close()
  rmSync(folder, { recursive: true, force: true })
}, 60_000)

const client = () => {
  const it = link.client()
  if (!it) throw new Error('Temporal is up')
  return it
}
const start = async (name: string) => {
  await startRun(client(), name, inputFor(name))
  return client().workflow.getHandle(name)
}
const keyIdsOf = async (name: string) => {
  const history = await client().workflow.getHandle(name).fetchHistory()
  const text = JSON.stringify(history)
  const ids = ring.state().keys.map(({ id }) => id)
  return ids.filter(
    (id) => text.includes(Buffer.from(id).toString('base64')) || text.includes(JSON.stringify([...Buffer.from(id)]).slice(1, -1)),
  )
}

test('a run that was begun under one key goes on under the next, also when another place makes it', async () => {
  const handle = await start('rotated')
  await bench.reaches('rotated', 'AwaitingApproval')
  const first = ring.state().keys[0]?.id as string
  await ring.rotate()
  const vaultSettings = { address: vault.address, key: 'gatehouse', mount: 'transit' }
  await ring.chooseProvider({ provider: 'vault', vault: vaultSettings }, 'good')
  const last = ring.state().keys.find(({ state }) => state === 'sealing')?.id as string
  expect(ring.state().keys).toHaveLength(3)
  await handle.signal('approve_prod_deployment')
  await handle.result()
  expect(await keyIdsOf('rotated')).toEqual(expect.arrayContaining([first, last]))
  expect(failures).toEqual([])
}, 60_000)

test('the key service is away for a while in the middle of a run: it goes on, and no attempt failed', async () => {
  const vaultSettings = { address: vault.address, key: 'gatehouse', mount: 'transit' }
  await ring.chooseProvider({ provider: 'vault', vault: vaultSettings }, 'good')
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  bench.interfere('away', { log: () => released })
  const handle = await start('away')
  await bench.reaches('away', 'LoggingExperiment')
  vault.sealed = true
  // Longer than the keys stay in memory: the step ends, and its result cannot be sealed.
  await new Promise((resolve) => setTimeout(resolve, 700))
  release()
  await vi.waitFor(() => expect(ring.state().problem).toContain('Vault'), 10_000)
  await expect(handle.signal('approve_prod_deployment', 'x')).rejects.toThrow(/Vault/)
  vault.sealed = false
  await ring.retry()
  await bench.reaches('away', 'AwaitingApproval')
  await handle.signal('approve_prod_deployment')
  await handle.result()
  expect(failures).toEqual([])
}, 60_000)

test('away for long: the worker is held and takes no step; with the keys it goes on', async () => {
  const vaultSettings = { address: vault.address, key: 'gatehouse', mount: 'transit' }
  await ring.chooseProvider({ provider: 'vault', vault: vaultSettings }, 'good')
  const handle = await start('long')
  await bench.reaches('long', 'AwaitingApproval')
  vault.sealed = true
  await vi.waitFor(async () => {
    await ring.retry()
    expect(ring.state().problem).toContain('Vault')
  }, 5_000)
  await vi.waitFor(() => expect(link.worker()).toMatchObject({ state: 'down', detail: expect.stringContaining('Vault') }), 15_000)
  expect(link.client()).not.toBeNull()
  // Without arguments it needs no key, so it arrives; nobody may work on it yet.
  await handle.signal('approve_prod_deployment')
  expect(bench.done('long')).not.toContain('deploy prod')
  vault.sealed = false
  await ring.retry()
  await handle.result()
  expect(link.worker().state).toBe('up')
  expect(bench.done('long')).toContain('deploy prod')
}, 90_000)

test('stopped by an operator in the middle of a step: it is given back at once, runs wait, and go on when it is started', async () => {
  const handle = await start('stopped')
  await bench.reaches('stopped', 'AwaitingApproval')
  stopped = { state: 'off', detail: 'The worker was stopped by olga: upgrade', remedy: '', atOnce: true }
  link.holdChanged()
  expect(link.worker()).toMatchObject({ state: 'off', detail: 'The worker was stopped by olga: upgrade' })
  await handle.signal('approve_prod_deployment')
  const waiting = await start('waiting')
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect(bench.done('stopped')).not.toContain('deploy prod')
  expect(bench.done('waiting')).toEqual([])
  stopped = null
  link.holdChanged()
  await handle.result()
  await bench.reaches('waiting', 'AwaitingApproval')
  await waiting.signal('approve_prod_deployment')
  await waiting.result()
  expect(failures).toEqual([])
}, 60_000)

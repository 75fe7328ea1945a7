/** The count of sealed messages is never less than the truth: over crashes, over processes, over rotations. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { KeysUnavailable } from '../../../temporal/codec/keySource.ts'
import { type Home, homeAt, makeHome } from '../home.ts'
import { silentLog } from '../log.ts'
import { openSecrets } from '../secrets/openSecrets.ts'
import { createKeyRing, type KeyRing } from './createKeyRing.ts'

let folder: string
let home: Home
const rings: KeyRing[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-budget-'))
})
afterEach(() => {
  for (const ring of rings.splice(0)) ring.close()
  rmSync(folder, { recursive: true, force: true })
})
const freshHome = () => {
  home = homeAt(mkdtempSync(join(folder, 'home-')))
  makeHome(home)
}
const openRing = async (messageBudget: number, makesKeys = true) => {
  const secrets = await openSecrets({ home, log: silentLog, wanted: 'file' })
  const ring = createKeyRing({ home, secrets, log: silentLog, openRuns: () => [], makesKeys, messageBudget })
  rings.push(ring)
  await ring.ready
  return ring
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('seal' as const), ring: fc.nat(2), messages: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('crash' as const, 'close' as const),
      ring: fc.nat(2),
      messages: fc.constant(0),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rotate' as const), ring: fc.constant(0), messages: fc.constant(0) }) },
)

test('whatever hosts and workers on one data folder do, no key seals more than its count says, or than it may', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.constantFrom(64, 200, 1000), async (steps, budget) => {
      freshHome()
      // The first is the host.
      const alive = [await openRing(budget), await openRing(budget, false), await openRing(budget, false)]
      const sealed = new Map<string, number>()
      for (const { kind, ring, messages } of steps) {
        const mine = alive[ring] as KeyRing
        if (kind === 'rotate') await mine.rotate()
        if (kind === 'close') mine.close()
        if (kind === 'crash' || kind === 'close') alive[ring] = await openRing(budget, ring === 0)
        if (kind !== 'seal') continue
        try {
          const key = await mine.source.sealingKey(messages)
          if (key) sealed.set(key.id, (sealed.get(key.id) ?? 0) + messages)
        } catch (error) {
          if (!(error instanceof KeysUnavailable)) throw error
        }
        for (const { id, messages: charged } of mine.state().keys) {
          expect(charged).toBeGreaterThanOrEqual(sealed.get(id) ?? 0)
          expect(charged).toBeLessThanOrEqual(budget)
        }
      }
      for (const ring of rings.splice(0)) ring.close()
    }),
    { numRuns: 25 },
  )
}, 120_000)

test('processes that seal at the same time and are killed share one count, and the host rotates for them', async () => {
  freshHome()
  const budget = 4_000
  const host = await openRing(budget)
  const sealed = new Map<string, number>()
  const children: ChildProcess[] = []
  const begin = () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'sealingProcess.ts'), home.root, String(budget)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let rest = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const id of lines) sealed.set(id, (sealed.get(id) ?? 0) + 1)
    })
    children.push(child)
    return child
  }
  try {
    begin()
    begin()
    const ended = new Promise((resolve) => begin().once('close', resolve))
    await vi.waitFor(() => expect([...sealed.values()].reduce((sum, n) => sum + n, 0)).toBeGreaterThan(500), 30_000)
    children[2]?.kill('SIGKILL')
    await ended
    begin()
    // The host seals next to nothing itself and sees from the records that the key is nearly used up.
    await vi.waitFor(() => expect(sealed.size).toBeGreaterThanOrEqual(3), { timeout: 60_000, interval: 200 })
  } finally {
    await Promise.all(
      children.map((child) => {
        if (child.exitCode !== null || child.signalCode !== null) return null
        child.kill('SIGKILL')
        return new Promise((resolve) => child.once('close', resolve))
      }),
    )
  }
  const charged = new Map(host.state().keys.map(({ id, messages }) => [id, messages]))
  for (const [id, count] of sealed) {
    expect(charged.get(id)).toBeGreaterThanOrEqual(count)
    expect(charged.get(id)).toBeLessThanOrEqual(budget)
  }
}, 120_000)

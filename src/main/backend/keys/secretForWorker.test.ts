import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Home, homeAt, makeHome } from '../home.ts'
import { silentLog } from '../log.ts'
import { openSecrets } from '../secrets/openSecrets.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import { createKeyRing, type KeyRing } from './createKeyRing.ts'
import { emptyKeyEnvironment, keyVariables, takeKeyEnvironment } from './environmentKeys.ts'
import { secretForWorker } from './secretForWorker.ts'

let home: Home
let secrets: SecretStore
const rings: KeyRing[] = []
beforeEach(async () => {
  home = homeAt(mkdtempSync(join(tmpdir(), 'gatehouse-worker-secret-')))
  makeHome(home)
  secrets = await openSecrets({ home, log: silentLog, wanted: 'file' })
})
afterEach(() => {
  for (const ring of rings.splice(0)) ring.close()
  rmSync(home.root, { recursive: true, force: true })
})

function openRing(makesKeys: boolean, read: SecretStore['read'] = secrets.read): KeyRing {
  const ring = createKeyRing({ home, log: silentLog, openRuns: () => [], makesKeys, secrets: { ...secrets, read } })
  rings.push(ring)
  return ring
}
const passphrase = 'correct horse battery staple'

test('a worker process opens what the host’s passphrase opened; before that it waits for its keys', async () => {
  const first = openRing(true)
  await first.ready
  await first.usePassphrase(passphrase)
  first.close()

  const host = openRing(true)
  await host.ready
  const handedOver = (name: string) => secretForWorker({ secrets, keys: host.source }, name)
  const waiting = openRing(false, handedOver)
  await waiting.ready
  expect(waiting.state()).toMatchObject({ needsPassphrase: true })

  await host.unlock(passphrase)
  const worker = openRing(false, handedOver)
  await worker.ready
  const key = await host.source.sealingKey(1)
  const opened = await worker.source.sealingKey(1)
  expect(opened?.key.export()).toEqual(key?.key.export())
  expect(opened?.key.symmetricKeySize).toBe(32)
  // It lies there as wrapped as before.
  expect(await secrets.read(`data-key:${key?.id}`)).toContain('"wrapped"')
})

test('other secrets, and those that there are not, are handed over as they are', async () => {
  await secrets.set('postgres-password', 'hunter2')
  const ring = openRing(true)
  expect(await secretForWorker({ secrets, keys: ring.source }, 'postgres-password')).toBe('hunter2')
  expect(await secretForWorker({ secrets, keys: ring.source }, 'nothing')).toBeNull()
})

test('what was taken out of the environment is what a worker process takes out of its own', () => {
  const env = { GATEHOUSE_ENCRYPTION_KEY: 'a:b', VAULT_TOKEN: 'token', PATH: '/bin' }
  const taken = takeKeyEnvironment(env)
  expect(env).toEqual({ PATH: '/bin' })
  expect(takeKeyEnvironment(keyVariables(taken))).toEqual(taken)
  expect(keyVariables(emptyKeyEnvironment)).toEqual({})
})

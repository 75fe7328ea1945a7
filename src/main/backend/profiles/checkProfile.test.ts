/** Against real servers, and against one that listens and says nothing. */
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { findAppRoot, sourcePaths } from '../../paths.ts'
import { silentLog } from '../log.ts'
import { openSecrets } from '../secrets/openSecrets.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import { createStack, type Stack } from '../stack/createStack.ts'
import type { Profile } from '../stack/profiles.ts'
import { createTestHome, type TestHome } from '../stack/testHome.ts'
import { checkProfile } from './checkProfile.ts'

type Remote = Extract<Profile, { kind: 'remote' }>

let own: TestHome
let stack: Stack
let secrets: SecretStore
beforeAll(async () => {
  own = createTestHome('profiles')
  secrets = await openSecrets({ home: own.home, log: silentLog, wanted: 'file' })
  stack = createStack({
    ...{ home: own.home, paths: sourcePaths(findAppRoot(import.meta.dirname)), secrets, log: silentLog, profile: 'embedded' },
    pins: { temporalPort: 23_330, uiPort: 23_430, postgresPort: 23_530 },
  })
  const areUp = new Promise<void>((resolve) =>
    stack.onChange(() => {
      if (stack.temporal() !== null && stack.postgres() !== null) resolve()
    }),
  )
  stack.start()
  await areUp
})
afterEach(() => vi.unstubAllEnvs())
afterAll(async () => {
  await stack.close()
  await own.remove()
})

const password = () => stack.postgres()?.password as string
/** The servers that are there, as a profile says it. */
const profile = (temporal: Partial<Remote['temporal']> = {}, postgres: Partial<Remote['postgres']> = {}): Remote => {
  const { host, port, user, database } = stack.postgres() ?? {}
  return {
    ...{ kind: 'remote', name: 'lab', production: false },
    temporal: { address: stack.temporal()?.address ?? '', namespace: 'default', tls: false, apiKey: false, ...temporal },
    postgres: {
      ...{ host: host as string, port: port as number, user: user as string, database: database as string },
      sslmode: 'disable',
      ...postgres,
    },
  }
}

describe('servers that are there', () => {
  it('answer; without a kept password the database says that it wants one, and that of the environment stays here', async () => {
    vi.stubEnv('GATEHOUSE_POSTGRES_PASSWORD', password())
    const { temporal, postgres } = await checkProfile(profile(), secrets)
    expect(temporal).toEqual({
      state: 'up',
      words: expect.stringMatching(/^Answers on 127\.0\.0\.1:\d+, and has the namespace default\.$/),
    })
    expect(postgres.state).toBe('asks')
    expect(postgres.words).toMatch(/wants a password; none is kept for this profile.*GATEHOUSE_POSTGRES_PASSWORD\.$/)
  })

  it('let in whoever has the kept password, and say so of a wrong one without telling it', async () => {
    await secrets.set('postgres-password:lab', password())
    expect((await checkProfile(profile(), secrets)).postgres.state).toBe('up')
    await secrets.set('postgres-password:lab', 'wrong-password')
    const { postgres } = await checkProfile(profile(), secrets)
    expect(postgres).toEqual({ state: 'down', words: expect.stringContaining('refuses the user or the password') })
    expect(postgres.words).not.toContain('wrong-password')
    await secrets.remove('postgres-password:lab')
  })

  it('that lack what the profile names are told with it', async () => {
    await secrets.set('postgres-password:lab', password())
    const { temporal, postgres } = await checkProfile(profile({ namespace: 'ml' }, { database: 'nowhere' }), secrets)
    expect(temporal).toEqual({ state: 'down', words: expect.stringContaining('has no namespace ml') })
    expect(postgres).toEqual({ state: 'down', words: expect.stringContaining('database does not exist') })
    await secrets.remove('postgres-password:lab')
  })
})

it('servers that are away, and certificates that are not there, are told in words', async () => {
  const gone = { address: '127.0.0.1:9' }
  const { temporal, postgres } = await checkProfile(
    profile(gone, { sslmode: 'verify-full', caFile: join(own.home.root, 'no.pem') }),
    secrets,
  )
  expect(temporal).toEqual({ state: 'down', words: expect.stringMatching(/^Temporal does not answer on 127\.0\.0\.1:9/) })
  expect(postgres).toEqual({ state: 'down', words: expect.stringContaining('no.pem cannot be read (ENOENT)') })
})

it('a server that takes the connection and says nothing is waited for no longer than the limit', async () => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  const { temporal, postgres } = await checkProfile(profile({ address: `127.0.0.1:${port}` }, { port }), secrets, 300)
  for (const each of [temporal, postgres]) expect(each).toEqual({ state: 'down', words: 'No answer within 0.3 s.' })
  silent.close()
})

it('of the embedded profile there is nobody to ask', async () => {
  const { temporal, postgres } = await checkProfile({ kind: 'embedded', name: 'embedded' }, secrets)
  expect([temporal.state, postgres.state]).toEqual(['own', 'own'])
})

/** The real servers: brought up, killed, found again. Ports are far from the defaults, so that nobody else is disturbed. */
import { fork, spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import pg from 'pg'
import { afterEach, expect, test, vi } from 'vitest'
import type { Part } from '../../../contract/model.ts'
import { stageAttribute } from '../../../temporal/names.ts'
import { findAppRoot, sourcePaths } from '../../paths.ts'
import type { Home } from '../home.ts'
import { silentLog } from '../log.ts'
import { openSecrets } from '../secrets/openSecrets.ts'
import { createStack, type Stack } from './createStack.ts'
import { isFree } from './ports.ts'
import { isAlive, processesMarked } from './processes.ts'
import { createTestHome, type TestHome } from './testHome.ts'

const paths = sourcePaths(findAppRoot(import.meta.dirname))
const pins = { temporalPort: 22_330, uiPort: 22_430, postgresPort: 22_530 }
const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const end of endings.splice(0).reverse()) await end()
})

function testHome(): TestHome {
  const made = createTestHome('stack')
  endings.push(made.remove)
  return made
}
async function stackOn(home: Home, profile: string | undefined = 'embedded'): Promise<Stack> {
  const secrets = await openSecrets({ home, log: silentLog, wanted: 'file' })
  const stack = createStack({ home, paths, secrets, log: silentLog, profile, pins })
  endings.push(() => stack.close())
  return stack
}
/** Waits for a state by the stack's own events. */
const reaches = (stack: Stack, wanted: () => boolean) =>
  new Promise<void>((resolve) => {
    const off = stack.onChange(look)
    function look() {
      if (!wanted()) return
      off()
      resolve()
    }
    look()
  })
const bothUp = (stack: Stack) => reaches(stack, () => stack.temporal() !== null && stack.postgres() !== null)
const part = (stack: Stack, name: 'temporal' | 'postgres'): Part => stack.status()[name]
const pidOf = (home: Home, name: 'temporal' | 'postgres'): number =>
  JSON.parse(readFileSync(join(home[name], 'server.json'), 'utf8')).pid as number
async function asked<T extends pg.QueryResultRow>(stack: Stack, sql: string): Promise<T[]> {
  const client = new pg.Client(stack.postgres() ?? {})
  await client.connect()
  try {
    return (await client.query<T>(sql)).rows
  } finally {
    await client.end()
  }
}

test('two that start at once and find the same ports free each end up with servers of their own', async () => {
  const stacks = await Promise.all([testHome(), testHome()].map(({ home }) => stackOn(home)))
  // Each time that one of them was up, its own child was what answered: nobody was up and then down again.
  const flapped = stacks.map((stack) => {
    let wasUp = false
    let isFlapped = false
    stack.onChange(() => {
      const isUp = stack.temporal() !== null
      isFlapped ||= wasUp && !isUp
      wasUp = isUp
    })
    return () => isFlapped
  })
  for (const stack of stacks) stack.start()
  await Promise.all(stacks.map(bothUp))
  expect(new Set(stacks.map((stack) => part(stack, 'temporal').address)).size).toBe(2)
  expect(new Set(stacks.map((stack) => part(stack, 'postgres').address)).size).toBe(2)
  expect(flapped.map((ask) => ask())).toEqual([false, false])
})

test('comes up, recovers from kill -9 of each server, keeps what was confirmed, and leaves nothing behind', async () => {
  const { home } = testHome()
  const stack = await stackOn(home)
  expect(stack.temporal()).toBeNull()
  stack.start()
  await bothUp(stack)

  // Usable, not just listening: the search attribute answers, the tables are there, the role is no superuser.
  const place = stack.temporal()
  const connection = await Connection.connect({ address: place?.address })
  const attributes = await connection.operatorService.listSearchAttributes({ namespace: place?.namespace })
  expect(Object.keys(attributes.customAttributes ?? {})).toContain(stageAttribute)
  await connection.close()
  expect(await asked(stack, 'SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user')).toEqual([
    { rolsuper: false, rolcreatedb: false, rolcreaterole: false },
  ])
  for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    expect(await asked(stack, `SHOW ${setting}`)).toEqual([{ [setting]: 'on' }])
  }
  const web = await fetch(stack.status().temporalUiUrl as string)
  expect(web.status).toBe(200)
  expect(statSync(join(home.config, 'secrets.json')).mode & 0o777).toBe(0o600)
  for (const name of ['temporal', 'postgres'] as const) {
    const environment = readFileSync(`/proc/${pidOf(home, name)}/environ`, 'utf8')
    const secrets = Object.values(JSON.parse(readFileSync(join(home.config, 'secrets.json'), 'utf8')) as Record<string, string>)
    expect(secrets).toHaveLength(2)
    for (const secret of secrets)
      expect(environment + readFileSync(`/proc/${pidOf(home, name)}/cmdline`, 'utf8')).not.toContain(secret)
  }

  await asked(
    stack,
    "INSERT INTO decisions VALUES (DEFAULT, 'w', 'r', 'd', 'approve', 'why', 'me', 'here', 'update', 'm', now())",
  )
  for (const name of ['temporal', 'postgres'] as const) {
    const before = pidOf(home, name)
    const address = part(stack, name).address
    const gone = reaches(stack, () => part(stack, name).state === 'down')
    process.kill(before, 'SIGKILL')
    await gone
    expect(part(stack, name).detail).toMatch(/ended by itself \(SIGKILL\).*Gatehouse tries again/)
    await bothUp(stack)
    expect(pidOf(home, name)).not.toBe(before)
    expect(part(stack, name)).toMatchObject({ state: 'up', detail: '', address })
  }
  expect(await asked(stack, 'SELECT reason FROM decisions')).toEqual([{ reason: 'why' }])

  const pids = [pidOf(home, 'temporal'), pidOf(home, 'postgres')]
  await stack.close()
  for (const pid of pids) expect(isAlive(pid)).toBe(false)
  for (const name of ['temporal', 'postgres'] as const) {
    expect(existsSync(join(home[name], 'server.json'))).toBe(false)
    expect(processesMarked('GATEHOUSE_CHILD', join(home[name], 'server.json'))).toEqual([])
  }
  expect(stack.status()).toMatchObject({ temporal: { state: 'off' }, postgres: { state: 'off' } })
  for (const log of ['temporal.log', 'postgres.log']) {
    for (const secret of Object.values(
      JSON.parse(readFileSync(join(home.config, 'secrets.json'), 'utf8')) as Record<string, string>,
    )) {
      expect(readFileSync(join(home.logs, log), 'utf8')).not.toContain(secret)
    }
  }
})

test('taken ports: the next ones are used, shown and remembered', async () => {
  const { home } = testHome()
  for (const port of [22_330, 22_430, 22_530]) {
    const blocker = createServer()
    await new Promise<void>((resolve) => blocker.listen(port, '127.0.0.1', resolve))
    endings.push(() => new Promise((resolve) => blocker.close(resolve)))
  }
  const stack = await stackOn(home)
  stack.start()
  await bothUp(stack)
  const shown = [part(stack, 'temporal').address, part(stack, 'postgres').address, stack.status().temporalUiUrl]
  for (const [i, base] of [22_330, 22_530, 22_430].entries()) {
    const port = Number(/:(\d+)$/.exec(shown[i] ?? '')?.[1])
    expect(port).toBeGreaterThan(base)
    expect(port).toBeLessThan(base + 50)
  }
  expect(part(stack, 'temporal').summary).toBe(`embedded ${part(stack, 'temporal').address?.split(':')[1]}`)
  expect(readFileSync(join(home.postgres, 'port'), 'utf8').trim()).toBe(part(stack, 'postgres').address?.split(':')[1])
})

test('servers that a killed host left behind are stopped at the next start, and their data is kept', async () => {
  const { home } = testHome()
  await openSecrets({ home, log: silentLog, wanted: 'file' })
  // Another host on this data folder, as it would be in a crash.
  const host = fork(join(import.meta.dirname, 'testHost.ts'), [home.root], { execPath: process.execPath })
  endings.push(async () => host.kill('SIGKILL'))
  await new Promise((resolve, reject) => {
    host.once('message', resolve)
    host.once('exit', () => reject(new Error('the host ended')))
  })
  const orphans = [pidOf(home, 'temporal'), pidOf(home, 'postgres')]
  const ended = new Promise((resolve) => host.once('exit', resolve))
  host.kill('SIGKILL')
  await ended
  for (const pid of orphans) expect(isAlive(pid)).toBe(true)

  const stack = await stackOn(home)
  stack.start()
  await bothUp(stack)
  for (const pid of orphans) expect(isAlive(pid)).toBe(false)
  expect(await asked(stack, 'SELECT workflow_id FROM decisions')).toEqual([{ workflow_id: 'before the crash' }])
})

test('a lost password is set anew, because the data folder is ours', async () => {
  const { home } = testHome()
  const first = await stackOn(home)
  first.start()
  await bothUp(first)
  await asked(
    first,
    "INSERT INTO decisions VALUES (DEFAULT, 'w', 'r', 'd', 'reject', 'kept', 'me', 'here', 'update', 'm', now())",
  )
  await first.close()
  writeFileSync(join(home.config, 'secrets.json'), '{}')
  const second = await stackOn(home)
  second.start()
  await bothUp(second)
  expect(await asked(second, 'SELECT reason FROM decisions')).toEqual([{ reason: 'kept' }])
  const secrets = JSON.parse(readFileSync(join(home.config, 'secrets.json'), 'utf8')) as Record<string, string>
  expect(readFileSync(join(home.logs, 'postgres.log'), 'utf8')).not.toContain(secrets['postgres-admin-password'])
})

test('a stale postmaster.pid that names a stranger hurts neither the stranger nor the start', async () => {
  const { home } = testHome()
  const first = await stackOn(home)
  first.start()
  await bothUp(first)
  await first.close()
  const place = join(home.postgres, 'place.json')
  const data = existsSync(place)
    ? join('/var/lib/gatehouse', JSON.parse(readFileSync(place, 'utf8')).id, 'data')
    : join(home.postgres, 'data')
  const stranger = spawn('sleep', ['1000'])
  endings.push(async () => stranger.kill('SIGKILL'))
  writeFileSync(join(data, 'postmaster.pid'), `${stranger.pid}\n${data}\n1\n5432\n\n127.0.0.1\n  1 1\nready   \n`)
  const second = await stackOn(home)
  second.start()
  await bothUp(second)
  expect(isAlive(stranger.pid as number)).toBe(true)
})

test.runIf(process.getuid?.() === 0)('as root, a closed data folder gets its database outside, said once', async () => {
  const { home } = testHome()
  expect(statSync(home.root).mode & 0o077).toBe(0)
  const first = await stackOn(home)
  first.start()
  await bothUp(first)
  expect(part(first, 'postgres').detail).toContain('/var/lib/gatehouse/')
  expect(statSync(home.root).mode & 0o077).toBe(0)
  await first.close()
  const second = await stackOn(home)
  second.start()
  await bothUp(second)
  expect(part(second, 'postgres').detail).toBe('')
})

test('another version of the CLI gets the database only after a copy was kept', async () => {
  const { home } = testHome()
  const first = await stackOn(home)
  first.start()
  await bothUp(first)
  await first.close()
  writeFileSync(join(home.temporal, 'cli-version'), '1.5.1\n')
  const second = await stackOn(home)
  second.start()
  await bothUp(second)
  const { detail } = part(second, 'temporal')
  expect(detail).toContain('changed from 1.5.1 to')
  expect(statSync(/copy of its database from before is (\S+)\.$/.exec(detail)?.[1] as string).size).toBeGreaterThan(0)
})

test('remote servers that are away: down with a sentence; retry finds them at once when they are there', async () => {
  const servers = testHome()
  const ours = await stackOn(servers.home)
  const { home } = testHome()
  const ports = { temporal: 22_630, postgres: 22_730 }
  expect(await Promise.all(Object.values(ports).map((p) => isFree(p)))).toEqual([true, true])
  writeFileSync(
    join(home.config, 'profiles.json'),
    JSON.stringify({
      current: 'team',
      profiles: {
        team: {
          temporal: { address: `127.0.0.1:${ports.temporal}`, namespace: 'default' },
          postgres: { host: '127.0.0.1', port: ports.postgres, user: 'gatehouse', database: 'gatehouse', sslmode: 'disable' },
        },
      },
    }),
  )
  const away = await stackOn(home, '')
  expect(away.profile).toBe('team')
  away.start()
  await reaches(away, () => part(away, 'temporal').state === 'down' && part(away, 'postgres').state === 'down')
  expect(part(away, 'temporal').detail).toMatch(/^Temporal does not answer on 127\.0\.0\.1:22630.*Gatehouse tries again in/)
  expect(part(away, 'temporal').remedy).not.toBe('')
  expect(part(away, 'postgres').detail).toMatch(
    /^Postgres does not answer on 127\.0\.0\.1:22730: connection refused\. Gatehouse tries again in/,
  )
  expect(away.postgresProblem()?.kind).toBe('weather')
  await away.close()

  // The same file, now with addresses where servers are; first with a wrong password, then with the right one.
  ours.start()
  await bothUp(ours)
  const there = { temporal: ours.temporal()?.address, postgres: ours.postgres() }
  writeFileSync(
    join(home.config, 'profiles.json'),
    JSON.stringify({
      current: 'team',
      profiles: {
        team: {
          temporal: { address: there.temporal, namespace: 'default' },
          postgres: {
            host: '127.0.0.1',
            port: there.postgres?.port,
            user: 'gatehouse',
            database: 'gatehouse',
            sslmode: 'disable',
          },
        },
      },
    }),
  )
  const attached = await stackOn(home, '')
  vi.stubEnv('GATEHOUSE_POSTGRES_PASSWORD', 'wrong-password')
  attached.start()
  await reaches(attached, () => part(attached, 'postgres').state === 'down')
  expect(attached.postgresProblem()).toMatchObject({ kind: 'configuration', sqlState: '28P01' })
  expect(part(attached, 'postgres').detail).not.toContain('wrong-password')
  vi.stubEnv('GATEHOUSE_POSTGRES_PASSWORD', there.postgres?.password as string)
  attached.retry()
  await bothUp(attached)
  // Not ours: closing this one stops nobody.
  await attached.close()
  expect(await asked(ours, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('a profiles file that is not right is kept and named, and nothing is guessed', async () => {
  const { home } = testHome()
  const file = join(home.config, 'profiles.json')
  writeFileSync(file, '{"current": "team", "profiles": {"team": {"temporal": {"address": "nowhere"}}}}')
  const stack = await stackOn(home, '')
  stack.start()
  await reaches(stack, () => part(stack, 'temporal').state === 'down' && part(stack, 'postgres').state === 'down')
  expect(part(stack, 'temporal').detail).toContain(file)
  expect(part(stack, 'temporal').detail).toContain('profiles.team.temporal.address: must be host:port')
  const copy = /kept as (\S+)\. Gatehouse/.exec(part(stack, 'temporal').detail)?.[1] as string
  expect(readFileSync(copy, 'utf8')).toBe(readFileSync(file, 'utf8'))
  expect(existsSync(join(home.temporal, 'server.json'))).toBe(false)
  // The file is mended while the app runs: no restart.
  writeFileSync(file, '{"current": "embedded"}')
  stack.retry()
  await bothUp(stack)
  expect(stack.profile).toBe('embedded')
})

test('a Postgres that is held down stays down, says why, and is back with its data when it is let go', async () => {
  const { home } = testHome()
  const stack = await stackOn(home)
  const reason = { message: 'Stopped by a drill.', remedy: 'Switch it off.' }
  expect(stack.ownsServers()).toBe(true)
  // Held before it ever ran, as a drill that outlived its host does.
  const heldAtStart = stack.pause('postgres', reason)
  stack.start()
  await heldAtStart
  await reaches(stack, () => stack.temporal() !== null)
  expect(part(stack, 'postgres')).toMatchObject({ state: 'down', detail: 'Stopped by a drill.', remedy: 'Switch it off.' })
  expect(stack.postgresProblem()).toMatchObject({ kind: 'weather', message: 'Stopped by a drill.' })

  stack.resume('postgres')
  await bothUp(stack)
  await asked(
    stack,
    "INSERT INTO decisions VALUES (DEFAULT, 'w', 'r', 'd', 'approve', 'why', 'me', 'here', 'update', 'm', now())",
  )
  const pid = pidOf(home, 'postgres')
  await stack.pause('postgres', reason)
  expect(isAlive(pid)).toBe(false)
  expect(stack.postgres()).toBeNull()
  // Whoever wants everything tried again does not end a drill by it.
  stack.retry()
  await stack.pause('postgres', reason)
  expect(part(stack, 'postgres').state).toBe('down')
  expect(stack.temporal()).not.toBeNull()

  stack.resume('postgres')
  await bothUp(stack)
  expect(part(stack, 'postgres')).toMatchObject({ state: 'up', detail: '' })
  expect(await asked(stack, 'SELECT reason FROM decisions')).toEqual([{ reason: 'why' }])

  // Let go and taken back while it comes up, and closed while it is held: nothing stays behind.
  const again = pidOf(home, 'postgres')
  void stack.pause('postgres', reason)
  stack.resume('postgres')
  await stack.pause('postgres', reason)
  expect(part(stack, 'postgres')).toMatchObject({ state: 'down', detail: 'Stopped by a drill.' })
  await stack.close()
  expect(isAlive(again)).toBe(false)
  expect(processesMarked('GATEHOUSE_CHILD', join(home.postgres, 'server.json'))).toEqual([])
})

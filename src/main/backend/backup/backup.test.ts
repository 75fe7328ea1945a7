import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import { acquireLock } from '../../control/lock.ts'
import { findAppRoot, sourcePaths } from '../../paths.ts'
import { type Home, homeAt, makeHome } from '../home.ts'
import { createKeyRing } from '../keys/createKeyRing.ts'
import { createStoredKeys } from '../keys/storedKeys.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { silentLog } from '../log.ts'
import { openSecrets } from '../secrets/openSecrets.ts'
import { createFileStore } from '../store/fileStore.ts'
import { writeArchive } from './archive.ts'
import { copyDatabase, whatIsDamaged } from './copyDatabase.ts'
import { lastBackup, unusableNote } from './lastBackup.ts'
import { manifestName } from './manifest.ts'
import { type RestoreOptions, restoreBackup } from './restoreBackup.ts'
import { type BackupSources, writeBackup } from './writeBackup.ts'

const folders: string[] = []
const rings: { close(): void }[] = []
afterEach(() => {
  for (const ring of rings.splice(0)) ring.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-backup-'))
  folders.push(folder)
  return folder
}
const paths = sourcePaths(findAppRoot(import.meta.dirname))
const passphrase = 'correct horse battery staple'

/** A data folder with a ledger, a dataset, keys in a file and settings; its servers are somebody else's. */
async function dataFolder() {
  const folder = newFolder()
  const home = homeAt(join(folder, 'home'))
  makeHome(home)
  openLedger(home.ledger).close()
  const dataset = await createFileStore(home.store).putBytes(Buffer.from('a,b\n1,2\n'))
  const secrets = await openSecrets({ home, log: silentLog, wanted: 'file' })
  const ring = createKeyRing({ home, secrets, log: silentLog, openRuns: () => [] })
  rings.push(ring)
  await ring.ready
  writeFileSync(join(home.config, 'settings.json'), JSON.stringify({ inboxFolders: [home.inbox, '/mnt/shared'] }))
  writeFileSync(join(home.config, 'client.pem'), 'a private key of the operator')
  const keyId = ring.state().keys[0]?.id as string
  const sources: BackupSources = {
    ...{ home, appVersion: '0.1.0', log: silentLog },
    profile: () => 'team',
    ownsServers: () => false,
    postgres: () => null,
    keys: { list: () => ring.state().keys, exportKey: ring.exportKey },
    hold: () => () => {},
  }
  const back = (to: Home, more: Partial<RestoreOptions> & { file: string }) =>
    restoreBackup({ home: to, paths, replace: false, passphrase: async () => passphrase, log: silentLog, ...more })
  return { folder, home, dataset, keyId, sources, back, secrets }
}

describe('a database', () => {
  it('is copied as it was at one moment, while another connection goes on writing', async () => {
    const folder = newFolder()
    const writer = new Database(join(folder, 'a.db'))
    writer.pragma('journal_mode = WAL')
    writer.exec('CREATE TABLE t (x)')
    const add = writer.prepare('INSERT INTO t VALUES (?)')
    for (let i = 0; i < 6_000; i++) add.run('x'.repeat(3_000)) // several steps of the copy
    const writing = setInterval(() => add.run('later'), 0)
    await copyDatabase(join(folder, 'a.db'), join(folder, 'b.db'))
    clearInterval(writing)
    const copy = new Database(join(folder, 'b.db'), { readonly: true })
    expect(copy.prepare("SELECT count(*) FROM t WHERE x <> 'later'").pluck().get()).toBe(6_000)
    copy.close()
    writer.close()
    expect(whatIsDamaged(join(folder, 'b.db'))).toBeNull()
    expect(readdirSync(folder).filter((name) => name.startsWith('b.db-'))).toEqual([])
  })

  it('that was cut off is told', () => {
    const file = join(newFolder(), 'a.db')
    const db = new Database(file)
    db.exec('CREATE TABLE t (x)')
    for (let i = 0; i < 100; i++) db.prepare('INSERT INTO t VALUES (?)').run('x'.repeat(3_000))
    db.close()
    writeFileSync(file, readFileSync(file).subarray(0, 40_000))
    expect(whatIsDamaged(file)).not.toBeNull()
  })
})

describe('a backup', () => {
  it('comes back in another folder: datasets, keys and settings, with the inbox moved along', async () => {
    const { folder, home, dataset, keyId, sources, back } = await dataFolder()
    const file = join(folder, 'one.zip')
    const made = await writeBackup(sources, { file, passphrase })
    expect(made).toMatchObject({ runs: 0, keysIncluded: [keyId], keysMissing: [] })
    rmSync(home.root, { recursive: true })

    const to = homeAt(join(folder, 'elsewhere', 'home'))
    const report = await back(to, { file })
    expect(report).toMatchObject({ setAside: null, keysRestored: [keyId], keysMissing: [] })
    expect(await createFileStore(to.store).verify(dataset.sha256)).toBe(true)
    expect(JSON.parse(readFileSync(join(to.config, 'settings.json'), 'utf8')).inboxFolders).toEqual([to.inbox, '/mnt/shared'])
    expect(report.notes.join(' ')).toContain('/mnt/shared')
    const ring = createKeyRing({
      home: to,
      secrets: await openSecrets({ home: to, log: silentLog }),
      log: silentLog,
      openRuns: () => [],
    })
    await ring.ready
    expect(ring.problem()).toBeNull()
    expect(ring.state().keys.map(({ id, state }) => ({ id, state }))).toEqual([{ id: keyId, state: 'sealing' }])
    ring.close()
  })

  it('holds no secret in clear, and nothing of the configuration that is not ours', async () => {
    const { folder, home, sources } = await dataFolder()
    const file = join(folder, 'one.zip')
    const { notes } = await writeBackup(sources, { file, passphrase })
    const { openArchive } = await import('./archive.ts')
    const archive = await openArchive(file)
    const secrets = Object.values(JSON.parse(readFileSync(join(home.config, 'secrets.json'), 'utf8')) as Record<string, string>)
    expect(secrets.length).toBeGreaterThan(1)
    for (const { name } of archive.entries) {
      const text = (await archive.read(name, 10_000_000)).toString('latin1')
      for (const secret of [...secrets, passphrase, 'a private key of the operator']) expect(text).not.toContain(secret)
    }
    archive.close()
    expect(notes.join(' ')).toContain('client.pem')
  })

  it('finds the keys on the same machine where no passphrase was given, and says what is missing elsewhere', async () => {
    const { folder, home, keyId, sources, back } = await dataFolder()
    const file = join(folder, 'one.zip')
    expect((await writeBackup(sources, { file, passphrase: null })).keysMissing).toEqual([keyId])
    expect(await back(homeAt(join(folder, 'b')), { file })).toMatchObject({ keysRestored: [keyId], keysMissing: [] })
    rmSync(home.root, { recursive: true })
    expect(await back(homeAt(join(folder, 'c')), { file })).toMatchObject({ keysRestored: [], keysMissing: [keyId] })
  })

  it('is refused with another passphrase, before anything is made', async () => {
    const { folder, sources, back } = await dataFolder()
    const file = join(folder, 'one.zip')
    await writeBackup(sources, { file, passphrase })
    await expect(back(homeAt(join(folder, 'b')), { file, passphrase: async () => 'another passphrase' })).rejects.toThrow(
      /does not open the key .* Nothing was changed/,
    )
    expect(readdirSync(folder).sort()).toEqual(['home', 'one.zip'])
  })

  it('does not take the place of a data folder unless told, and then keeps it aside', async () => {
    const { folder, home, sources, back } = await dataFolder()
    const file = join(folder, 'one.zip')
    await writeBackup(sources, { file, passphrase })
    writeFileSync(join(home.inbox, 'later.csv'), 'a\n1\n')
    await expect(back(home, { file })).rejects.toThrow(/not empty/)
    const lock = acquireLock(home)
    await expect(back(home, { file, replace: true })).rejects.toThrow(/A Gatehouse runs on/)
    lock?.release()
    expect(readFileSync(join(home.inbox, 'later.csv'), 'utf8')).toBe('a\n1\n')

    const { setAside, notes } = await back(home, { file, replace: true })
    expect(readFileSync(join(setAside as string, 'data', 'raw', 'later.csv'), 'utf8')).toBe('a\n1\n')
    expect(readdirSync(home.inbox)).toEqual([])
    expect(notes.join(' ')).toContain(join(setAside as string, 'data', 'raw'))
    expect(acquireLock(home)).not.toBeNull()
  })

  it('is not written over a file, and leaves nothing behind when it cannot be made', async () => {
    const { folder, home, sources } = await dataFolder()
    const file = join(folder, 'one.zip')
    writeFileSync(file, 'mine')
    await expect(writeBackup(sources, { file, passphrase: null })).rejects.toThrow(/there already/)
    expect(readFileSync(file, 'utf8')).toBe('mine')
    const whole = { ...sources, ownsServers: () => true }
    await expect(writeBackup(whole, { file: join(folder, 'two.zip'), passphrase: null })).rejects.toThrow(/Postgres is not up/)
    expect(readdirSync(home.backups)).toEqual([])
    expect(readdirSync(folder).sort()).toEqual(['home', 'one.zip'])
  })
})

describe('an archive that is not right is refused, and nothing is left of it', () => {
  const madeOf = async (change: (manifest: Record<string, unknown>) => unknown, extra: { name: string; from: Buffer }[] = []) => {
    const given = await dataFolder()
    const file = join(given.folder, 'one.zip')
    await writeBackup(given.sources, { file, passphrase: null })
    const { openArchive } = await import('./archive.ts')
    const archive = await openArchive(file)
    const sources: { name: string; from: Buffer }[] = []
    for (const { name } of archive.entries) if (name !== manifestName) sources.push({ name, from: await archive.read(name, 1e7) })
    const manifest = JSON.parse((await archive.read(manifestName, 1e7)).toString())
    archive.close()
    rmSync(file)
    const content = () => Buffer.from(JSON.stringify(change(manifest)))
    await writeArchive({ path: file, sources: [...sources, ...extra], last: { name: manifestName, content } })
    return { ...given, file }
  }
  const refused = async ({ folder, back, file }: Awaited<ReturnType<typeof madeOf>>, words: RegExp) => {
    const to = homeAt(join(folder, 'b'))
    await expect(back(to, { file })).rejects.toThrow(words)
    await expect(back(to, { file })).rejects.toThrow(/Nothing was changed/)
    expect(readdirSync(folder).sort()).toEqual(['home', 'one.zip'])
  }

  it('cut off', async () => {
    const made = await madeOf((manifest) => manifest)
    writeFileSync(made.file, readFileSync(made.file).subarray(0, -200))
    await refused(made, /was cut off/)
  })
  it('a text file, or an archive of something else', async () => {
    const made = await madeOf((manifest) => manifest)
    writeFileSync(made.file, 'not an archive')
    await refused(made, /no archive/)
    rmSync(made.file)
    await writeArchive({ path: made.file, sources: [{ name: 'a.txt', from: Buffer.from('a') }] })
    await refused(made, new RegExp(`does not hold ${manifestName}`))
  })
  it('of a newer version', async () => {
    await refused(await madeOf((manifest) => ({ ...manifest, version: 2 })), /made by a newer Gatehouse/)
    await refused(await madeOf((manifest) => ({ ...manifest, ledgerVersion: 9_999 })), /does not know its ledger/)
    const tables = { migrations: ['0001_of_tomorrow'], tables: [] }
    await refused(await madeOf((manifest) => ({ ...manifest, postgres: tables })), /does not know its tables/)
  })
  it('with another content than its manifest says', async () => {
    const other = (manifest: Record<string, unknown>) => ({
      ...manifest,
      entries: (manifest.entries as { name: string; sha256: string }[]).map((entry) =>
        entry.name === 'ledger.sqlite' ? { ...entry, sha256: '0'.repeat(64) } : entry,
      ),
    })
    await refused(await madeOf(other), /ledger\.sqlite has another SHA-256/)
    await refused(await madeOf((manifest) => ({ ...manifest, entries: [] })), /was changed/)
  })
  it('with a byte changed on the way', async () => {
    const made = await madeOf((manifest) => manifest)
    const bytes = readFileSync(made.file)
    const at = bytes.indexOf('ledger.sqlite') + 2_000
    bytes[at] = (bytes[at] ?? 0) ^ 0xff
    writeFileSync(made.file, bytes)
    await refused(made, /damaged|changed/)
  })
  it('with a name that leads out of the folder, or that no backup has', async () => {
    await refused(
      await madeOf((manifest) => manifest, [{ name: 'config/evil/x', from: Buffer.from('x') }]),
      /which no backup has/,
    )
    const made = await madeOf((manifest) => manifest, [{ name: 'aa/evil.txt', from: Buffer.from('x') }])
    // No writer makes such an archive, so the name is exchanged in the bytes, at both places.
    writeFileSync(
      made.file,
      Buffer.from(readFileSync(made.file).toString('latin1').replaceAll('aa/evil.txt', '../evil.txt'), 'latin1'),
    )
    await refused(made, /invalid relative path/)
  })
  it('whose ledger is damaged', async () => {
    const given = await dataFolder()
    const file = join(given.folder, 'one.zip')
    mkdirSync(given.home.backups, { recursive: true })
    const half = Buffer.from('SQLite format 3\0 and then nothing')
    const { createHash } = await import('node:crypto')
    const content = () =>
      Buffer.from(
        JSON.stringify({
          ...{ format: 'gatehouse-backup', version: 1, madeAt: new Date().toISOString(), appVersion: '0.1.0', home: '/x' },
          ...{ profile: 'embedded', ledgerVersion: 1, runs: 0, temporal: null, postgres: null, keys: [], notes: [] },
          entries: [{ name: 'ledger.sqlite', size: half.length, sha256: createHash('sha256').update(half).digest('hex') }],
        }),
      )
    await writeArchive({ path: file, sources: [{ name: 'ledger.sqlite', from: half }], last: { name: manifestName, content } })
    await refused({ ...given, file }, /damaged database/)
  })
})

it('keys that were wrapped by the passphrase are stored where this machine keeps secrets', async () => {
  const { folder, home, keyId, sources, back } = await dataFolder()
  const file = join(folder, 'one.zip')
  await writeBackup(sources, { file, passphrase })
  rmSync(home.root, { recursive: true })
  const to = homeAt(join(folder, 'b'))
  await back(to, { file })
  const stored = createStoredKeys(await openSecrets({ home: to, log: silentLog }))
  expect((await stored.list()).map(({ id }) => id)).toEqual([keyId])
})

it('is remembered wherever it was put, and told when it is not there any more', async () => {
  const { folder, home, sources } = await dataFolder()
  expect(await lastBackup(home)).toBe(null)
  const { file, sha256 } = await writeBackup(sources, { file: join(folder, 'elsewhere.zip'), passphrase: null })
  expect(await lastBackup(home)).toMatchObject({ file, sha256, isThere: true })
  writeFileSync(file, 'another file')
  expect(await lastBackup(home)).toMatchObject({ file, isThere: false })
})

it('a damaged note of the newest one is named and kept; the next backup is noted in its place', async () => {
  const { folder, home, sources } = await dataFolder()
  expect(unusableNote(home)).toBe(null)
  const note = join(home.backups, 'last.json')
  writeFileSync(note, '{"file": "/somewhere/one.z')
  expect(await lastBackup(home)).toBe(null)
  const told = unusableNote(home)
  expect(told).toMatchObject({
    file: note,
    problem: expect.stringMatching(/could not be used: .* It was kept as .*last\.json\.broken-/),
  })
  expect(unusableNote(home)).toEqual(told)
  const { file } = await writeBackup(sources, { file: join(folder, 'elsewhere.zip'), passphrase: null })
  expect(await lastBackup(home)).toMatchObject({ file, isThere: true })
  expect(unusableNote(home)).toBe(null)
  const kept = readdirSync(home.backups).filter((name) => name.includes('.broken-'))
  expect(kept).toHaveLength(1)
  expect(readFileSync(join(home.backups, kept[0] as string), 'utf8')).toBe('{"file": "/somewhere/one.z')
})

it('that is stopped leaves nothing, and the one before it', async () => {
  const { folder, home, sources } = await dataFolder()
  const before = await writeBackup(sources, { file: join(folder, 'one.zip'), passphrase: null })
  const stop = new AbortController()
  const file = join(folder, 'two.zip')
  const stopped = writeBackup(sources, {
    ...{ file, passphrase: null, signal: stop.signal },
    onProgress: ({ totalBytes }) => totalBytes > 0 && stop.abort(),
  })
  await expect(stopped).rejects.toThrow('The backup was stopped. Nothing of it was kept')
  expect(readdirSync(folder).sort()).toEqual(['home', 'one.zip'])
  expect(readdirSync(home.backups)).toEqual(['last.json'])
  expect(await lastBackup(home)).toMatchObject({ file: before.file, isThere: true })
})

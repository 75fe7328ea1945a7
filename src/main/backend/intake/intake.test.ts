import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CallFailed } from '../../../contract/errors.ts'
import type { IntakeEntry } from '../../../contract/model.ts'
import { otherProgramOn } from '../ledger/testing/sharedLedger.ts'
import { fileNameOf } from './names.ts'
import { type Harness, openIntake, tempHome } from './testing/harness.ts'

const csv = (seed: string | number, rows = 30) =>
  `a,b,c\n${Array.from({ length: rows }, (_, i) => `${seed},${i},${i * 2}`).join('\n')}\n`
const named = (name: string) => (entry: IntakeEntry) => entry.fileName === name
const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex')
const isRoot = process.getuid?.() === 0
const isLinux = process.platform === 'linux'

let place: ReturnType<typeof tempHome>
let h: Harness
let inbox: string
/** A folder beside the inbox, on the same disk. */
let outside: string

beforeEach(async () => {
  place = tempHome()
  outside = join(place.home.root, 'outside')
  fs.mkdirSync(outside)
  h = await openIntake(place.home.root)
  inbox = h.home.inbox
  await h.intake.start()
})
afterEach(async () => {
  await h.close()
  await place.remove()
})

const drop = (name: string, content: string | Buffer = csv(name), folder = inbox) => {
  const path = join(folder, name)
  fs.mkdirSync(join(path, '..'), { recursive: true })
  fs.writeFileSync(path, content)
  return path
}
/** A file whose name is not valid UTF-8. */
const dropOddName = () =>
  fs.writeFileSync(Buffer.concat([Buffer.from(`${inbox}/bad`), Buffer.from([0xff]), Buffer.from('.csv')]), csv(1))
/** Whatever else was going on is over once a file dropped last has come through. */
const settled = async () => {
  const name = `marker-${Math.random()}.csv`
  drop(name)
  await h.entry(named(name))
}

describe('a good file', () => {
  it('becomes a dataset, a run, a start, a place in the list and an entry, all at once', async () => {
    const content = csv('good')
    const path = drop('good model.csv', content)
    const entry = await h.entry(named('good model.csv'))
    expect(entry).toMatchObject({ outcome: 'accepted', code: null, path, sizeBytes: content.length })
    const id = entry.workflowId as string
    expect(id).toMatch(/^mlops-\d{10}-good_model$/)
    expect(entry.message).toContain(id)
    const hash = sha256(content)
    expect(h.runs()).toMatchObject([{ workflow_id: id, file_name: 'good model.csv', sha256: hash, origin: 'inbox' }])
    expect(h.ledger.prepare('SELECT sha256, size_bytes FROM dataset').all()).toEqual([
      { sha256: hash, size_bytes: content.length },
    ])
    expect(h.ledger.prepare('SELECT * FROM projection').get()).toMatchObject({
      workflow_id: id,
      stage: 'Queued',
      revision: 1,
      stage_since: entry.at,
      run_id: null,
    })
    const start = h.ledger.prepare('SELECT input FROM start_outbox WHERE workflow_id = ?').get(id) as { input: string }
    expect(JSON.parse(start.input)).toMatchObject({
      file_path: path,
      trigger_type: 'file_upload',
      dataset: { sha256: hash, uri: `sha256:${hash}`, size_bytes: content.length, file_name: 'good model.csv' },
      submitted_by: 'ada',
      settings: { approval_timeout_seconds: 3600 },
    })
    expect(fs.readFileSync((await h.store.pathOf(hash)) as string, 'utf8')).toBe(content)
    expect(fs.existsSync(path)).toBe(true)
    expect(h.acceptedIds).toEqual([id])
    expect(h.intake.list(10)[0]).toEqual(entry)
  })

  it('is found in a subfolder that was made after the start', async () => {
    drop('deep.csv', csv('deep'), join(inbox, 'team a', '2024'))
    expect((await h.entry(named('deep.csv'))).outcome).toBe('accepted')
  })

  it.each([
    ['spaces', 'a b  c.csv'],
    ['quotes', `it's "quoted".csv`],
    ['emoji', '🎉 rings 🐚.csv'],
    ['a leading dash', '-rf.csv'],
    ['dots inside', 'a..b...c.csv'],
    ['a line break', 'two\nlines.csv'],
    ['capital ending', 'SHOUT.CSV'],
    ['nothing but symbols', '%&$§.csv'],
    ['255 bytes', `${'x'.repeat(251)}.csv`],
    ['255 bytes of many-byte letters', `${'é'.repeat(125)}a.csv`],
  ])('may have a name with %s', async (_what, name) => {
    const path = drop(name)
    const entry = await h.entry(named(fileNameOf(path)))
    expect(entry).toMatchObject({ outcome: 'accepted', path })
    expect(entry.workflowId).toMatch(/^mlops-\d{10}-[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/)
  })

  it('may be UTF-16 with a byte order mark, have CRLF, a BOM, ragged rows or only a header: later steps judge those', async () => {
    drop('utf16.csv', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(csv(1), 'utf16le')]))
    drop('utf16-no-mark.csv', Buffer.from(csv(2), 'utf16le'))
    drop('bom.csv', `\ufeff${csv(3)}`)
    drop('crlf.csv', csv(4).replaceAll('\n', '\r\n'))
    drop('ragged.csv', 'a,b\n1\n1,2,3\n')
    drop('header.csv', 'a,b,c\n')
    drop('latin.csv', Buffer.from('größe,länge\n1,2\n', 'latin1'))
    const entries = await h.entries(7)
    expect(entries.map(({ outcome }) => outcome)).toEqual(Array(7).fill('accepted'))
  })
})

describe('identity', () => {
  it('the same name with the same content is one run for ever, and the entry links it', async () => {
    drop('a.csv', csv(1))
    const first = await h.entry(named('a.csv'))
    drop('a.csv', csv(1), join(inbox, 'elsewhere'))
    const second = await h.entry((e) => e.outcome === 'alreadyProcessed')
    expect(second.workflowId).toBe(first.workflowId)
    expect(second.message).toContain('already processed')
    expect(h.runs()).toHaveLength(1)
  })

  it('dropping the same file over itself says so again', async () => {
    drop('a.csv', csv(1))
    await h.entry(named('a.csv'))
    drop('a.csv', csv(1))
    await h.entry((e) => e.outcome === 'alreadyProcessed')
    expect(h.runs()).toHaveLength(1)
  })

  it('the same content under another name is a new run of the same dataset', async () => {
    drop('a.csv', csv(1))
    drop('b.csv', csv(1))
    await h.entries(2, (e) => e.outcome === 'accepted')
    expect(new Set(h.runs().map((run) => run.workflow_id)).size).toBe(2)
    expect(h.ledger.prepare('SELECT count(*) AS n FROM dataset').get()).toEqual({ n: 1 })
  })

  it('new content under the same name is a new run, with an id of its own within the same second', async () => {
    drop('a.csv', csv(1))
    drop('a.csv', csv(2), join(inbox, 'sub'))
    const entries = await h.entries(2, (e) => e.outcome === 'accepted')
    expect(new Set(entries.map((e) => e.workflowId)).size).toBe(2)
    drop('a.csv', csv(3))
    await h.entries(3, (e) => e.outcome === 'accepted')
  })

  it('two spellings of one name in Unicode are one name', async () => {
    drop('caf\u00e9.csv', csv(1))
    await h.entry((e) => e.outcome === 'accepted')
    drop('cafe\u0301.csv', csv(1), join(inbox, 'sub'))
    const entry = await h.entry((e) => e.outcome === 'alreadyProcessed')
    expect(entry.fileName).toBe('caf\u00e9.csv')
  })

  it('a launch makes no new entries for what it knows, and finds what came while the app was closed', async () => {
    drop('known.csv')
    drop('refused.csv', '')
    await h.entries(2)
    await h.close()
    drop('new.csv')
    drop('also new.csv', csv(1), join(inbox, 'sub'))
    fs.appendFileSync(join(inbox, 'known.csv'), '9,9,9\n')
    h = await openIntake(place.home.root)
    await h.intake.start()
    await h.entries(3)
    await settled()
    expect(
      h
        .told()
        .map((e) => e.fileName)
        .filter((name) => !name.startsWith('marker'))
        .sort(),
    ).toEqual(['also new.csv', 'known.csv', 'new.csv'])
    expect(h.intake.list(100).filter(named('refused.csv'))).toHaveLength(1)
  })

  it('a change of permissions alone says nothing', async () => {
    const path = drop('a.csv')
    await h.entry(named('a.csv'))
    fs.chmodSync(path, 0o640)
    await settled()
    expect(h.told().filter(named('a.csv'))).toHaveLength(1)
  })
})

describe('a file that cannot be a dataset is refused with a message, and stays where it is', () => {
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
  const xlsx = Buffer.concat([
    Buffer.from('504b0304140006000800', 'hex'),
    Buffer.from('....[Content_Types].xml....xl/workbook.xml'),
  ])
  it.each([
    ['an empty file', 'empty.csv', Buffer.alloc(0), 'empty', /is empty/],
    ['a picture', 'image.csv', png, 'binary', /a PNG image, not a CSV/],
    ['a spreadsheet', 'sheet.csv', xlsx, 'binary', /Excel workbook \(\.xlsx\).*Export the data as CSV/],
    ['a database', 'db.csv', Buffer.from('SQLite format 3\0rest'), 'binary', /SQLite database/],
    ['a gzip archive', 'zipped.csv', Buffer.from('1f8b0800000000000003', 'hex'), 'binary', /gzip/],
    ['a program', 'elf.csv', Buffer.from('7f454c460201010000', 'hex'), 'binary', /program/],
    ['binary noise', 'noise.csv', Buffer.from([1, 2, 0, 3, 0, 0, 9, 200, 1]), 'binary', /binary data/],
    ['another ending', 'notes.txt', Buffer.from('hello'), 'notCsv', /does not end in \.csv/],
  ])('%s', async (_what, name, content, code, message) => {
    const path = drop(name, content)
    const entry = await h.entry(named(name))
    expect(entry).toMatchObject({ outcome: 'refused', code, workflowId: null, path, sizeBytes: content.length })
    expect(entry.message).toMatch(message)
    expect(entry.message).toContain('stays in the inbox')
    expect(fs.readFileSync(path).equals(content)).toBe(true)
    expect(h.runs()).toEqual([])
  })

  it('a file larger than the settings allow', async () => {
    h.change({ maxFileBytes: 1000 })
    drop('big.csv', csv(1, 500))
    const entry = await h.entry(named('big.csv'))
    expect(entry).toMatchObject({ outcome: 'refused', code: 'tooLarge' })
    expect(entry.message).toContain('1 kB')
  })

  it('a link that leaves the inbox, to a file, to a folder, or to nothing; a link inside is fine', async () => {
    fs.writeFileSync(join(outside, 'secret.csv'), csv('secret'))
    fs.symlinkSync(join(outside, 'secret.csv'), join(inbox, 'leaves.csv'))
    fs.symlinkSync(outside, join(inbox, 'folder link'))
    fs.symlinkSync(join(outside, 'nowhere.csv'), join(inbox, 'broken.csv'))
    drop('real.csv')
    fs.symlinkSync('real.csv', join(inbox, 'inside.csv'))
    expect((await h.entry(named('leaves.csv'))).code).toBe('linkLeavesInbox')
    expect((await h.entry(named('folder link'))).code).toBe('linkLeavesInbox')
    expect((await h.entry(named('broken.csv'))).code).toBe('brokenLink')
    expect((await h.entry(named('inside.csv'))).outcome).toBe('accepted')
    expect(h.runs().some((run) => run.sha256 === sha256(csv('secret')))).toBe(false)
  })

  it.skipIf(process.platform === 'win32')('a named pipe and a socket, without hanging on them', async () => {
    execFileSync('mkfifo', [join(inbox, 'pipe.csv')])
    const server = createServer().listen(join(inbox, 'socket.csv'))
    try {
      await once(server, 'listening')
      expect(await h.entry(named('pipe.csv'))).toMatchObject({ code: 'notAFile', message: expect.stringContaining('named pipe') })
      expect((await h.entry(named('socket.csv'))).code).toBe('notAFile')
      drop('after.csv')
      expect((await h.entry(named('after.csv'))).outcome).toBe('accepted')
    } finally {
      server.close()
    }
  })

  it.skipIf(isRoot || process.platform === 'win32')('an unreadable file; it is taken once it may be read', async () => {
    const path = join(inbox, 'locked.csv')
    fs.writeFileSync(path, csv(1), { mode: 0o000 })
    expect((await h.entry(named('locked.csv'))).code).toBe('unreadable')
    fs.chmodSync(path, 0o600)
    await h.entry((e) => e.fileName === 'locked.csv' && e.outcome === 'accepted')
  })

  it.skipIf(!isLinux)('a name whose bytes are not valid UTF-8, dropped while it runs and found at a launch', async () => {
    dropOddName()
    const entry = await h.entry((e) => e.code === 'badName')
    expect(entry).toMatchObject({ outcome: 'refused', fileName: 'bad\\xff.csv' })
    drop('fine.csv')
    expect((await h.entry(named('fine.csv'))).outcome).toBe('accepted')
    await h.close()
    h = await openIntake(place.home.root)
    await h.intake.start()
    await settled()
    expect(h.intake.list(100).filter((e) => e.code === 'badName')).toHaveLength(1)
  })

  it.skipIf(!isLinux)('a folder with such a name is refused once, whatever happens in it', async () => {
    const folder = Buffer.concat([Buffer.from(`${inbox}/odd`), Buffer.from([0xfe])])
    fs.mkdirSync(folder)
    expect(await h.entry((e) => e.code === 'badName')).toMatchObject({ fileName: 'odd\\xfe' })
    await settled()
  })

  it('hidden and unfinished files are passed over without a word', async () => {
    for (const name of [
      '.hidden.csv',
      '~$lock.csv',
      'x.csv.part',
      'x.tmp',
      'y.csv.crdownload',
      '.DS_Store',
      'Thumbs.db',
      'z.csv~',
    ])
      drop(name, 'x')
    drop('inside.csv', csv(1), join(inbox, '.git'))
    await settled()
    expect(h.told().filter((e) => !e.fileName.startsWith('marker'))).toEqual([])
  })

  it('one that does not end in .csv is refused once, however often it changes', async () => {
    const path = drop('log.txt', 'one')
    await h.entry(named('log.txt'))
    fs.appendFileSync(path, 'two')
    await settled()
    expect(h.told().filter(named('log.txt'))).toHaveLength(1)
  })

  it('an empty file that gets its rows later is taken then', async () => {
    const path = drop('late.csv', '')
    await h.entry((e) => e.code === 'empty')
    fs.writeFileSync(path, csv(1))
    await h.entry((e) => e.fileName === 'late.csv' && e.outcome === 'accepted')
  })
})

describe('a file in the making', () => {
  it('is taken whole, after its last change', async () => {
    const path = join(inbox, 'growing.csv')
    const file = fs.createWriteStream(path)
    let content = 'a,b,c\n'
    file.write(content)
    // Each row is written only once the watch has had time for what came before.
    for (let i = 0; i < 12; i++) {
      await new Promise((resolve) => setTimeout(resolve, 40))
      const row = `${i},${i},${i}\n`
      content += row
      file.write(row)
    }
    file.end()
    await once(file, 'close')
    const entry = await h.entry((e) => e.fileName === 'growing.csv' && e.outcome === 'accepted')
    expect(entry.sizeBytes).toBe(content.length)
    expect(h.runs().map((run) => run.sha256)).toEqual([sha256(content)])
  })

  it.skipIf(!isLinux)('is left alone while its writer keeps it open, however long the writer pauses', async () => {
    const path = join(inbox, 'paused.csv')
    const file = fs.openSync(path, 'w')
    fs.writeSync(file, 'a,b,c\n1,2,3\n')
    const waiting = await h.entry(named('paused.csv'))
    expect(waiting).toMatchObject({ outcome: 'waiting', code: 'beingWritten', workflowId: null })
    fs.writeSync(file, '4,5,6\n')
    fs.closeSync(file)
    const entry = await h.entry((e) => e.fileName === 'paused.csv' && e.outcome === 'accepted')
    expect(entry.id).toBe(waiting.id)
    expect(h.runs().map((run) => run.sha256)).toEqual([sha256('a,b,c\n1,2,3\n4,5,6\n')])
  })

  /** Drops a file that will not settle for long, and waits until the intake has seen it. */
  const dropUnsettled = async (name: string) => {
    h.change({ settleSeconds: 600 })
    const path = drop(name)
    // A name that is no text is answered straight from a walk, which finds the other file on the same way.
    dropOddName()
    await h.entry((entry) => entry.code === 'badName')
    h.change({ settleSeconds: 0.1 })
    return path
  }

  it.skipIf(!isLinux)('that is deleted before it settles is said to be, and nothing is recorded as a run', async () => {
    fs.rmSync(await dropUnsettled('short.csv'))
    const entry = await h.entry(named('short.csv'))
    expect(entry).toMatchObject({ outcome: 'refused', code: 'deleted', workflowId: null })
    expect(entry.message).toContain('deleted before it had settled')
    expect(h.runs().map((run) => run.file_name)).not.toContain('short.csv')
  })

  it.skipIf(!isLinux)('that is written under another name and then renamed is one file', async () => {
    fs.renameSync(await dropUnsettled('draft.csv'), join(inbox, 'final.csv'))
    expect((await h.entry(named('final.csv'))).outcome).toBe('accepted')
    await settled()
    expect(h.told().filter(named('draft.csv'))).toEqual([])
  })
})

describe('the inbox folder', () => {
  it('that is removed is noticed and said, and picked up again when it is put back', async () => {
    drop('before.csv')
    await h.entry(named('before.csv'))
    fs.rmSync(inbox, { recursive: true })
    const down = await h.health('down')
    expect(down.detail).toContain(inbox)
    expect(down.remedy).not.toBe('')
    expect((await h.intake.submit([drop('x.csv', csv(1), outside)], 'cli'))[0]).toMatchObject({ code: 'inboxMissing' })
    fs.mkdirSync(inbox)
    drop('after.csv')
    expect((await h.entry(named('after.csv'))).outcome).toBe('accepted')
    expect(h.intake.health()).toMatchObject({ state: 'up', detail: '' })
    drop('later.csv')
    expect((await h.entry(named('later.csv'))).outcome).toBe('accepted')
  })

  it('that is moved away and back brings what came meanwhile, and repeats nothing', async () => {
    drop('before.csv')
    await h.entry(named('before.csv'))
    fs.renameSync(inbox, `${inbox}.away`)
    await h.health('down')
    drop('meanwhile.csv', csv('m'), `${inbox}.away`)
    fs.renameSync(`${inbox}.away`, inbox)
    expect((await h.entry(named('meanwhile.csv'))).path).toBe(join(inbox, 'meanwhile.csv'))
    await settled()
    expect(h.told().filter(named('before.csv'))).toHaveLength(1)
  })

  it('can be added, and left, while it runs; one that is new is made', async () => {
    const second = join(place.home.root, 'second', 'inbox')
    h.change({ inboxFolders: [inbox, second] })
    await h.until(() => h.intake.health().summary.includes('2 folders'))
    drop('two.csv', csv(2), second)
    expect((await h.entry(named('two.csv'))).path).toBe(join(second, 'two.csv'))
    h.change({ inboxFolders: [second] })
    await h.until(() => h.intake.health().summary.includes('1 folder'))
    drop('unseen.csv')
    drop('seen.csv', csv(3), second)
    await h.entry(named('seen.csv'))
    expect(h.told().filter(named('unseen.csv'))).toEqual([])
  })

  it('may be a link to the real folder', async () => {
    const real = join(place.home.root, 'real')
    fs.mkdirSync(real)
    const link = join(place.home.root, 'link')
    fs.symlinkSync(real, link)
    h.change({ inboxFolders: [link] })
    await h.until(() => h.intake.health().address === link && h.intake.health().state === 'up')
    drop('x.csv', csv(1), real)
    expect((await h.entry(named('x.csv'))).path).toBe(join(link, 'x.csv'))
  })

  it('that was removed while the app was closed is not made anew', async () => {
    drop('before.csv')
    await h.entry(named('before.csv'))
    await h.close()
    fs.rmSync(inbox, { recursive: true })
    h = await openIntake(place.home.root)
    await h.intake.start()
    expect(h.intake.health().state).toBe('down')
    expect(fs.existsSync(inbox)).toBe(false)
  })
})

describe('many files', () => {
  it('a thousand at once are all recorded, each exactly once', async () => {
    for (let i = 0; i < 1000; i++) fs.writeFileSync(join(inbox, `many-${i}.csv`), csv(i, 25))
    const entries = await h.entries(1000)
    expect(entries.every((e) => e.outcome === 'accepted')).toBe(true)
    await settled()
    const runs = h.runs().filter((run) => run.file_name.startsWith('many'))
    expect(runs).toHaveLength(1000)
    expect(new Set(runs.map((run) => run.workflow_id)).size).toBe(1000)
    expect(new Set(runs.map((run) => run.file_name)).size).toBe(1000)
    expect(h.told().filter((e) => e.fileName.startsWith('many'))).toHaveLength(1000)
    expect(new Set(h.acceptedIds).size).toBe(1001)
  })
})

describe('submit', () => {
  it('copies a file into the inbox and answers with its run', async () => {
    const path = drop('good.csv', csv(1), outside)
    const [entry] = await h.intake.submit([path], 'cli')
    expect(entry).toMatchObject({ outcome: 'accepted', fileName: 'good.csv', path: join(inbox, 'good.csv') })
    expect(h.runs()).toMatchObject([{ origin: 'cli', workflow_id: entry?.workflowId }])
    expect(fs.readFileSync(join(inbox, 'good.csv'), 'utf8')).toBe(csv(1))
    await settled()
    expect(h.told().filter(named('good.csv'))).toHaveLength(1)
  })

  it('goes on with the others where one is missing, a folder, unusable, or known', async () => {
    drop('deep/a.csv', csv('a'), join(outside, 'folder'))
    drop('b.csv', csv('b'), join(outside, 'folder'))
    drop('.hidden.csv', 'x', join(outside, 'folder'))
    fs.mkdirSync(join(outside, 'nothing in it'))
    const entries = await h.intake.submit(
      [
        join(outside, 'not there.csv'),
        join(outside, 'folder'),
        drop('sheet.csv', Buffer.from('504b0304', 'hex'), outside),
        drop('b.csv', csv('b'), outside),
        join(outside, 'nothing in it'),
        drop('.x.csv', csv('x'), outside),
      ],
      'window',
    )
    const byName = entries.map((e) => `${e.fileName}: ${e.code ?? e.outcome}`)
    expect(byName).toHaveLength(7)
    expect(byName[0]).toBe('not there.csv: missing')
    expect(byName.slice(1, 3).sort().join()).toMatch(/^a.csv: accepted,b.csv: (accepted|alreadyProcessed)$/)
    expect(byName.slice(3)).toEqual([
      'sheet.csv: binary',
      expect.stringMatching(/^b.csv: (accepted|alreadyProcessed)$/),
      'nothing in it: noFiles',
      '.x.csv: ignoredName',
    ])
    expect(
      h
        .runs()
        .map((run) => run.file_name)
        .sort(),
    ).toEqual(['a.csv', 'b.csv'])
    expect(entries[3]?.message).toContain('stays where it is')
    expect(fs.existsSync(join(inbox, 'sheet.csv'))).toBe(false)
  })

  it('takes a file that lies in the inbox where it is', async () => {
    h.change({ settleSeconds: 1 })
    const path = drop('here.csv')
    const [entry] = await h.intake.submit([path], 'cli')
    expect(entry).toMatchObject({ outcome: 'accepted', path })
    expect(h.runs()).toMatchObject([{ origin: 'cli' }])
    const [again] = await h.intake.submit([path], 'cli')
    expect(again).toMatchObject({ outcome: 'alreadyProcessed', workflowId: entry?.workflowId })
    expect(fs.readdirSync(inbox)).toEqual(['here.csv'])
  })

  it('replaces a file of the same name, but never one that has not been taken yet', async () => {
    h.change({ settleSeconds: 0.5 })
    drop('a.csv', csv('first'))
    const entries = await h.intake.submit(
      [drop('a.csv', csv('second'), join(outside, '1')), drop('a.csv', csv('third'), join(outside, '2'))],
      'window',
    )
    expect(entries.map((e) => e.outcome)).toEqual(['accepted', 'accepted'])
    expect(new Set(h.runs().map((run) => run.sha256))).toEqual(new Set(['first', 'second', 'third'].map((s) => sha256(csv(s)))))
    expect(fs.readdirSync(inbox)).toEqual(['a.csv'])
  })

  it('a thousand files at once', async () => {
    for (let i = 0; i < 300; i++) drop(`s-${i}.csv`, csv(i), join(outside, 'many'))
    const entries = await h.intake.submit([join(outside, 'many')], 'window')
    expect(entries.filter((e) => e.outcome === 'accepted')).toHaveLength(300)
    expect(h.runs()).toHaveLength(300)
    expect(fs.readdirSync(inbox)).toHaveLength(300)
  })

  it('follows a link that somebody names, and copies what it points to', async () => {
    drop('target.csv', csv('t'), outside)
    fs.symlinkSync(join(outside, 'target.csv'), join(outside, 'named.csv'))
    const [entry] = await h.intake.submit([join(outside, 'named.csv')], 'cli')
    expect(entry).toMatchObject({ outcome: 'accepted', fileName: 'named.csv' })
    expect(fs.lstatSync(join(inbox, 'named.csv')).isFile()).toBe(true)
  })

  it('is answered when the app closes under it', async () => {
    h.change({ settleSeconds: 30 })
    const answer = h.intake.submit([drop('slow.csv')], 'cli')
    const refused = expect(answer).rejects.toThrow(/closing/)
    await h.intake.close()
    await refused
  })
})

describe('an upload', () => {
  it('is taken like a file', async () => {
    const content = csv('up')
    const entries = await h.intake.receiveUpload('up.csv', Readable.from([content.slice(0, 10), content.slice(10)]))
    expect(entries).toMatchObject([{ outcome: 'accepted', fileName: 'up.csv', path: join(inbox, 'up.csv') }])
    expect(h.runs()).toMatchObject([{ origin: 'window', sha256: sha256(content) }])
  })

  it('whose sender breaks off leaves nothing behind', async () => {
    const body = new Readable({ read() {} })
    body.push('a,b,c\n1,2,')
    const answer = h.intake.receiveUpload('broken.csv', body)
    setImmediate(() => body.destroy(new Error('connection reset')))
    await expect(answer).rejects.toThrow(/broke off/)
    await expect(answer).rejects.toBeInstanceOf(CallFailed)
    expect(fs.readdirSync(inbox)).toEqual([])
    expect(h.runs()).toEqual([])
  })

  it.each([
    ['../../etc/passwd.csv', 'passwd.csv'],
    ['C:\\Users\\x\\data.csv', 'data.csv'],
    ['/abs/olute.csv', 'olute.csv'],
    ['nul\0led\n.csv', 'nul_led_.csv'],
    [`${'y'.repeat(400)}.csv`, `${'y'.repeat(251)}.csv`],
    [`${'語'.repeat(200)}.csv`, `${'語'.repeat(83)}.csv`],
  ])('called %j is kept as %j', async (given, name) => {
    const entries = await h.intake.receiveUpload(given, Readable.from([csv(1)]))
    expect(entries).toMatchObject([{ outcome: 'accepted', fileName: name }])
    expect(fs.readdirSync(inbox)).toEqual([name])
  })

  it.each(['..', '', '/', '.bashrc', '.csv', 'x.exe', '~$x.csv'])('called %j is refused, and nothing is kept', async (given) => {
    const [entry] = await h.intake.receiveUpload(given, Readable.from(['x']))
    expect(entry?.outcome).toBe('refused')
    expect(fs.readdirSync(inbox)).toEqual([])
  })

  it('that is too large or no CSV is refused, and nothing is kept', async () => {
    h.change({ maxFileBytes: 1000 })
    const [large] = await h.intake.receiveUpload('large.csv', Readable.from([csv(1, 300), csv(2, 300)]))
    expect(large).toMatchObject({ outcome: 'refused', code: 'tooLarge' })
    const [pdf] = await h.intake.receiveUpload('paper.csv', Readable.from([Buffer.from('%PDF-1.7 …')]))
    expect(pdf).toMatchObject({ outcome: 'refused', code: 'binary' })
    expect(pdf?.message).toContain('Nothing of it was kept')
    expect(fs.readdirSync(inbox)).toEqual([])
  })

  it('what a killed copy left in the inbox is gone after the next start', async () => {
    const body = new Readable({ read() {} })
    body.push('a,b,c\n')
    const watch = fs.watch(inbox)
    const seen = once(watch, 'change')
    const answer = h.intake.receiveUpload('x.csv', body)
    const temp = ((await seen) as [string, string])[1]
    watch.close()
    body.destroy()
    await expect(answer).rejects.toThrow(/broke off/)
    await h.close()
    fs.writeFileSync(join(inbox, temp), 'as a killed process leaves it')
    h = await openIntake(place.home.root)
    await h.intake.start()
    expect(fs.readdirSync(inbox)).toEqual([])
  })
})

describe('run again', () => {
  it('starts the same dataset under a new id, once per request', async () => {
    drop('a.csv')
    const { workflowId } = (await h.entry(named('a.csv'))) as { workflowId: string }
    const one = await h.intake.runAgain(workflowId, 'r1')
    expect(await h.intake.runAgain(workflowId, 'r1')).toEqual(one)
    const two = await h.intake.runAgain(one.workflowId, 'r2')
    expect(new Set([workflowId, one.workflowId, two.workflowId]).size).toBe(3)
    expect(h.runs().map(({ origin, again }) => [origin, again])).toEqual([
      ['inbox', 0],
      ['again', 1],
      ['again', 2],
    ])
    expect(h.ledger.prepare('SELECT count(*) AS n FROM start_outbox').get()).toEqual({ n: 3 })
    expect(h.acceptedIds).toEqual([workflowId, one.workflowId, two.workflowId])
  })

  it('is refused for an unknown run and for a dataset that is gone', async () => {
    await expect(h.intake.runAgain('mlops-1-x', 'r1')).rejects.toThrow(/no run/)
    drop('a.csv')
    const entry = await h.entry(named('a.csv'))
    fs.rmSync((await h.store.pathOf(h.runs()[0]?.sha256 as string)) as string)
    await expect(h.intake.runAgain(entry.workflowId as string, 'r1')).rejects.toThrow(/not in this store/)
  })
})

describe.skipIf(!isRoot || !isLinux)('a full disk', () => {
  let small: string
  beforeEach(async () => {
    await h.close()
    small = h.home.store
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', small])
    h = await openIntake(place.home.root)
    await h.intake.start()
  })
  afterEach(() => {
    execFileSync('umount', ['-l', small])
  })

  it('keeps the file in the inbox, says so, and takes it once there is room', async () => {
    const ballast = join(small, 'ballast')
    fs.writeFileSync(ballast, Buffer.alloc(200 * 1024))
    const content = csv('big', 8000)
    const path = drop('big.csv', content)
    const waiting = await h.entry(named('big.csv'))
    expect(waiting).toMatchObject({ outcome: 'waiting', code: 'diskFull', workflowId: null })
    expect(h.intake.health()).toMatchObject({ state: 'down', detail: expect.stringContaining('no room') })
    expect(fs.readFileSync(path, 'utf8')).toBe(content)
    expect(fs.readdirSync(join(small, 'tmp'))).toEqual([])
    expect(h.runs()).toEqual([])
    fs.rmSync(ballast)
    const entry = await h.entry((e) => e.fileName === 'big.csv' && e.outcome === 'accepted')
    expect(entry.id).toBe(waiting.id)
    await h.health('up')
    expect(await h.store.verify(sha256(content))).toBe(true)
  })
})

describe('a ledger without room', () => {
  /** As on a full disk: SQLite may not take another page. */
  const fill = () => {
    const rest = h.ledger.pragma('page_count', { simple: true }) as number
    h.ledger.pragma(`max_page_count = ${rest}`)
  }
  const free = () => h.ledger.pragma('max_page_count = 1000000')
  // Longer than what is left of the ledger's pages, with the sentences about it.
  const longName = (n: number) => `${String(n).padStart(3, '0')}${'x'.repeat(200)}.csv`

  it('tells whoever hands a file in, keeps the file, and takes it once there is room', async () => {
    fill()
    const files = Array.from({ length: 40 }, (_, n) => {
      const path = join(outside, longName(n))
      fs.writeFileSync(path, csv(path))
      return path
    })
    const answers = await h.intake.submit(files, 'cli')
    const waiting = answers.filter(({ outcome }) => outcome === 'waiting')
    expect(waiting.length).toBeGreaterThan(0)
    expect(waiting[0]).toMatchObject({ code: 'diskFull', message: expect.stringContaining('Free some space') })
    expect(h.intake.health().state).toBe('down')
    free()
    await h.entries(40, ({ outcome }) => outcome === 'accepted')
    expect(h.runs()).toHaveLength(40)
  })

  it('still says why a file is refused', async () => {
    fill()
    const answers = await h.intake.submit(
      Array.from({ length: 60 }, (_, n) => join(outside, longName(n))),
      'cli',
    )
    expect(answers).toHaveLength(60)
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(['missing']))
    expect(answers.some(({ id }) => id < 0)).toBe(true)
    free()
  })
})

describe('a ledger that another program holds', () => {
  it('keeps files in the inbox, says what holds them up, and takes each once it is let go', async () => {
    const other = otherProgramOn(h.home.ledger)
    try {
      const [submitted, dropped] = ['submitted.csv', 'dropped.csv'].map((name) => join(outside, name)) as [string, string]
      for (const path of [submitted, dropped]) fs.writeFileSync(path, csv(path))
      other.hold()
      fs.copyFileSync(dropped, join(h.home.inbox, 'dropped.csv'))
      const [answer] = await h.intake.submit([submitted], 'cli')
      expect(answer).toMatchObject({ outcome: 'waiting', message: expect.stringContaining('Another program holds the ledger.') })
      expect(await h.health('down')).toMatchObject({
        detail: 'Another program holds the ledger. Files stay in the inbox and are tried again.',
        remedy: expect.stringContaining('Close what has ledger.sqlite open'),
      })
      expect(h.runs()).toEqual([])
      other.letGo()
      await h.entries(2, ({ outcome }) => outcome === 'accepted')
      await h.health('up')
      expect(
        h
          .runs()
          .map(({ file_name }) => file_name)
          .sort(),
      ).toEqual(['dropped.csv', 'submitted.csv'])
    } finally {
      other.close()
    }
  })
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { runCli } from '../../cli/program.ts'
import { openArchive } from '../backup/archive.ts'
import { homeAt, makeHome } from '../home.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { createCover } from './cover.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function collected(prepare: (home: ReturnType<typeof homeAt>) => void) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-diagnostics-'))
  folders.push(folder)
  const home = homeAt(join(folder, 'ada-lovelace', 'data'))
  makeHome(home)
  prepare(home)
  const file = join(folder, 'diagnostics.zip')
  const code = await runCli(['diagnostics', '--out', file, '--home', home.root, '--json'])
  const archive = await openArchive(file)
  const texts = new Map<string, string>()
  for (const { name } of archive.entries) texts.set(name, (await archive.read(name, 1e8)).toString('utf8'))
  archive.close()
  return { code, texts, home }
}

it('collects without a host, and no planted secret is in any entry', async () => {
  const planted = [
    'pl4nted-data-key-AAAA',
    'pl4nted-password',
    'pl4nted-token',
    'pl4nted-alpha',
    'pl4nted-regularization',
    'pl4nted-argument',
  ]
  const [key, password, token, proprietary, inUrl, argument] = planted as [string, string, string, string, string, string]
  const { code, texts, home } = await collected((home) => {
    openLedger(home.ledger).close()
    writeFileSync(
      join(home.config, 'secrets.json'),
      JSON.stringify({ 'data-key:k-1': JSON.stringify({ createdAt: 'x', key }), other: password }),
    )
    writeFileSync(home.control, JSON.stringify({ token }))
    writeFileSync(
      join(home.config, 'settings.json'),
      JSON.stringify({ operator: 'ada', proprietary_config: { alpha: proprietary } }),
    )
    writeFileSync(
      join(home.config, 'pipelines.json'),
      JSON.stringify({ pipelines: [{ trainer: { command: ['train', '--api-key', argument] } }] }),
    )
    writeFileSync(join(home.config, 'profiles.json'), `{"broken": "password=${password}", "url": "https://u:${inUrl}@host/x"`)
    const lines = [
      { level: 30, msg: `the key ${key} and ${token}`, password: proprietary },
      {
        level: 50,
        err: { message: `connect postgres://me:${inUrl}@db/x?token=${inUrl}` },
        proprietary_config: { alpha: proprietary },
      },
      { level: 50, msg: `the trainer said: ${argument}, what is that` },
      { level: 30, msg: 'in a path', path: join(home.root, 'x'), home: '/home/grace/data', windows: 'C:\\Users\\grace\\x' },
    ]
    writeFileSync(join(home.logs, 'gatehouse.log'), `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`)
    writeFileSync(join(home.logs, 'postgres.log'), `FATAL: password=${password}\n`)
  })
  expect(code).toBe(0)
  const names = [...texts.keys()]
  for (const name of [
    'versions.json',
    'doctor.json',
    'ledger.json',
    'disk.json',
    'config/settings.json',
    'config/profiles.json',
    'logs/gatehouse.log',
  ])
    expect(names).toContain(name)
  expect(names.some((name) => name.includes('secret') || name.includes('control'))).toBe(false)
  for (const [name, text] of texts) {
    for (const secret of [...planted, home.root, 'ada-lovelace', 'grace'])
      expect(text, `${secret} in ${name}`).not.toContain(secret)
    if (homedir() !== '/root') expect(text).not.toContain(homedir())
  }
  expect(texts.get('logs/gatehouse.log')).toContain('[data folder]')
  expect(texts.get('config/settings.json')).toContain('"operator": "ada"')
  expect(texts.get('missing.json')).toContain('No host answers')
}, 60_000)

it('collects what there is of a damaged data folder', async () => {
  const { code, texts } = await collected((home) => writeFileSync(home.ledger, 'no database at all, '.repeat(100)))
  expect(code).toBe(0)
  expect(JSON.parse(texts.get('ledger.json') ?? '')).toEqual({ problem: 'file is not a database' })
}, 60_000)

it('covers a known secret also in the middle of a text, and leaves ordinary words alone', () => {
  const cover = createCover('/data/gatehouse', ['s3cret-value', 'short'])
  expect(cover.text('it is s3cret-value, and short is kept')).toBe('it is [secret], and short is kept')
  expect(cover.value({ at: '/data/gatehouse/logs', of: '/Users/ada/x' })).toBe(
    JSON.stringify({ at: '[data folder]/logs', of: '/Users/[user]/x' }, null, 2),
  )
})

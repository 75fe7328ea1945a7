import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildWorkflowBundle } from '../../temporal/bundle.ts'
import { type AppPaths, findAppRoot, sourcePaths } from '../paths.ts'
import { printSelfTest, rowLine } from './printSelfTest.ts'
import { runApart } from './runApart.ts'
import { runSelfTest, type SelfTestRow } from './runSelfTest.ts'

const root = findAppRoot(import.meta.dirname)
let scratch: string
let paths: AppPaths
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'gatehouse-self-test-test-'))
  paths = { ...sourcePaths(root), workflowBundle: join(scratch, 'bundle.js') }
  await buildWorkflowBundle(paths.workflowBundle)
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const leftovers = () => readdirSync(tmpdir()).filter((name) => /^gatehouse-self-test-(?!test-)/.test(name))

describe('the self-test', () => {
  it('finds every part of this checkout working, tells each as it comes, and leaves nothing behind', async () => {
    const before = leftovers()
    const told: SelfTestRow[] = []
    const { ok, rows } = await runSelfTest(paths, (row) => told.push(row))
    expect(rows.filter((row) => !row.ok)).toEqual([])
    expect(ok).toBe(true)
    expect(told).toEqual(rows)
    expect(rows.map(({ name }) => name)).toHaveLength(11)
    expect(rows.find(({ name }) => name.startsWith('Postgres'))?.detail).toMatch(/postgres \(PostgreSQL\) \d+/)
    expect(leftovers()).toEqual(before)
  })

  it('says which part does not work, and goes on with the next', async () => {
    const broken = { ...paths, root: scratch, workflowBundle: '/nowhere.js', threads: { ...paths.threads, csv: '/nowhere.cjs' } }
    const lines: string[] = []
    const write = async (line: string) => void lines.push(line)
    expect(await printSelfTest(broken, true, write)).toBe(1)
    const { ok, rows } = JSON.parse(lines[0] ?? '') as { ok: boolean; rows: SelfTestRow[] }
    expect(ok).toBe(false)
    expect(rows.filter((row) => row.ok).map(({ name }) => name)).toEqual([
      'the keychain helper answers',
      'the worker process loads',
      'SQLite answers',
      'values survive encryption',
      'both endpoints answer',
    ])
    expect(rows.find(({ name }) => name.startsWith('better-sqlite3'))?.detail).toContain('better-sqlite3')
  })

  it('survives a part that throws what is no error', async () => {
    const { ok, rows } = await runSelfTest(paths, undefined, undefined, [
      {
        name: 'odd',
        run: () => Promise.reject('just text\nand more'),
      },
    ])
    expect({ ok, rows }).toMatchObject({ ok: false, rows: [{ detail: 'just text' }] })
    expect(rowLine({ name: 'odd', ok: false, detail: 'just text', milliseconds: 3 })).toMatch(
      /^FAILED {2}odd +3 ms {2}just text$/,
    )
  })

  it('survives a part that ends its process, when each runs in one of its own', async () => {
    const apart = (script: string) => runApart([process.execPath, '-e', script], 20_000)
    expect(await apart('process.abort()')).toEqual({ ok: false, detail: 'it ended its process with SIGABRT' })
    expect(await apart('process.exit(3)')).toEqual({ ok: false, detail: 'it ended its process with 3' })
    expect(await apart(`console.log('noise'); console.log('{"ok":true,"detail":"seen"}')`)).toEqual({ ok: true, detail: 'seen' })
    expect(await runApart([process.execPath, '-e', 'setInterval(() => {}, 1000)'], 300)).toMatchObject({
      ok: false,
      detail: 'no result after 0.3 s',
    })
    expect((await runApart(['/nowhere'], 1_000)).detail).toContain('ENOENT')
  })

  it('ships a history of today’s fixtures', () => {
    const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as unknown
    const fixture = join(root, 'src', 'temporal', 'workflows', 'fixtures', 'histories', 'happy.json')
    expect(read(join(paths.resources, 'self-test', 'history.json'))).toEqual(read(fixture))
  })
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { homeAt, makeHome } from '../../backend/home.ts'
import type { Cell, Output } from '../output.ts'
import { type LogsOptions, showLogs } from './logs.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-logs-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const at = (second: number) => `2026-01-01T10:00:${String(second).padStart(2, '0')}.000Z`
const line = (second: number, msg: string, more: object = {}) =>
  `${JSON.stringify({ level: 30, time: at(second), msg, ...more })}\n`
const run = { workflowId: 'mlops-1-good', runId: 'r-1' }

async function logs(wanted?: string, options: Partial<LogsOptions> = {}) {
  const home = homeAt(folder)
  makeHome(home)
  const write = (name: string, ...lines: string[]) => writeFileSync(join(home.logs, name), lines.join(''))
  write('gatehouse.log.1', line(1, 'started'), line(2, 'stage', { ...run, stage: 'Training' }))
  write(
    'gatehouse.log',
    line(5, 'attempt ended', { ...run, level: 40, step: 'train_model', attempt: 2, outcome: 'failed' }),
    '{"level":30,"time":"cut off',
    '\n',
    line(6, 'refresh failed', { level: 20, ...run }),
  )
  write('worker.log', line(4, 'stage', { workflowId: 'mlops-2-other', runId: 'r-2', stage: 'Training' }))
  write('temporal.log', 'not JSON\n')
  const told: { data: unknown[]; lines: string[]; rows: string[] } = { data: [], lines: [], rows: [] }
  const text = (cell: Cell) => (typeof cell === 'string' ? cell : cell.text)
  const out: Output = {
    json: false,
    line: (words = '') => void told.lines.push(words),
    table: (rows) => void told.rows.push(...rows.map((row) => row.map(text).join(' | '))),
    data: (value) => void told.data.push(value),
    problem: () => {},
  }
  await showLogs({ home, out }, wanted, { limit: 50, level: 'info', ...options })
  return told
}

it('shows the lines of all logs in the order in which they were written', async () => {
  expect((await logs()).rows).toEqual([
    `${at(1)} | info |  | started`,
    `${at(2)} | info | mlops-1-good | stage · stage=Training`,
    `${at(4)} | info | mlops-2-other | stage · stage=Training`,
    `${at(5)} | warn | mlops-1-good train_model #2 | attempt ended · outcome=failed`,
  ])
})

it('narrows to a run, to a level, and to the latest', async () => {
  expect((await logs('mlops-1')).rows).toHaveLength(2)
  expect((await logs('mlops-1', { level: 'debug' })).rows).toHaveLength(3)
  expect((await logs(undefined, { level: 'warn' })).rows).toHaveLength(1)
  const { data } = await logs(undefined, { limit: 1 })
  expect(data).toEqual([{ lines: [expect.objectContaining({ ...run, time: at(5) })] }])
})

it('says that there is none', async () => {
  expect(await logs('mlops-9')).toMatchObject({ rows: [], lines: ['No line at this level is about a run mlops-9.'] })
})

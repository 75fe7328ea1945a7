/** The built worker process in a real Electron's utility process: it is spoken with, and ends with a main process that is killed. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, it } from 'vitest'
import { isAlive } from '../src/main/backend/stack/processes.ts'
import { findElectron, root } from './support/browsers.ts'
import { startDisplay } from './support/display.ts'

const appFolder = process.env.GATEHOUSE_E2E_APP ?? root

interface Told {
  pid?: number
  message?: { kind: string }
  ended?: boolean
}

const atEnd: (() => unknown)[] = []
afterEach(() => {
  for (const end of atEnd.splice(0).reverse()) end()
})

async function start() {
  const display = await startDisplay()
  atEnd.push(display.stop)
  const main = spawn(findElectron(), ['--no-sandbox', '--disable-gpu', join(import.meta.dirname, 'support', 'electronUtility')], {
    env: { ...display.env, GATEHOUSE_E2E_APP_FOLDER: appFolder },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  atEnd.push(() => main.kill('SIGKILL'))
  const told: Told[] = []
  createInterface({ input: main.stdout }).on('line', (line) => {
    if (line.startsWith('{')) told.push(JSON.parse(line) as Told)
  })
  const hears = async <T>(pick: (told: Told) => T | undefined): Promise<T> => {
    const found = () => told.map(pick).find((each) => each !== undefined)
    await expect.poll(found).toBeDefined()
    return found() as T
  }
  return { main, hears, pid: await hears(({ pid }) => pid) }
}

it('answers over the channel that it has with the host, and ends by itself', async () => {
  const { main, hears, pid } = await start()
  main.stdin.write('\n')
  // An old Node cannot load all of it, and says so.
  expect(['loaded', 'problem']).toContain(await hears(({ message }) => message?.kind))
  expect(await hears(({ ended }) => ended)).toBe(true)
  // Electron tells of the end a moment before the system does.
  await expect.poll(() => isAlive(pid)).toBe(false)
})

it('is not left behind by a main process that is killed', async () => {
  const { main, pid } = await start()
  expect(isAlive(pid)).toBe(true)
  main.kill('SIGKILL')
  await expect.poll(() => isAlive(pid)).toBe(false)
})

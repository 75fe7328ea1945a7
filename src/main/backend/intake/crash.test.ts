import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { openIntake, tempHome } from './testing/harness.ts'

const child = fileURLToPath(new URL('./testing/intakeChild.ts', import.meta.url))
const kills = 8
const filesPerLife = 25

it('killed at random moments while files arrive, it has each file exactly once in the end', { timeout: 120_000 }, async () => {
  const { home, remove } = tempHome()
  const outside = join(home.root, 'outside')
  fs.mkdirSync(outside)
  const expected = new Map<string, string>()
  const write = (folder: string, name: string) => {
    const content = `a,b,c\n${`${name},1,2\n`.repeat(30 + Math.floor(Math.random() * 3000))}`
    fs.writeFileSync(join(folder, name), content)
    expected.set(name, createHash('sha256').update(content).digest('hex'))
    return join(folder, name)
  }

  for (let life = 0; life < kills; life++) {
    const running: ChildProcess = fork(child, [home.root], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    await once(running, 'message')
    const ended = once(running, 'exit')
    // Anywhere between "just seen" and "all recorded".
    const killed = delay(Math.random() * 600).then(() => running.kill('SIGKILL'))
    const submitted: string[] = []
    for (let i = 0; i < filesPerLife; i++) {
      if (i % 5 === 4) {
        const path = write(outside, `submitted-${life}-${i}.csv`)
        submitted.push(path)
        if (running.connected) running.send(path, () => {})
      } else {
        write(home.inbox, `dropped-${life}-${i}.csv`)
      }
      if (i % 3 === 0) await delay(5)
    }
    await killed
    await ended
    // What had not reached the inbox was never accepted: whoever sent it sends it again.
    for (const path of submitted)
      if (!fs.existsSync(join(home.inbox, path.slice(outside.length + 1))))
        fs.copyFileSync(path, join(home.inbox, path.slice(outside.length + 1)))
  }

  const h = await openIntake(home.root)
  await h.intake.start()
  const count = () => h.ledger.prepare('SELECT count(*) FROM run').pluck().get() as number
  await h.until(() => count() >= expected.size)
  expect(new Map(h.runs().map((run) => [run.file_name, run.sha256]))).toEqual(expected)
  expect(h.runs()).toHaveLength(expected.size)
  expect(h.ledger.prepare('SELECT count(*) FROM start_outbox').pluck().get()).toBe(expected.size)
  expect(h.ledger.prepare('SELECT count(*) FROM projection').pluck().get()).toBe(expected.size)
  for (const hash of expected.values()) expect(await h.store.verify(hash)).toBe(true)
  expect(fs.readdirSync(join(home.store, 'tmp'))).toEqual([])
  expect(fs.readdirSync(home.inbox).filter((name) => name.startsWith('.'))).toEqual([])
  await h.close()
  await remove()
})

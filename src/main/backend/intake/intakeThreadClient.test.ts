import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { silentLog } from '../log.ts'
import { createFileStore } from '../store/fileStore.ts'
import { createIntakeThread } from './intakeThreadClient.ts'
import { stampOf } from './takeFile.ts'
import { threadFile } from './testing/harness.ts'

it('a thread that crashes or ends loses no job silently, and the next job gets a new one', async () => {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'gatehouse-thread-')))
  const path = join(root, 'x.csv')
  fs.writeFileSync(path, 'a,b\n1,2\n')
  // The real thread, but for its first two lives.
  const lives = join(root, 'lives')
  const wrapper = join(root, 'thread.mjs')
  fs.writeFileSync(
    wrapper,
    `import { appendFileSync, readFileSync } from 'node:fs'
     import { parentPort } from 'node:worker_threads'
     appendFileSync(${JSON.stringify(lives)}, 'x')
     const life = readFileSync(${JSON.stringify(lives)}).length
     if (life === 1) parentPort.on('message', () => { throw new Error('out of luck') })
     else if (life === 2) parentPort.on('message', () => process.exit(7))
     else await import(${JSON.stringify(threadFile)})`,
  )
  const thread = createIntakeThread(wrapper, createFileStore(join(root, 'store')), silentLog)
  const stamp = stampOf(fs.lstatSync(path))
  const take = () => thread.take({ path, stamp, quietForMs: 1e6, roots: [root], maxFileBytes: 1e9, writerPatienceMs: 1000 })
  const both = [take(), take()]
  await expect(both[0]).rejects.toThrow(/crashed: out of luck/)
  await expect(both[1]).rejects.toThrow(/crashed/)
  await expect(take()).rejects.toThrow(/exit code 7/)
  expect(await take()).toMatchObject({ kind: 'stored' })
  await thread.close()
  await expect(take()).rejects.toThrow(/closed/)
  fs.rmSync(root, { recursive: true })
})

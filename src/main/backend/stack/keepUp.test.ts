import { expect, it, vi } from 'vitest'
import { silentLog } from '../log.ts'
import { keepUp } from './keepUp.ts'

it.each([
  [
    Object.assign(new Error("EROFS: read-only file system, open '/home/temporal/server.json.new'"), {
      code: 'EROFS',
      path: '/home/temporal/server.json.new',
    }),
    /^\/home\/temporal\/server\.json\.new cannot be written \(EROFS\)\. Nothing was started, and nothing was changed\. Gatehouse tries again/,
    /^Make it and its folder writable for this user/,
  ],
  [new Error('read 100 of 296'), /^read 100 of 296\. Gatehouse tries again/, /^$/],
])('what keeps a part from coming up is said in sentences', async (error, detail, remedy) => {
  const kept = keepUp({
    name: 'temporal',
    summary: () => 'embedded',
    bring: () => Promise.reject(error),
    patienceMilliseconds: () => 0,
    log: silentLog,
  })
  kept.start()
  await vi.waitFor(() => expect(kept.part().state).toBe('down'), 20_000)
  expect(kept.part().detail).toMatch(detail)
  expect(kept.part().remedy).toMatch(remedy)
  await kept.close()
})

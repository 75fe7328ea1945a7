import { createServer } from 'node:net'
import { Connection } from '@temporalio/client'
import { expect, test } from 'vitest'
import { retryingCalls } from './retryingCalls.ts'

test('a call that waits for its next try fails when the connection is closed, and nothing is thrown beside it', async () => {
  // Hangs up on whoever comes: every try fails and is to be made again.
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const uncaught: unknown[] = []
  const catchIt = (error: unknown) => uncaught.push(error)
  process.on('uncaughtException', catchIt)
  try {
    const connection = Connection.lazy({ address: `127.0.0.1:${port}`, interceptors: retryingCalls })
    const call = connection.workflowService.describeNamespace({ namespace: 'default' })
    const failed = expect(call).rejects.toThrow('Channel has been shut down')
    await new Promise((resolve) => setTimeout(resolve, 300))
    await connection.close()
    await failed
    expect(uncaught).toEqual([])
  } finally {
    process.off('uncaughtException', catchIt)
    server.close()
  }
})

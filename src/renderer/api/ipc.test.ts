import { describe, expect, it } from 'vitest'
import type { CallFailed } from '../../contract/errors.ts'
import type { Bridge, ConnectionStatus, Push, Reply, Request } from '../../contract/wire.ts'
import { createIpcConnection } from './ipc.ts'

function bridgeOf(send: (request: Request) => Promise<Reply>) {
  let tell: (push: Push) => void = () => {}
  let say: (status: ConnectionStatus) => void = () => {}
  const bridge: Bridge = {
    send,
    onPush(listener) {
      tell = listener
      return () => {}
    },
    onStatus(listener) {
      say = listener
      listener('open')
      return () => {}
    },
    pathOfFile: () => '',
    capabilities: { shell: 'electron', pathsOfDroppedFiles: true, nativeNotifications: true, stopHost: false },
  }
  return { bridge, tell: (push: Push) => tell(push), say: (status: ConnectionStatus) => say(status) }
}
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: CallFailed) => error.error,
  )

describe('createIpcConnection', () => {
  it('calls with rising ids and checks what comes back', async () => {
    const ids: number[] = []
    const { bridge } = bridgeOf(async ({ id }) => {
      ids.push(id)
      return { id, ok: true, output: ids.length === 1 ? {} : { url: 7 } }
    })
    const connection = createIpcConnection(bridge)
    expect(await connection.call('stack.retry', {})).toEqual({})
    expect(await failure(connection.call('host.focus', {}))).toMatchObject({ kind: 'internal' })
    expect(ids).toEqual([1, 2])
  })

  it('says unavailable when the bridge gives up', async () => {
    const { bridge } = bridgeOf(() => Promise.reject(new Error('object destroyed')))
    expect(await failure(createIpcConnection(bridge).call('app.info', {}))).toMatchObject({ kind: 'unavailable' })
  })

  it('hands pushes and the status on', () => {
    const { bridge, tell, say } = bridgeOf(() => new Promise(() => {}))
    const connection = createIpcConnection(bridge)
    const heard: unknown[] = []
    connection.onStatus((status) => heard.push(status))
    connection.subscribe('notice', (notice) => heard.push(notice.title))
    tell({ event: 'notice', payload: { kind: 'stackUp', title: 'Up', body: '', subject: null, workflowId: null } })
    tell({ event: 'notice', payload: { kind: 'unknown' } })
    say('lost')
    expect(heard).toEqual(['open', 'Up', 'lost'])
  })
})

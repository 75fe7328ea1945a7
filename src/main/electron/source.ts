import type { ConnectionStatus, Push, Reply } from '../../contract/wire.ts'
import { request } from '../../contract/wire.ts'
import type { Dispatch } from '../api/dispatch.ts'
import type { Backend } from '../backend/backend.ts'
import type { HostLink } from '../control/hostLink.ts'

/** Where a window's envelopes go to and come from: the backend in this process, or a host in another one. */
export interface EnvelopeSource {
  send(raw: unknown): Promise<Reply>
  onPush(listener: (push: Push) => void): () => void
  onStatus(listener: (status: ConnectionStatus) => void): () => void
}

export function localSource(dispatch: Dispatch, backend: Pick<Backend, 'onEvent'>): EnvelopeSource {
  return {
    send: dispatch,
    onPush: (listener) => backend.onEvent((event, payload) => listener({ event, payload })),
    onStatus(listener) {
      listener('open')
      return () => {}
    },
  }
}

/** The host checks names and inputs again; here only the envelope is, because its id becomes one of the link's. */
export function remoteSource(link: Pick<HostLink, 'send' | 'onPush' | 'onStatus'>): EnvelopeSource {
  return {
    async send(raw) {
      const envelope = request.safeParse(raw)
      if (!envelope.success) {
        return { id: -1, ok: false, error: { kind: 'invalid', message: 'This is not a request of the console.', field: null } }
      }
      const reply = await link.send(envelope.data.call, envelope.data.input)
      return { ...reply, id: envelope.data.id }
    },
    onPush: (listener) => link.onPush(listener),
    onStatus: (listener) => link.onStatus(listener),
  }
}

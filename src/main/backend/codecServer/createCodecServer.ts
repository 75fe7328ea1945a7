import { randomBytes } from 'node:crypto'
import type { PayloadCodec } from '@temporalio/common'
import type { CodecServerState } from '../../../contract/keys.ts'
import type { Log } from '../log.ts'
import { type CodecHttp, startCodecHttp } from './codecHttp.ts'

export interface CodecServer {
  state(): CodecServerState
  /** Comes back once that holds. Each switch-on has a secret path of its own; switched on twice it stays the same. */
  set(on: boolean): Promise<void>
  close(): Promise<void>
}

interface Options {
  codecFor(namespace: string): PayloadCodec
  namespace(): string
  /** Where the Temporal Web UI is; null while it is not known. */
  temporalUiUrl(): string | null
  log: Log
}

/** The port of the Web UI's own default, for a UI that somebody else runs. */
const usualUiPort = '8233'

/** Lets the Temporal Web UI and CLI of this machine read what is sealed, for as long as the operator leaves it on. Off at each start. */
export function createCodecServer({ codecFor, namespace, temporalUiUrl, log }: Options): CodecServer {
  let current: CodecHttp | null = null
  /** One switch at a time. */
  let switching: Promise<void> = Promise.resolve()

  const origins = () => {
    const uiUrl = temporalUiUrl()
    const port = (uiUrl && URL.canParse(uiUrl) && new URL(uiUrl).port) || usualUiPort
    return [`http://localhost:${port}`, `http://127.0.0.1:${port}`]
  }

  async function turn(on: boolean): Promise<void> {
    if (on === (current !== null)) return
    const running = current
    current = null
    await running?.close()
    if (!on) return
    // 256 bits, safe in a URL.
    const secret = randomBytes(32).toString('base64url')
    current = await startCodecHttp({ codec: codecFor(namespace()), namespace: namespace(), secret, origins, log })
  }

  const set = (on: boolean) => {
    switching = switching.catch(() => undefined).then(() => turn(on))
    return switching
  }

  return {
    state: () => ({ on: current !== null, url: current?.url ?? null }),
    set,
    close: () => set(false),
  }
}

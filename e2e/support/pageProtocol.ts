/**
 * The window's page by Chromium's own protocol, for the packaged app: Playwright needs either a debugger of the main
 * process, which a fuse forbids, or browser contexts, which Electron does not have.
 */
import type { ChildProcess } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { WebSocket } from 'ws'

export interface PageProtocol {
  url: string
  /** The value of an expression in the page. */
  evaluate(expression: string): Promise<unknown>
  /** Waits until the expression is true. */
  until(expression: string): Promise<void>
  close(): void
}

/** Connects to the first page of an app that was started with `--remote-debugging-port=0` and a pipe for standard error. */
export async function connectToPage(child: ChildProcess): Promise<PageProtocol> {
  const address = new URL(await protocolAddress(child))
  interface Listed {
    type: string
    url: string
    webSocketDebuggerUrl: string
  }
  let listed: Listed | undefined
  while (!listed) {
    const list = (await (await fetch(`http://${address.host}/json/list`)).json()) as Listed[]
    listed = list.find(({ type, url }) => type === 'page' && url !== '')
    if (!listed) await wait(100)
  }
  const socket = new WebSocket(listed.webSocketDebuggerUrl)
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  let lastId = 0
  const evaluate = (expression: string) =>
    new Promise<unknown>((resolve, reject) => {
      const id = ++lastId
      const hear = (data: Buffer) => {
        const message = JSON.parse(String(data))
        if (message.id !== id) return
        socket.off('message', hear)
        const { result, error } = message
        if (error || result.exceptionDetails) reject(new Error(JSON.stringify(error ?? result.exceptionDetails)))
        else resolve(result.result.value)
      }
      socket.on('message', hear)
      const params = { expression, returnByValue: true, awaitPromise: true }
      socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params }))
    })
  return {
    url: listed.url,
    evaluate,
    async until(expression) {
      // The protocol has no event for "the page says so".
      let seen: unknown
      for (let tries = 0; tries < 300; tries++) {
        // Between two documents there is nothing to ask.
        seen = await evaluate(expression).catch((error: Error) => error.message)
        if (seen === true) return
        await wait(100)
      }
      throw new Error(`never true: ${expression}; last: ${seen}`)
    },
    close: () => socket.close(),
  }
}

/** Chromium tells on standard error where its protocol listens. */
function protocolAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.once('exit', (code) => reject(new Error(`the app ended with ${code}\n${text}`)))
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const address = /DevTools listening on (ws:\S+)/.exec(text)?.[1]
      if (address) resolve(address)
    })
  })
}

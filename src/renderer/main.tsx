import './api/jitless.ts'
import { useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import type { Capabilities } from '../contract/model.ts'
import type { Connection } from '../contract/wire.ts'
import { createIpcConnection } from './api/ipc.ts'
import { exchangeToken, isAdmitted } from './api/session.ts'
import { createWebSocketConnection } from './api/webSocket.ts'
import { App } from './app/App.tsx'
import { applyAppearance, rememberedAppearance } from './app/appearance.ts'
import { createConsole } from './app/console.ts'
import { Refused } from './app/Refused.tsx'
import './styles/tokens.css'
import './styles/base.css'
import './ui/ui.css'
import './styles/narrow.css'

/** What a browser on the loopback web shell can do. */
const webCapabilities: Capabilities = {
  shell: 'web',
  pathsOfDroppedFiles: false,
  nativeNotifications: false,
  stopHost: true,
}

/** Chooses how this window talks to its host: over the preload's bridge, or over a WebSocket to where the page came from. */
async function connect(): Promise<Connection | 'refused'> {
  if (window.gatehouse) return createIpcConnection(window.gatehouse)
  if (import.meta.env.DEV && new URLSearchParams(location.search).has('fixtures')) {
    return (await import('./dev/fixtureConnection.ts')).createFixtureConnection(new URLSearchParams(location.search))
  }
  if ((await exchangeToken(window)) === 'refused') return 'refused'
  const protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  return createWebSocketConnection({ url: `${protocol}//${location.host}/ws`, isAdmitted: () => isAdmitted(window) })
}

function Root({ connection }: { connection: Connection }) {
  const [console] = useState(() =>
    createConsole({
      connection,
      capabilities: window.gatehouse?.capabilities ?? webCapabilities,
      pathOfFile: window.gatehouse?.pathOfFile ?? null,
      page: window,
    }),
  )
  const [refused, setRefused] = useState(false)
  useEffect(() => connection.onStatus((status) => setRefused(status === 'refused')), [connection])
  return refused ? <Refused /> : <App console={console} />
}

applyAppearance(rememberedAppearance(window), window)
const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')
const connection = await connect()
createRoot(root).render(connection === 'refused' ? <Refused /> : <Root connection={connection} />)

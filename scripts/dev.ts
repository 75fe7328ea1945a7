/**
 * npm run dev: the host as it is built, and the console from its sources with hot reload in front of it.
 *
 * The host answers its own origin only, so the development server speaks to it in its name.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import react from '@vitejs/plugin-react'
import { createServer } from 'vite'
import { findAppRoot } from '../src/main/paths.ts'
import { forwardSignals, runChild } from './runChild.ts'

const root = findAppRoot(import.meta.dirname)
const { track, asked } = forwardSignals()

const built = await runChild(process.execPath, [join(root, 'scripts', 'build.ts')], root, track)
if (built !== 0 || asked()) process.exit(built)

const host = spawn(process.execPath, [join(root, 'out', 'main', 'cli.cjs'), 'serve'], {
  cwd: root,
  stdio: ['inherit', 'pipe', 'inherit'],
})
track(host)
host.once('close', (code) => process.exit(code ?? 1))

createInterface({ input: host.stdout }).on('line', async (line) => {
  process.stdout.write(`${line}\n`)
  const link = /^ {2}(http:\/\/127\.0\.0\.1:\d+)(\/#token=\S+)$/.exec(line)
  if (!link) return
  const [, origin = '', rest = ''] = link
  const proxied = { target: origin, changeOrigin: true, headers: { origin }, ws: true }
  const server = await createServer({
    root: join(root, 'src', 'renderer'),
    configFile: false,
    plugins: [react()],
    server: { host: '127.0.0.1', proxy: { '/session': proxied, '/ws': proxied, '/upload': proxied } },
  })
  await server.listen()
  process.stdout.write(
    `\nThe console from its sources, with hot reload:\n\n  ${server.resolvedUrls?.local[0]?.replace(/\/$/, '')}${rest}\n\n`,
  )
})

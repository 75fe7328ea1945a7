import { spawn } from 'node:child_process'

/** A screen for windows that nobody looks at: the one that is there, else an Xvfb of our own on a free number. */
export async function startDisplay(): Promise<{ env: NodeJS.ProcessEnv; stop(): void }> {
  if (process.platform !== 'linux' || process.env.DISPLAY) return { env: { ...process.env }, stop: () => {} }
  const server = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1600x1000x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const number = await new Promise<string>((resolve, reject) => {
    server.once('error', reject)
    server.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)))
    server.stdout.once('data', (data) => resolve(String(data).trim()))
  })
  return { env: { ...process.env, DISPLAY: `:${number}` }, stop: () => void server.kill() }
}

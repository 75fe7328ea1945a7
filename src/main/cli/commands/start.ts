import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { connectToHost, NoHostError } from '../../control/connectToHost.ts'
import { appPaths } from '../../paths.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exitCodes.ts'

export interface ServeFlags {
  open?: boolean
}

/** The headless console, until it is told to end; `files` are submitted as soon as it takes any. */
export async function serveConsole({ home, out }: Context, files: string[], { open }: ServeFlags): Promise<number> {
  const { serve } = await import('../../serve.ts')
  const ended = new AbortController()
  const submitted = files.length > 0 ? submitWhenUp(home, files, ended.signal) : Promise.resolve()
  try {
    return await serve({ home, open, json: out.json })
  } finally {
    ended.abort()
    await submitted
  }
}

/** Between two looks whether the host that we are becoming (or joining) answers. */
const lookEveryMs = 250

async function submitWhenUp(home: Context['home'], files: string[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const host = await connectToHost(home)
      try {
        await host.call('intake.submit', { paths: files.map((file) => resolve(file)), origin: 'cli' })
      } finally {
        host.close()
      }
      return
    } catch (error) {
      if (!(error instanceof NoHostError)) {
        process.stderr.write(`The files could not be submitted: ${(error as Error).message}\n`)
        return
      }
      await new Promise((again) => setTimeout(again, lookEveryMs))
    }
  }
}

/** What `npm start` does: the window where there is one to be had, else the page. */
export async function startConsole(context: Context, files: string[], { web }: { web?: boolean }): Promise<number> {
  const { root } = appPaths()
  const script = join(root, 'scripts', 'start.ts')
  // An installed copy has no build scripts, and nothing to build: its console is the page.
  if (!existsSync(script)) return serveConsole(context, files, { open: true })
  const child = spawn(process.execPath, [script, ...(web ? ['--web'] : []), ...files.map((file) => resolve(file))], {
    stdio: 'inherit',
    env: { ...process.env, GATEHOUSE_HOME: context.home.root },
  })
  const forward = (signal: NodeJS.Signals) => void child.kill(signal)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, forward)
  return new Promise((done, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      for (const signal of signals) process.off(signal, forward)
      done(code ?? exitCodes.failed)
    })
  })
}

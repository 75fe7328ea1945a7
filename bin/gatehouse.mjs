#!/usr/bin/env node
// The command line's entry. Plain JavaScript that Node 20 runs as well: it finds Node 24 and hands over to it.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const neededMajor = 24

/** Node 24: the one that npm installed beside us, else the one that runs this. */
function findNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'))
    const binary = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    if (existsSync(binary)) return binary
  } catch {
    // Installed without development dependencies.
  }
  if (Number(process.versions.node.split('.')[0]) >= neededMajor) return process.execPath
  process.stderr.write(
    `gatehouse needs Node ${neededMajor}; this is ${process.version}. Run "npm ci" in ${root}, which brings it, or install Node ${neededMajor}.\n`,
  )
  process.exit(2)
}

const node = findNode()
const cli = join(root, 'out', 'main', 'cli.cjs')
const sources = join(root, 'scripts', 'build.ts')

// In a checkout the commands are those of the sources beside them. What is built goes to standard error.
if (existsSync(sources)) {
  const built = spawnSync(node, [sources, ...(existsSync(cli) ? ['--quiet'] : [])], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (built.status !== 0) process.exit(built.status ?? 1)
}

const child = spawn(node, [cli, ...process.argv.slice(2)], { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
// npx runs us in a shell that dies of a signal without handing it on: whoever ends npx means us.
if (process.env.npm_command && process.platform !== 'win32') {
  const parent = process.ppid
  const looking = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(looking)
    child.kill('SIGTERM')
  }, 500)
  looking.unref()
}
child.on('error', (error) => {
  process.stderr.write(`gatehouse could not start: ${error.message}\n`)
  process.exit(1)
})
child.on('close', (code, signal) => {
  if (signal) {
    // End as the child did, so that a shell sees the same.
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  } else process.exit(code ?? 1)
})

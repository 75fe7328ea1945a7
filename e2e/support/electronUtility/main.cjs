// Starts the built worker process as the shell does, prints its pid, and what it is told to send it; stays until it is killed.
const { app, utilityProcess } = require('electron')
const { join } = require('node:path')

app.whenReady().then(() => {
  const script = join(process.env.GATEHOUSE_E2E_APP_FOLDER, 'out', 'main', 'workerProcess.cjs')
  const child = utilityProcess.fork(script, [], { env: { PATH: process.env.PATH }, stdio: 'pipe' })
  const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)
  child.once('spawn', () => tell({ pid: child.pid }))
  child.on('message', (message) => tell({ message }))
  child.once('exit', () => tell({ ended: true }))
  process.stdin.once('data', () => child.postMessage({ kind: 'load' }))
})

/** A command with all that it starts: its lines as they come, an end for all of them. */
import { execFile, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { childMarker, signalGroup, writeChildRecord } from '../stack/childProcess.ts'
import { processesMarked, processIdentity } from '../stack/processes.ts'

export interface CommandOptions {
  command: readonly string[]
  /** All that it sees of an environment, beside a mark of ours. */
  env: Record<string, string>
  cwd: string
  /** Tells a later host which process was ours. */
  recordFile: string
  signal: AbortSignal
  /** Told of each line of standard output, numbered from 1; what it throws ends the command. */
  onLine(line: string, number: number): void
}

export interface CommandEnd {
  code: number | null
  signal: NodeJS.Signals | null
  /** The end of standard error. */
  lastWords: string
}

/** The program is not there or must not be run. */
export class CommandNotStarted extends Error {}
/** It wrote more than it may. */
export class TooMuchOutput extends Error {}

/** What a command is given to end by itself once it is told to. */
const graceMs = 700
const mostLineBytes = 64 * 1024
const mostOutputBytes = 64 * 1024 ** 2
const lastWordsBytes = 4_096

/**
 * Runs a command in a process group of its own. When it ends, by itself or not, what it started is ended too.
 * @throws the signal's reason when aborted, what `onLine` threw, CommandNotStarted, TooMuchOutput
 */
export async function runCommand(options: CommandOptions): Promise<CommandEnd> {
  const { command, env, cwd, recordFile, signal, onLine } = options
  signal.throwIfAborted()
  const [program, ...args] = command as [string, ...string[]]
  const child = spawn(program, args, {
    cwd,
    env: { ...env, [childMarker]: recordFile },
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('exit', (code, ended) => resolve({ code, signal: ended }))
    child.once('error', (error) => reject(new CommandNotStarted(`${program} could not be started: ${error.message}`)))
  })
  const { pid } = child
  if (pid === undefined) {
    await exited
    throw new CommandNotStarted(`${program} could not be started.`)
  }
  writeChildRecord(recordFile, { pid, identity: processIdentity(pid) ?? '' })

  const stopped = Promise.withResolvers<never>()
  stopped.promise.catch(() => {})
  const onAbort = () => stopped.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  const lines = splitLines((line, number) => {
    try {
      onLine(line, number)
    } catch (error) {
      stopped.reject(error)
    }
  })
  child.stdout.on('data', (chunk: Buffer) => {
    try {
      lines.add(chunk)
    } catch (error) {
      stopped.reject(error)
    }
  })
  let lastWords = Buffer.alloc(0)
  child.stderr.on('data', (chunk: Buffer) => {
    lastWords = Buffer.concat([lastWords, chunk]).subarray(-lastWordsBytes)
  })
  try {
    const end = await Promise.race([exited, stopped.promise])
    // Its children may hold the pipes open.
    await stopTree(pid, recordFile, 0)
    await Promise.race([closed, stopped.promise])
    lines.end()
    await Promise.race([stopped.promise, Promise.resolve()])
    return { ...end, lastWords: lastWords.toString('utf8').trim() }
  } catch (error) {
    await stopTree(pid, recordFile, graceMs)
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    child.stdout.destroy()
    child.stderr.destroy()
  }
}

/** Cuts bytes into lines; empty ones are passed over. */
function splitLines(onLine: (line: string, number: number) => void): { add(chunk: Buffer): void; end(): void } {
  let rest = Buffer.alloc(0)
  let number = 0
  let total = 0
  const emit = (bytes: Buffer) => {
    number++
    const line = bytes.toString('utf8').trim()
    if (line !== '') onLine(line, number)
  }
  return {
    add(chunk) {
      total += chunk.length
      if (total > mostOutputBytes) throw new TooMuchOutput(`It wrote more than ${mostOutputBytes} bytes of output.`)
      rest = Buffer.concat([rest, chunk])
      for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
        emit(rest.subarray(0, end))
        rest = rest.subarray(end + 1)
      }
      if (rest.length > mostLineBytes)
        throw new TooMuchOutput(`Line ${number + 1} of its output is longer than ${mostLineBytes} bytes.`)
    },
    end() {
      emit(rest)
      rest = Buffer.alloc(0)
    },
  }
}

/** Ends a group and those who left it: politely first, where there is time for it. */
async function stopTree(pid: number, recordFile: string, grace: number): Promise<void> {
  if (process.platform === 'win32') {
    await new Promise<void>((resolve) => execFile('taskkill', ['/pid', String(pid), '/T', '/F'], () => resolve()))
    return
  }
  const lives = () => {
    try {
      process.kill(-pid, 0)
      return true
    } catch {
      return false
    }
  }
  if (grace > 0 && lives()) {
    signalGroup(pid, 'SIGTERM')
    for (const until = performance.now() + grace; performance.now() < until && lives(); ) await sleep(20)
  }
  if (lives()) signalGroup(pid, 'SIGKILL')
  for (const stray of processesMarked(childMarker, recordFile)) {
    try {
      process.kill(stray, 'SIGKILL')
    } catch {
      // It has just ended.
    }
  }
}

/** Servers as child processes: a group of their own, a record that outlives us, an orderly end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Log } from '../log.ts'
import { type OutputBounds, openOutputFile } from './outputFile.ts'
import { processesMarked, processIdentity } from './processes.ts'

export interface ChildOptions {
  /** For the log. */
  name: string
  command: string
  args: string[]
  /** All that the child sees of an environment. */
  env: Record<string, string>
  cwd?: string
  /** The OS user that it runs as, where that is not ours. */
  user?: { uid: number; gid: number }
  /** Takes its output, and is kept bounded as `outputFile.ts` says. */
  logFile: string
  /** Of that file; for tests. */
  logBounds?: Partial<OutputBounds>
  /** Tells a later host which process was ours. One child per file. */
  recordFile: string
  stopping: StopPlan
  log: Log
}

/** Signals in order, each with the time in milliseconds that it is given. */
export type StopPlan = { signal: NodeJS.Signals; wait: number }[]

export interface Child {
  pid: number
  /** Settles when it has ended, for whatever reason; never rejects. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  hasEnded(): boolean
  /** The end of what it has said since it was started, 64 KiB at most; also after its end. */
  said(): string
  /** Comes back when it has ended. */
  stop(): Promise<void>
}

const record = z.object({ pid: z.number().int(), identity: z.string() })
/** In the environment of every child: its record, so that it can be told from a stranger without one. */
export const childMarker = 'GATEHOUSE_CHILD'

/** @throws Error when the program cannot be started at all. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, log } = options
  const output = openOutputFile(options.logFile, log, options.logBounds)
  let process: ChildProcess
  try {
    process = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: { ...options.env, [childMarker]: options.recordFile },
      uid: options.user?.uid,
      gid: options.user?.gid,
      // A group of its own: a Ctrl+C in our terminal must not end the servers before the work in flight is given back.
      detached: globalThis.process.platform !== 'win32',
      stdio: ['ignore', output.fd, output.fd],
      windowsHide: true,
    })
  } catch (error) {
    output.close()
    throw error
  }
  let over = false
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    process.once('exit', (code, signal) => {
      over = true
      output.close()
      try {
        rmSync(options.recordFile, { force: true })
      } catch (error) {
        // A record that stays behind names a process that is gone, which the next start sees by its identity.
        log.warn({ child: name, err: error }, 'the record of a child that ended could not be removed')
      }
      log.info({ child: name, pid: process.pid, code, signal }, 'child ended')
      resolve({ code, signal })
    })
  })
  const { pid } = process
  if (pid === undefined) {
    output.close()
    throw await new Promise<Error>((resolve) =>
      process.once('error', (error) => resolve(new Error(`${options.command} could not be started: ${error.message}`))),
    )
  }
  process.on('error', (error) => log.warn({ child: name, err: error }, 'child'))
  try {
    writeChildRecord(options.recordFile, { pid, identity: processIdentity(pid) ?? '' })
  } catch (error) {
    // A full or read-only disk: a server that no later host could know as ours is not left running.
    signalGroup(pid, 'SIGKILL')
    await ended
    throw error
  }
  log.info({ child: name, pid, command: options.command, args: options.args }, 'child started')

  let stopping: Promise<void> | null = null
  const stop = async () => {
    for (const { signal, wait } of options.stopping) {
      if (over) return
      signalGroup(pid, signal)
      const limit = new AbortController()
      const late = sleep(wait, undefined, { signal: limit.signal }).catch(() => {})
      await Promise.race([ended, late])
      limit.abort()
    }
    await ended
  }
  return {
    pid,
    ended,
    hasEnded: () => over,
    said: output.said,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}

/**
 * Stops what a killed host left behind under this record: a process counts as ours when its start time is the recorded
 * one, or when its environment names the record. Anything else is left alone.
 * @returns how many were stopped
 * @throws Error when one of ours would not end
 */
export async function stopOrphans(recordFile: string, plan: StopPlan, log: Log): Promise<number> {
  const ours = new Map<number, string>()
  try {
    const { pid, identity } = record.parse(JSON.parse(await readFile(recordFile, 'utf8')))
    if (identity !== '' && processIdentity(pid) === identity) ours.set(pid, identity)
  } catch {
    // No record, or half of one: the mark in the environment still tells.
  }
  for (const pid of processesMarked(childMarker, recordFile)) {
    const identity = processIdentity(pid)
    if (identity !== null) ours.set(pid, identity)
  }
  for (const [pid, identity] of ours) {
    log.info({ pid, recordFile }, 'stopping a child of an earlier host')
    await stopProcess(pid, identity, plan)
  }
  rmSync(recordFile, { force: true })
  return ours.size
}

/**
 * Ends a process that is not our child. It is signalled only while it is still the one that was meant.
 * @throws Error when it does not end
 */
export async function stopProcess(pid: number, identity: string, plan: StopPlan): Promise<void> {
  const lives = () => processIdentity(pid) === identity
  for (const { signal, wait } of plan) {
    if (!lives()) return
    signalGroup(pid, signal)
    // Its end sends us no event: it is another process's child.
    for (const until = performance.now() + wait; performance.now() < until && lives(); ) await sleep(25)
  }
  if (lives()) throw new Error(`Process ${pid}, left behind by an earlier Gatehouse, does not end. End it by hand.`)
}

/** The whole group where the process leads one, so that its own children go too. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  for (const target of globalThis.process.platform === 'win32' ? [pid] : [-pid, pid]) {
    try {
      globalThis.process.kill(target, signal)
      return
    } catch {
      // No such group, or it has just ended.
    }
  }
}

/** Written at once and whole: a host that is killed right after a start must leave a record. */
export function writeChildRecord(file: string, content: z.infer<typeof record>): void {
  writeFileSync(`${file}.new`, JSON.stringify(content), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

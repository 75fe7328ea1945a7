import { spawn } from 'node:child_process'
import { systemEnvironment } from '../stack/processes.ts'
import { type KeychainRequest, keychainAnswer } from './keychainProtocol.ts'

/** One place for secrets by name; both the OS keychain and the file are such. */
export interface SecretPlace {
  /** null when there is none of that name. @throws Error when the place cannot be read now (locked, refusing, too slow). */
  get(name: string): Promise<string | null>
  set(name: string, value: string): Promise<void>
  remove(name: string): Promise<void>
}

/** A process that was asked something and has not answered yet. */
export interface Helper {
  /** What it answered; rejects when it did not start or ended without an answer. */
  answer: Promise<string>
  kill(): void
}

/**
 * Starts the script in a process of its own and hands it the request, never by argument. Node by default; Electron brings
 * its utility process, because the packaged app cannot run as Node (decision 140).
 */
export type StartHelper = (script: string, request: string, env: NodeJS.ProcessEnv) => Helper

export interface KeychainOptions {
  /** The built `keychainHelper`, see AppPaths. */
  helper: string
  /** Distinguishes data folders: the account of an entry is `<folderId>/<name>`. */
  folderId: string
  /** A prompt that nobody answers, or a hung service, ends after this long. */
  limitMilliseconds: number
  startHelper?: StartHelper
}

/** Where the session's D-Bus and its display are: without them the Secret Service is not found, or cannot ask. */
const sessionVariables = [
  'DBUS_SESSION_BUS_ADDRESS',
  'XDG_RUNTIME_DIR',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  'XDG_CURRENT_DESKTOP',
]

/**
 * The OS keychain by `@napi-rs/keyring` (macOS Keychain, Windows Credential Manager, Secret Service), one helper process
 * per call. Not a thread: an unlock prompt that nobody answers blocks the native call, and Node then cannot exit
 * (seen with gnome-keyring); a process can be ended.
 */
export function createKeychain(options: KeychainOptions): SecretPlace {
  const account = (name: string) => `${options.folderId}/${name}`
  const ask = (request: KeychainRequest) => askKeychain(options, request)
  return {
    get: (name) => ask({ action: 'get', account: account(name) }),
    set: async (name, value) => {
      await ask({ action: 'set', account: account(name), value })
    },
    remove: async (name) => {
      await ask({ action: 'remove', account: account(name) })
    },
  }
}

/** One request to the keychain; gives the value that was asked for. @throws Error in words, without the secret */
export async function askKeychain(
  { helper, limitMilliseconds, startHelper = startNodeHelper }: Omit<KeychainOptions, 'folderId'>,
  request: KeychainRequest,
): Promise<string | null> {
  const env = systemEnvironment()
  for (const variable of sessionVariables) {
    const given = process.env[variable]
    if (given !== undefined) env[variable] = given
  }
  const asked = startHelper(helper, JSON.stringify(request), env)
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the OS keychain did not answer within ${limitMilliseconds / 1000} s`)),
      limitMilliseconds,
    )
  })
  try {
    const answer = keychainAnswer.parse(JSON.parse(await Promise.race([asked.answer, tooLong])))
    if (!answer.ok) throw new Error(answer.message)
    return answer.value
  } finally {
    clearTimeout(timer)
    asked.kill()
  }
}

/** A helper in plain Node: the request by standard input, the answer by standard output. */
const startNodeHelper: StartHelper = (script, request, env) => {
  const child = spawn(process.execPath, [script], { env, stdio: ['pipe', 'pipe', 'ignore'], windowsHide: true })
  const answer = new Promise<string>((resolve, reject) => {
    let answered = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      answered += chunk
    })
    child.once('error', (error) => reject(new Error(`the keychain helper did not start (${error.message})`)))
    child.once('close', () => {
      if (answered === '') reject(new Error('the keychain helper ended without an answer'))
      else resolve(answered)
    })
  })
  // Whoever waited too long does not wait for it any more.
  answer.catch(() => {})
  child.stdin.on('error', () => {}) // it died early; `close` tells
  child.stdin.end(request)
  return { answer, kill: () => void child.kill('SIGKILL') }
}

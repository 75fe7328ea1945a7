import { spawn } from 'node:child_process'
import { systemEnvironment } from '../stack/processes.ts'

/** One place for secrets by name; both the OS keychain and the file are such. */
export interface SecretPlace {
  /** null when there is none of that name. @throws Error when the place cannot be read now (locked, refusing, too slow). */
  get(name: string): Promise<string | null>
  set(name: string, value: string): Promise<void>
  remove(name: string): Promise<void>
}

export interface KeychainOptions {
  /** Folder with our package.json, from which `@napi-rs/keyring` is found. */
  appRoot: string
  /** Distinguishes data folders: the account of an entry is `<folderId>/<name>`. */
  folderId: string
  /** A prompt that nobody answers, or a hung service, ends after this long. */
  limitMilliseconds: number
}

const service = 'gatehouse'

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
 * Runs in a process of its own; the request comes by stdin, never by argument. On Linux the Secret Service is asked for
 * by name: the library would otherwise fall back to the kernel's keyring, which forgets everything at a reboot.
 */
const helper = `
const { createRequire } = require('node:module')
let text = ''
process.stdin.setEncoding('utf8').on('data', (c) => { text += c }).on('end', () => {
  const { root, service, account, action, value } = JSON.parse(text)
  let answer
  try {
    const { Entry } = createRequire(root + '/package.json')('@napi-rs/keyring')
    const entry = new Entry(service, account, { linux: { store: 'secret-service' } })
    if (action === 'set') entry.setPassword(value)
    else if (action === 'remove') entry.deleteCredential()
    answer = { ok: true, value: action === 'get' ? (entry.getPassword() ?? null) : null }
  } catch (error) {
    answer = { ok: false, message: String(error.message).split('\\n')[0] }
  }
  process.stdout.write(JSON.stringify(answer))
})
`

/**
 * The OS keychain by `@napi-rs/keyring` (macOS Keychain, Windows Credential Manager, Secret Service), one helper process
 * per call. Not a thread: an unlock prompt that nobody answers blocks the native call, and Node then cannot exit
 * (seen with gnome-keyring); a process can be ended.
 */
export function createKeychain(options: KeychainOptions): SecretPlace {
  const ask = (action: 'get' | 'set' | 'remove', name: string, value?: string) =>
    new Promise<string | null>((resolve, reject) => {
      const env = systemEnvironment()
      for (const variable of sessionVariables) {
        const given = process.env[variable]
        if (given !== undefined) env[variable] = given
      }
      // In Electron's main process the executable is Electron, which then has to behave as Node.
      if (process.versions.electron) env.ELECTRON_RUN_AS_NODE = '1'
      const child = spawn(process.execPath, ['-e', helper], { env, stdio: ['pipe', 'pipe', 'ignore'], windowsHide: true })
      let answered = ''
      let late = false
      const timer = setTimeout(() => {
        late = true
        child.kill('SIGKILL')
      }, options.limitMilliseconds)
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        answered += chunk
      })
      child.once('error', (error) => {
        clearTimeout(timer)
        reject(new Error(`the keychain helper did not start (${error.message})`))
      })
      child.once('close', () => {
        clearTimeout(timer)
        if (late) return reject(new Error(`the OS keychain did not answer within ${options.limitMilliseconds / 1000} s`))
        try {
          const answer = JSON.parse(answered) as { ok: true; value: string | null } | { ok: false; message: string }
          if (answer.ok) resolve(answer.value)
          else reject(new Error(answer.message))
        } catch {
          reject(new Error('the keychain helper ended without an answer'))
        }
      })
      child.stdin.on('error', () => {}) // it died early; `close` tells
      child.stdin.end(JSON.stringify({ root: options.appRoot, service, account: `${options.folderId}/${name}`, action, value }))
    })
  return {
    get: (name) => ask('get', name),
    set: async (name, value) => {
      await ask('set', name, value)
    },
    remove: async (name) => {
      await ask('remove', name)
    },
  }
}

/**
 * A process of its own that answers one request to the OS keychain and ends: over standard input and output in Node, as a
 * utility process in Electron. Never an argument, because those can be read by every user of the machine.
 */
import { type KeychainAnswer, keychainRequest } from './keychainProtocol.ts'

const service = 'gatehouse'

async function answer(text: string): Promise<KeychainAnswer> {
  try {
    const request = keychainRequest.parse(JSON.parse(text))
    const { Entry } = await import('@napi-rs/keyring')
    if (request.action === 'load') return { ok: true, value: null }
    // On Linux the Secret Service by name: the library would otherwise fall back to the kernel's keyring, which forgets
    // everything at a reboot.
    const entry = new Entry(service, request.account, { linux: { store: 'secret-service' } })
    if (request.action === 'set') entry.setPassword(request.value)
    else if (request.action === 'remove') entry.deleteCredential()
    return { ok: true, value: request.action === 'get' ? (entry.getPassword() ?? null) : null }
  } catch (error) {
    return { ok: false, message: (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '' }
  }
}

/** What Electron puts on `process` in a utility process. */
interface ParentPort {
  once(event: 'message', listener: (event: { data: unknown }) => void): void
  postMessage(message: string): void
}
const { parentPort } = process as unknown as { parentPort?: ParentPort }

if (parentPort) {
  // Whoever started it ends it once the answer is there.
  parentPort.once('message', ({ data }) => void answer(String(data)).then((said) => parentPort.postMessage(JSON.stringify(said))))
} else {
  let text = ''
  process.stdin
    .setEncoding('utf8')
    .on('data', (chunk: string) => {
      text += chunk
    })
    .on('end', () => void answer(text).then((said) => process.stdout.write(JSON.stringify(said))))
}

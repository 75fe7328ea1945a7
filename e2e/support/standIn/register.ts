/**
 * Preloaded with `node --import`: makes this process look to the built app like Electron's main process, as far as the
 * module `electron`, `process.argv` and `process.type` go. `process.versions.electron` stays away on purpose: native
 * modules choose their binary by it, and this is Node.
 */
import { registerHooks } from 'node:module'

const standIn = new URL('./electron.ts', import.meta.url).href

registerHooks({
  resolve(specifier, context, nextResolve) {
    return specifier === 'electron'
      ? { url: standIn, format: 'module-typescript', shortCircuit: true }
      : nextResolve(specifier, context)
  },
})

// Electron's own command line: the executable, the app's folder, then what was given.
const [executable = '', , ...given] = process.argv
process.argv = [executable, process.env.GATEHOUSE_E2E_APP_FOLDER ?? process.cwd(), ...given]
Object.defineProperty(process, 'type', { value: 'browser' })

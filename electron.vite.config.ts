import { resolve } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'electron-vite'
import { bundledInMain } from './scripts/packaging/runtimePackages.ts'

const from = (path: string) => resolve(import.meta.dirname, path)

/**
 * The window also runs in an older Electron (Node 16, Chromium 108) as long as it attaches to a host elsewhere, so
 * nothing newer than these may stay in the syntax.
 */
const oldestNode = 'node16'
const oldestChromium = 'chrome108'

/** Beside `"type": "module"` CommonJS needs the extension .cjs; old Electrons load CommonJS alone. */
const commonJs = { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: 'chunks/[name]-[hash].cjs' } as const

export default defineConfig({
  main: {
    build: {
      target: oldestNode,
      // Dependencies stay in node_modules: native ones must, the others load faster. ES modules do not: an old Electron
      // cannot require() one, and no Electron is asked to find one inside its archive.
      externalizeDeps: { exclude: [...bundledInMain] },
      rolldownOptions: {
        input: {
          index: from('src/main/index.ts'),
          cli: from('src/main/cli/main.ts'),
          workerProcess: from('src/main/cli/workerProcess.ts'),
          intakeThread: from('src/main/backend/intake/intakeThread.ts'),
          keychainHelper: from('src/main/backend/secrets/keychainHelper.ts'),
          csvThread: from('src/main/backend/csv/csvThread.ts'),
          failureConverter: from('src/temporal/codec/failureConverter.ts'),
          trainingThread: from('src/main/backend/training/trainingThread.ts'),
          servingThread: from('src/main/backend/serving/servingThread.ts'),
        },
        // What is loaded late is loaded by require() too: Electron's archive is known to it in every version.
        output: { ...commonJs, dynamicImportInCjs: false },
      },
    },
  },
  preload: {
    build: {
      target: oldestNode,
      // A sandboxed preload can require() nothing but electron.
      externalizeDeps: false,
      rolldownOptions: { input: { index: from('src/preload/index.ts') }, output: commonJs },
    },
  },
  renderer: {
    root: from('src/renderer'),
    plugins: [react()],
    build: {
      target: oldestChromium,
      outDir: from('out/renderer'),
      minify: true,
      // Small icons and fonts as files too: `font-src 'self'` allows no data: addresses.
      assetsInlineLimit: 0,
      // What the first picture needs comes in one go; views that are looked at later are chunks of their own (decision 137).
      chunkSizeWarningLimit: 4_000,
      rolldownOptions: { input: from('src/renderer/index.html') },
    },
  },
})

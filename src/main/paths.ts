import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

/** Where the app's own files are: bundles when built, sources under test. */
export interface AppPaths {
  root: string
  resources: string
  renderer: string
  preload: string
  workflowBundle: string
  /** The pipeline's code as text, for whoever wants to read it: `folder`, a file's name, `suffix`. */
  code: { folder: string; suffix: string }
  /** Loaded by the Temporal SDK, by its path. */
  failureConverter: string
  /** Entry files of worker threads. */
  threads: { intake: string; csv: string; serving: string; training: string }
  /** Entry files of processes of our own. */
  helpers: { keychain: string; worker: string }
}

/** The folder that holds our package.json, seen from any file of ours. */
export function findAppRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) throw new Error(`no package.json above ${from}`)
  }
}

export const builtPaths = (root: string): AppPaths => ({
  root,
  resources: join(root, 'resources'),
  renderer: join(root, 'out', 'renderer'),
  preload: join(root, 'out', 'preload', 'index.cjs'),
  workflowBundle: join(root, 'out', 'workflows', 'bundle.js'),
  // No source by its name: nothing that could be taken for code is installed but what runs.
  code: { folder: join(root, 'out', 'code'), suffix: '.txt' },
  failureConverter: join(root, 'out', 'main', 'failureConverter.cjs'),
  threads: {
    intake: join(root, 'out', 'main', 'intakeThread.cjs'),
    csv: join(root, 'out', 'main', 'csvThread.cjs'),
    serving: join(root, 'out', 'main', 'servingThread.cjs'),
    training: join(root, 'out', 'main', 'trainingThread.cjs'),
  },
  helpers: {
    keychain: join(root, 'out', 'main', 'keychainHelper.cjs'),
    worker: join(root, 'out', 'main', 'workerProcess.cjs'),
  },
})

/** Node runs the TypeScript of threads as it is, so tests need no build. */
export const sourcePaths = (root: string): AppPaths => ({
  ...builtPaths(root),
  code: { folder: join(root, 'src', 'temporal'), suffix: '' },
  failureConverter: join(root, 'src', 'temporal', 'codec', 'failureConverter.ts'),
  threads: {
    intake: join(root, 'src', 'main', 'backend', 'intake', 'intakeThread.ts'),
    csv: join(root, 'src', 'main', 'backend', 'csv', 'csvThread.ts'),
    serving: join(root, 'src', 'main', 'backend', 'serving', 'servingThread.ts'),
    training: join(root, 'src', 'main', 'backend', 'training', 'trainingThread.ts'),
  },
  helpers: {
    keychain: join(root, 'src', 'main', 'backend', 'secrets', 'keychainHelper.ts'),
    worker: join(root, 'src', 'main', 'cli', 'workerProcess.ts'),
  },
})

/** The built files for code that runs from out/, the sources for code that Node runs as it is. */
export function appPaths(here: string = import.meta.dirname): AppPaths {
  const root = findAppRoot(here)
  return relative(root, here).split(sep)[0] === 'out' ? builtPaths(root) : sourcePaths(root)
}

/** Of this Gatehouse, as package.json has it. */
export const appVersion = (root: string): string =>
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version

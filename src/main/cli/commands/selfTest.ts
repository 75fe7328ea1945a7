import { appPaths } from '../../paths.ts'
import { printSelfTest, writeOut } from '../../selfTest/printSelfTest.ts'
import type { Context } from '../context.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'

/** Tries every part of this installation that does not need a server. */
export async function selfTest({ out }: Context): Promise<ExitCode> {
  return (await printSelfTest(appPaths(), out.json, writeOut)) === 0 ? exitCodes.done : exitCodes.failed
}

import { app } from 'electron'
import type { AppPaths } from '../paths.ts'
import { printSelfTest, writeOut } from '../selfTest/printSelfTest.ts'
import { runApart, runNamed } from '../selfTest/runApart.ts'
import { startUtilityProcess } from './startUtilityProcess.ts'
import { startUtilityHelper } from './utilityHelper.ts'

const partArgument = '--self-test-part='
const scratchArgument = '--self-test-scratch='

/**
 * The self-test of the app in its own Electron, which is what native modules must fit: each check in a copy of the app
 * that ends with it. Ends this app with 0 when every part works, else with 1.
 */
export async function selfTestAndExit(paths: AppPaths, json: boolean): Promise<void> {
  const given = process.argv.slice(1)
  const named = (prefix: string) => given.find((arg) => arg.startsWith(prefix))?.slice(prefix.length)
  const part = named(partArgument)
  if (part !== undefined) {
    // Utility processes are there only then.
    await app.whenReady()
    const starters = { startHelper: startUtilityHelper, startProcess: startUtilityProcess }
    await writeOut(JSON.stringify(await runNamed(paths, part, named(scratchArgument) ?? '', partLimitMs, starters)))
    return app.exit(0)
  }
  // Chromium's switches and the app's folder go along.
  const command = [process.execPath, ...process.execArgv, ...given.filter((arg) => arg !== '--json')]
  const code = await printSelfTest(paths, json, writeOut, ({ name }, scratch, limitMs) =>
    runApart([...command, partArgument + name, scratchArgument + scratch], limitMs),
  )
  app.exit(code)
}

/** The process around it is ended soon after. */
const partLimitMs = 55_000

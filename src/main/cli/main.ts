/** Entry of the command line (bundled to out/main/cli.cjs). */
import { endQuietlyOnClosedPipe } from './output.ts'
import { runCli } from './program.ts'

endQuietlyOnClosedPipe()
runCli(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exitCode = 1
  },
)

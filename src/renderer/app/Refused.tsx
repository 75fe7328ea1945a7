import { CopyLine } from '../ui/Copy.tsx'
import './app.css'

/** Shown where this browser is not let in. */
export function Refused() {
  return (
    <main className="refused">
      <div className="refused-box">
        <h1>This browser is not let in</h1>
        <p>
          The link was already used, or belongs to an earlier start of Gatehouse. Each link lets one browser in, once. Nothing is
          lost: Gatehouse goes on working in the background.
        </p>
        <p>Get a fresh link from a terminal and open it here:</p>
        <div className="refused-command">
          <CopyLine text="npx gatehouse start" what="the command" />
        </div>
      </div>
    </main>
  )
}

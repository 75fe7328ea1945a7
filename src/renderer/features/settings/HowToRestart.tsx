import { useState } from 'react'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { whyActionsAreOff } from '../stack/stackStore.ts'

/** The next start, at once where the host can do that, else in words. */
export function HowToRestart({ canRestart }: { canRestart: boolean }) {
  const { profiles } = useConsole()
  const off = useIn('stack', whyActionsAreOff)
  const [refusal, setRefusal] = useState<string | null>(null)
  if (!canRestart) {
    return (
      <p className="faint">
        To start it anew, stop it (“Stop Gatehouse…” below, or Ctrl+C in its terminal) and start it the way it was started.
      </p>
    )
  }
  return (
    <div className="settings-arrival">
      <Button size="small" offBecause={off} onPress={() => void profiles.getState().restart().then(setRefusal)}>
        Restart Gatehouse now
      </Button>
      <span className="faint">Asks first where a run is in a step. Runs under way stand still meanwhile.</span>
      {refusal === null ? null : <span className="error-text">{refusal}</span>}
    </div>
  )
}

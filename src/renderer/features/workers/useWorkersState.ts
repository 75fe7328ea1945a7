import { useEffect } from 'react'
import type { WorkersState } from '../../../contract/workers.ts'
import { useConsole, useIn } from '../../app/console.ts'

/** Workers tell of themselves every ten seconds; slots come and go meanwhile. */
const lookAgainMs = 5_000

/** Who works now, asked for again and again while this is shown; null before the first answer. */
export function useWorkersState(): WorkersState | null {
  const { workers } = useConsole()
  useEffect(() => {
    void workers.getState().fetch()
    const timer = setInterval(() => void workers.getState().fetch(), lookAgainMs)
    return () => clearInterval(timer)
  }, [workers])
  return useIn('workers', (s) => s.state)
}

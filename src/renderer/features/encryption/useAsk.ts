import { useState } from 'react'
import { useConsole } from '../../app/console.ts'
import type { KeyCall, KeysView } from './keysStore.ts'

/** One request at a time from one place of the page, and why it was refused. */
export function useAsk() {
  const { keys } = useConsole()
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const ask: KeysView['ask'] = async <N extends KeyCall>(call: N, input: never) => {
    setBusy(true)
    setRefusal(null)
    const asked = await keys.getState().ask<N>(call, input)
    setBusy(false)
    if (!asked.ok) setRefusal(asked.message)
    return asked
  }
  return { ask, busy, refusal }
}

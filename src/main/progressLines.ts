import type { Part, StackHealth } from '../contract/model.ts'
import { partLabels, partNames } from './partLabels.ts'

/** Milliseconds between two lines about the same part while only its words or its percentage change. */
const quietMs = 5_000

/** Turns the stack's health into lines for a terminal: one whenever a part's state changes, fewer while it only makes progress. */
export function createProgressLines(print: (line: string) => void, now: () => number = Date.now) {
  const told = new Map<string, { state: string; text: string; at: number }>()
  return (health: StackHealth) => {
    for (const name of partNames) {
      const part = health[name]
      const text = describe(part)
      const last = told.get(name)
      if (last?.text === text) continue
      // Up with a remedy is another state: somebody has something to do.
      const state = part.remedy === '' ? part.state : `${part.state}, to do`
      const sameState = last?.state === state
      // What counts up while all is well (a worker's slots) is for the console, not for the terminal.
      if (sameState && (state === 'up' || state === 'off')) continue
      if (sameState && last && now() - last.at < quietMs) continue
      told.set(name, { state, text, at: now() })
      print(`  ${partLabels[name].padEnd(14)}${text}`)
    }
  }
}

function describe({ state, summary, detail, remedy, progress }: Part): string {
  const percent = progress === null ? '' : ` ${Math.round(progress * 100)} %`
  const words = [detail, state === 'down' || state === 'up' ? remedy : ''].filter((t) => t !== '').join(' ')
  return `${state}${percent}${summary ? `, ${summary}` : ''}${words ? `: ${words}` : ''}`
}

/** What the doctor found about one part. */
export interface Check {
  name: string
  /** `note`: worth knowing, works all the same. `blocks`: Gatehouse, or a part of it, cannot work. */
  state: 'ok' | 'note' | 'blocks'
  detail: string
  /** How to mend it; empty when there is nothing to mend. */
  remedy: string
}

export const ok = (name: string, detail: string): Check => ({ name, state: 'ok', detail, remedy: '' })
export const note = (name: string, detail: string, remedy = ''): Check => ({ name, state: 'note', detail, remedy })
export const blocks = (name: string, detail: string, remedy: string): Check => ({ name, state: 'blocks', detail, remedy })

import { type ComponentType, lazy, type ReactNode, useState } from 'react'

const parts: (() => Promise<void>)[] = []

/** Reads every part that `later` made, so that each is there when it is asked for. */
export function readAhead(): void {
  for (const read of parts) void read()
}

/**
 * A part of the console that the first picture does not need. It is React's `lazy`, but shown at once where it was read
 * ahead: `lazy` begins with its fallback also then, which React keeps for 300 ms, and the keys typed at the part find nothing
 * (decision 217).
 */
export function later<Props extends object>(read: () => Promise<{ default: ComponentType<Props> }>): (props: Props) => ReactNode {
  let here: ComponentType<Props> | null = null
  const Lazy: ComponentType<Props> = lazy(read)
  parts.push(async () => {
    try {
      here = (await read()).default
    } catch {
      // Then it is read when it is shown, and a failure is told there.
    }
  })
  return function Later(props) {
    // As it was at first: another component in the same place would begin anew.
    const [Part] = useState(() => here ?? Lazy)
    return <Part {...props} />
  }
}

import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

/** A message over whichever view is looked at, for what holds everywhere. */
export function Banner({ tone, sign: Sign, children }: { tone: 'bad' | 'human'; sign: LucideIcon; children: ReactNode }) {
  return (
    <div className={`banner ${tone}`} role="alert">
      <Sign size={14} aria-hidden />
      {children}
    </div>
  )
}

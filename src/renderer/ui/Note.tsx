import { CircleAlert, CircleCheck, Clock, Info } from 'lucide-react'
import type { ReactNode } from 'react'

const signs = { bad: CircleAlert, human: Clock, good: CircleCheck, idle: Info }

/** A message that stands where it belongs, with a sign beside its colour. */
export function Note({ tone = 'idle', children }: { tone?: keyof typeof signs; children: ReactNode }) {
  const Sign = signs[tone]
  return (
    <div className={`note ${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
      <Sign size={14} aria-hidden />
      {children}
    </div>
  )
}

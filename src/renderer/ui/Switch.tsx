import type { ReactNode } from 'react'
import { Switch as AriaSwitch, type SwitchProps as AriaSwitchProps } from 'react-aria-components'

export interface SwitchProps extends Omit<AriaSwitchProps, 'className' | 'style' | 'children'> {
  children: ReactNode
  /** Why it cannot be switched; shown on hover and read out. A reason switches the switch off. */
  offBecause?: string | null
}

/** Holds at once, unlike a checkbox in a form that is saved. The knob's place says its state beside the colour. */
export function Switch({ children, offBecause, isDisabled, ...props }: SwitchProps) {
  return (
    <span title={offBecause ?? undefined}>
      <AriaSwitch {...props} isDisabled={isDisabled === true || Boolean(offBecause)} className="switch">
        <span className="switch-track" aria-hidden />
        {children}
        {offBecause ? <span className="sr-only"> ({offBecause})</span> : null}
      </AriaSwitch>
    </span>
  )
}

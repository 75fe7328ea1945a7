import type { ReactNode } from 'react'
import { Button as AriaButton, type ButtonProps as AriaButtonProps, Tooltip, TooltipTrigger } from 'react-aria-components'

export interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'style' | 'children'> {
  look?: 'plain' | 'primary' | 'danger' | 'quiet' | 'link'
  size?: 'normal' | 'small'
  children: ReactNode
  /** Why the button is off; shown on hover and read out. A reason switches the button off. */
  offBecause?: string | null
}

const classOf = (look: string, size: string, icon = false) =>
  ['button', look === 'plain' ? '' : look, size === 'small' ? 'small' : '', icon ? 'icon' : ''].filter(Boolean).join(' ')

export function Button({ look = 'plain', size = 'normal', offBecause, isDisabled, children, ...props }: ButtonProps) {
  const button = (
    <AriaButton {...props} isDisabled={isDisabled === true || Boolean(offBecause)} className={classOf(look, size)}>
      {children}
      {offBecause ? <span className="sr-only"> ({offBecause})</span> : null}
    </AriaButton>
  )
  // A button that is off gets no pointer events, so the reason hangs on what is around it.
  return offBecause ? (
    <span className="button-wrap" title={offBecause}>
      {button}
    </span>
  ) : (
    button
  )
}

/** A button that shows a sign alone; its name is its tooltip. */
export function IconButton({
  label,
  look = 'quiet',
  size = 'normal',
  children,
  ...props
}: Omit<ButtonProps, 'offBecause'> & { label: string }) {
  return (
    <TooltipTrigger delay={500} closeDelay={0}>
      <AriaButton {...props} aria-label={label} className={classOf(look, size, true)}>
        {children}
      </AriaButton>
      <Tooltip className="tooltip" offset={4}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  )
}

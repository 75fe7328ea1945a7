import { Check } from 'lucide-react'
import type { MouseEvent } from 'react'
import './batch.css'

/**
 * Whether a row is selected, for the eye and the pointer: an option of a listbox has no controls in it, so `aria-selected`
 * tells the state and the keys of the list (x, Space) change it.
 */
export function RowCheck({ isSelected, onPress }: { isSelected: boolean; onPress: (event: MouseEvent) => void }) {
  return (
    <span
      className="row-check"
      aria-hidden
      onMouseDown={(event) => event.preventDefault()}
      onClick={(event) => {
        event.stopPropagation()
        onPress(event)
      }}
    >
      <span>{isSelected ? <Check size={12} strokeWidth={3} aria-hidden /> : null}</span>
    </span>
  )
}

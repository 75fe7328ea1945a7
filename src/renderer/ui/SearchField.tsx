import { Search, X } from 'lucide-react'
import { IconButton } from './Button.tsx'

interface Props {
  /** By it the `/` key finds the field. */
  id: string
  /** What is looked through, for whoever does not see the list below. */
  label: string
  placeholder?: string
  value: string
  onChange: (text: string) => void
  /** Enter or the arrow down left it for the list. */
  onLeave?: () => void
  /** Beside `search`. */
  className?: string
}

/** The search above a list: cleared by its cross or by Escape, reached by `/`; Enter and the arrow down leave it for the list. */
export function SearchField({ id, label, placeholder = 'Search', value, onChange, onLeave, className }: Props) {
  return (
    <div className={className ? `search ${className}` : 'search'}>
      <Search size={14} aria-hidden />
      <input
        id={id}
        className="input"
        type="text"
        placeholder={placeholder}
        aria-label={label}
        spellCheck={false}
        autoComplete="off"
        maxLength={200}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== 'ArrowDown') return
          // The list's own keys work from anywhere but a field; this press is no one of them yet.
          event.currentTarget.blur()
          event.preventDefault()
          event.stopPropagation()
          onLeave?.()
        }}
      />
      {value ? (
        <IconButton size="small" label="Clear the search" onPress={() => onChange('')}>
          <X size={13} aria-hidden />
        </IconButton>
      ) : (
        <kbd>/</kbd>
      )}
    </div>
  )
}

import { useId } from 'react'

/** One of a few values, by the system's own list: each has its words. */
export function Choice<V extends string>({
  label,
  value,
  words,
  hideLabel = false,
  error = null,
  onChange,
}: {
  label: string
  value: V
  words: Partial<Record<V, string>>
  hideLabel?: boolean
  error?: string | null
  onChange: (value: V) => void
}) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id} className={hideLabel ? 'sr-only' : undefined}>
        {label}
      </label>
      <select
        id={id}
        className="input"
        value={value}
        aria-invalid={error ? true : undefined}
        onChange={(event) => onChange(event.target.value as V)}
      >
        {Object.entries(words).map(([choice, name]) => (
          <option key={choice} value={choice}>
            {String(name)}
          </option>
        ))}
      </select>
      {error ? <span className="error-text">{error}</span> : null}
    </div>
  )
}

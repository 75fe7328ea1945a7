import { CircleAlert } from 'lucide-react'
import { Input, Label, Text, TextArea, TextField, type TextFieldProps } from 'react-aria-components'

export interface FieldProps extends Omit<TextFieldProps, 'className' | 'style' | 'children' | 'onKeyDown'> {
  label: string
  hint?: string
  error?: string | null
  multiline?: boolean
  placeholder?: string
  /** The label is read out and not shown: the field stands in a table that says it. */
  hideLabel?: boolean
  /** Ctrl and Enter, or ⌘ and Enter, send what it belongs to. */
  onSend?: () => void
}

export function Field({ label, hint, error, multiline = false, placeholder, hideLabel = false, onSend, ...props }: FieldProps) {
  const onKeyDown: TextFieldProps['onKeyDown'] = (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      onSend?.()
    } else {
      // The library keeps every key from the dialog around it otherwise, Escape among them.
      event.continuePropagation()
    }
  }
  return (
    // Not the browser's own validation: an error of before would keep a form from ever being sent again.
    <TextField
      {...props}
      {...(onSend ? { onKeyDown } : {})}
      validationBehavior="aria"
      isInvalid={Boolean(error)}
      className="field"
    >
      <Label className={hideLabel ? 'sr-only' : undefined}>{label}</Label>
      {multiline ? (
        <TextArea className="input" placeholder={placeholder} rows={3} />
      ) : (
        <Input className="input" placeholder={placeholder} />
      )}
      {error ? (
        <Text slot="errorMessage" className="error-text">
          <CircleAlert size={13} aria-hidden />
          <span>{error}</span>
        </Text>
      ) : null}
      {hint && !error ? (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      ) : null}
    </TextField>
  )
}

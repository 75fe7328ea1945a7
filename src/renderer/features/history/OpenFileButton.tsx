import { useRef } from 'react'
import { useConsole } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'

/** Opens a history from a file, beside the run's own. */
export function OpenFileButton() {
  const { historyFile } = useConsole()
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <input
        ref={input}
        className="sr-only"
        type="file"
        accept=".json,application/json"
        tabIndex={-1}
        aria-hidden
        onChange={(event) => {
          const [file] = event.target.files ?? []
          if (file) void historyFile.getState().open(file)
          // The same file may be chosen again.
          event.target.value = ''
        }}
      />
      <Button size="small" onPress={() => input.current?.click()}>
        Open a file…
      </Button>
    </>
  )
}

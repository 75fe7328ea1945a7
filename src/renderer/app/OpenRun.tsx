import { Button } from '../ui/Button.tsx'
import { useConsole } from './console.ts'

interface OpenRunProps {
  workflowId: string
  size?: 'small'
  /** Default: "Open run". */
  words?: string
}

/** A link to a run in the list, from wherever something is told of it. */
export function OpenRun({ workflowId, size, words = 'Open run' }: OpenRunProps) {
  const { route } = useConsole()
  return (
    <Button size={size} look="link" onPress={() => route.getState().go({ place: 'runs', run: workflowId, full: false })}>
      {words}
    </Button>
  )
}

import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { BatchBar } from '../batch/BatchBar.tsx'
import { EmptyRuns } from './EmptyRuns.tsx'
import { NothingFits } from './NothingFits.tsx'
import { FilterChips } from './RunFilters.tsx'
import { RunsBar } from './RunsBar.tsx'
import { RunsList } from './RunsList.tsx'
import { ViewsDialog } from './ViewsDialog.tsx'
import './runs.css'
import { Skeleton } from '../../ui/Skeleton.tsx'

export function RunsView() {
  const { runs, stack } = useConsole()
  const load = useIn('runs', (s) => s.load)
  const problem = useIn('runs', (s) => s.problem)
  const known = useIn('runs', (s) => s.byId.size)
  const shown = useIn('runs', (s) => s.visible.length)
  if (load === 'loading') return <Skeleton of="the runs" rows={12} />
  if (load === 'failed') {
    return (
      <div className="runs-message">
        <p>The runs could not be read: {problem}</p>
        <Button onPress={() => void runs.getState().fetch()}>Try again</Button>
      </div>
    )
  }
  if (known === 0) return <EmptyRuns home={stack.getState().info?.home ?? null} />
  return (
    <>
      <RunsBar />
      <FilterChips />
      {shown === 0 ? <NothingFits /> : <RunsList />}
      <BatchBar />
      <ViewsDialog />
    </>
  )
}

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

export function RunsView() {
  const { runs, stack } = useConsole()
  const load = useIn('runs', (s) => s.load)
  const problem = useIn('runs', (s) => s.problem)
  const known = useIn('runs', (s) => s.byId.size)
  const shown = useIn('runs', (s) => s.visible.length)
  if (load === 'loading') return <RunsSkeleton />
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

function RunsSkeleton() {
  return (
    <div className="runs-skeleton" aria-busy="true">
      <span className="sr-only">Reading the runs</span>
      {Array.from({ length: 12 }, (_, i) => (
        // The index is the key: twelve equal lines
        <div key={i} className="runs-skeleton-row">
          <span className="skeleton" style={{ width: 16 }} />
          <span className="skeleton" style={{ width: 120 + ((i * 53) % 90) }} />
          <span className="skeleton" style={{ width: 160 + ((i * 37) % 120) }} />
        </div>
      ))}
    </div>
  )
}

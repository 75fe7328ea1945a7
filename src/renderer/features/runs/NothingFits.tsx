import { useEffect, useState } from 'react'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { plural } from '../../ui/format.ts'
import { type ListFilter, wholeList } from './listFilter.ts'
import { partsOf, withoutEach } from './RunFilters.tsx'

/** No run fits: which part of the filter hides how many, each with its way out, and one key for all. */
export function NothingFits() {
  const { runs } = useConsole()
  const beyond = useIn('runs', (s) => s.beyond)
  const filter = useIn('runs', (s) => s.filter)
  if (beyond === 'asking') return <p className="runs-message">Looking through older runs…</p>
  return (
    <div className="runs-message">
      <p>
        {beyond === 'failed'
          ? 'No run that is here fits; older ones could not be looked through now.'
          : `No run fits: ${partsOf(filter).join(' · ')}.`}
      </p>
      <Hidden filter={filter} />
      <Button onPress={() => runs.getState().narrow(wholeList)}>
        Show all runs <kbd>Esc</kbd>
      </Button>
    </div>
  )
}

function Hidden({ filter }: { filter: ListFilter }) {
  const { runs } = useConsole()
  const [counts, setCounts] = useState<readonly number[]>([])
  useEffect(() => {
    let left = false
    const asked = withoutEach(filter).map(({ undo }) => runs.getState().countFitting({ ...filter, ...undo }))
    Promise.all(asked).then(
      (found) => left || setCounts(found),
      // Without the host nothing is counted; the parts can still be taken away.
      () => left || setCounts([]),
    )
    return () => {
      left = true
    }
  }, [filter, runs])
  const parts = withoutEach(filter)
  if (parts.length < 2) return null
  return (
    <ul className="runs-hidden">
      {parts.map(({ label, undo }, at) => (
        <li key={label}>
          <span>
            Without <strong>{label}</strong>
            {counts[at] === undefined ? '' : `: ${counts[at] === 0 ? 'still none' : plural(counts[at], 'run')}`}
          </span>
          <Button size="small" aria-label={`Remove the filter ${label}`} onPress={() => runs.getState().narrow(undo)}>
            Remove
          </Button>
        </li>
      ))}
    </ul>
  )
}

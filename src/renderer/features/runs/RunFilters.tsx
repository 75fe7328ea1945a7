import { Check, ChevronDown, SlidersHorizontal, X } from 'lucide-react'
import { useEffect } from 'react'
import { Button as AriaButton, Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from 'react-aria-components'
import { spanWords, stageLabels } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { filterMenuId } from './ids.ts'
import { isNarrowed, type ListFilter, movesByItself, type Span, spans, wholeList } from './listFilter.ts'

const spanLabels: Record<Span, string> = { hour: 'Last hour', today: 'Today', day: 'Last 24 hours', week: 'Last 7 days' }
/** Offered waits, in minutes; an address may name any. */
const waits = [60, 240, 1440]
const waitWords = (minutes: number) => `Waiting over ${spanWords(minutes * 60_000)}`
/** How often a filter by time is looked at again, in milliseconds. */
const againMs = 15_000

type Item = { id: string; label: string; on(filter: ListFilter): boolean; change: Partial<ListFilter>; undo: Partial<ListFilter> }

const steps: Item[] = [
  { id: 'retrying', label: 'Retrying now', on: (f) => f.retrying, change: { retrying: true }, undo: { retrying: false } },
  { id: 'paused', label: 'Paused', on: (f) => f.paused, change: { paused: true }, undo: { paused: false } },
]
const waiting = (minutes: number): Item => ({
  id: `waiting-${minutes}`,
  label: waitWords(minutes),
  on: (f) => f.waitingOver === minutes,
  change: { waitingOver: minutes },
  undo: { waitingOver: null },
})
const accepted: Item[] = spans.map((span) => ({
  id: span,
  label: spanLabels[span],
  on: (f) => f.accepted === span,
  change: { accepted: span },
  undo: { accepted: null },
}))
const sections: { name: string; items: Item[] }[] = [
  { name: 'Steps', items: steps },
  { name: 'Awaits a decision', items: waits.map(waiting) },
  { name: 'Accepted', items: accepted },
]

export function FilterMenu() {
  const { runs } = useConsole()
  const filter = useIn('runs', (s) => s.filter)
  return (
    <MenuTrigger>
      <AriaButton id={filterMenuId} className="button quiet stage-menu" aria-label="Filter by step, wait and time">
        <SlidersHorizontal size={14} aria-hidden />
        <span className="stage-menu-word">Filter</span>
        <ChevronDown size={12} aria-hidden />
      </AriaButton>
      <Popover placement="bottom start">
        <Menu className="menu">
          {sections.map(({ name, items }) => (
            <MenuSection
              key={name}
              selectionMode="multiple"
              selectedKeys={new Set(items.filter((item) => item.on(filter)).map((item) => item.id))}
              // One press at a time: in a section whose parts exclude one another, the new one takes the old one's place.
              onSelectionChange={(keys) => {
                const pressed = items.find((item) => item.on(filter) !== (keys === 'all' || keys.has(item.id)))
                if (pressed) runs.getState().narrow(pressed.on(filter) ? pressed.undo : pressed.change)
              }}
            >
              <Header className="menu-header">{name}</Header>
              {items.map(({ id, label }) => (
                <MenuItem key={id} id={id} className="menu-item" textValue={label}>
                  <Check size={14} className="check" aria-hidden />
                  {label}
                </MenuItem>
              ))}
            </MenuSection>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}

/** What the list is narrowed to, each part with its own way out; the text stands in the search itself. */
export function FilterChips() {
  const { runs } = useConsole()
  const filter = useIn('runs', (s) => s.filter)
  const moves = movesByItself(filter)
  useEffect(() => {
    if (!moves) return
    const timer = setInterval(() => runs.getState().refresh(), againMs)
    return () => clearInterval(timer)
  }, [moves, runs])
  if (!isNarrowed({ ...filter, text: '' })) return null

  const parts = [...steps, ...accepted].filter((item) => item.on(filter))
  if (filter.waitingOver !== null) parts.push(waiting(filter.waitingOver))
  return (
    <fieldset className="runs-filters" aria-label="Filters in force">
      {filter.stages.map((stage) => (
        <Chip
          key={stage}
          label={stageLabels[stage]}
          onRemove={() => runs.getState().setStages(filter.stages.filter((other) => other !== stage))}
        />
      ))}
      {parts.map(({ id, label, undo }) => (
        <Chip
          key={id}
          label={spans.some((span) => span === id) ? `Accepted: ${label.toLowerCase()}` : label}
          onRemove={() => runs.getState().narrow(undo)}
        />
      ))}
      <Button size="small" onPress={() => runs.getState().narrow(wholeList)}>
        Clear all
      </Button>
    </fieldset>
  )
}

function Chip({ label, onRemove }: { label: string; onRemove: () => void }) {
  return (
    <button type="button" className="chip removable" aria-label={`Remove the filter ${label}`} onClick={onRemove}>
      {label}
      <X size={12} aria-hidden />
    </button>
  )
}

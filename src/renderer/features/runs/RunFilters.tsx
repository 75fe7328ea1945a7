import { Check, ChevronDown, SlidersHorizontal, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Button as AriaButton, Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from 'react-aria-components'
import { acceptedSpans } from '../../../contract/runViews.ts'
import { spanWords, stageLabels } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { DaysDialog, daysWords, WaitDialog } from './FilterDialogs.tsx'
import { filterMenuId } from './ids.ts'
import { isNarrowed, type ListFilter, movesByItself, type Span, wholeList } from './listFilter.ts'

const spanLabels: Record<Span, string> = { hour: 'Last hour', today: 'Today', day: 'Last 24 hours', week: 'Last 7 days' }
/** Offered waits, in minutes; any other can be typed. */
const waits = [60, 240, 1440]
const waitWords = (minutes: number) => `Waiting over ${spanWords(minutes * 60_000)}`
/** How often a filter by time is looked at again, in milliseconds. */
const againMs = 15_000

/** One part of the filter: how the menu and its chip say it, and how it comes and goes. */
interface Part {
  id: string
  label: string
  /** Beside the search, where no heading says what it is about. */
  chip?: string
  on(filter: ListFilter): boolean
  change: Partial<ListFilter>
  undo: Partial<ListFilter>
}

const noDays = { accepted: null, acceptedFrom: null, acceptedTo: null }
const steps: Part[] = [
  { id: 'retrying', label: 'Retrying now', on: (f) => f.retrying, change: { retrying: true }, undo: { retrying: false } },
  { id: 'paused', label: 'Paused', on: (f) => f.paused, change: { paused: true }, undo: { paused: false } },
]
const waiting = (minutes: number): Part => ({
  id: `waiting-${minutes}`,
  label: waitWords(minutes),
  on: (f) => f.waitingOver === minutes,
  change: { waitingOver: minutes },
  undo: { waitingOver: null },
})
const accepted: Part[] = acceptedSpans.map((span) => ({
  id: `accepted-${span}`,
  label: spanLabels[span],
  chip: `Accepted: ${spanLabels[span].toLowerCase()}`,
  on: (f) => f.accepted === span,
  change: { ...noDays, accepted: span },
  undo: noDays,
}))
const ended: Part[] = acceptedSpans.map((span) => ({
  id: `ended-${span}`,
  label: spanLabels[span],
  chip: `Ended: ${spanLabels[span].toLowerCase()}`,
  on: (f) => f.ended === span,
  change: { ended: span },
  undo: { ended: null },
}))
type Asked = 'wait' | 'days'
const sections: { name: string; parts: Part[]; more?: { id: Asked; label: string } }[] = [
  { name: 'Steps', parts: steps },
  { name: 'Awaits a decision', parts: waits.map(waiting), more: { id: 'wait', label: 'Over another time…' } },
  { name: 'Accepted', parts: accepted, more: { id: 'days', label: 'From day to day…' } },
  { name: 'Ended', parts: ended },
]

/** The parts in force, the text aside, in the order of the menus. */
function partsInForce(filter: ListFilter): Part[] {
  const days: Part[] =
    filter.acceptedFrom === null && filter.acceptedTo === null
      ? []
      : [
          {
            id: 'days',
            label: `Accepted ${daysWords(filter.acceptedFrom, filter.acceptedTo)}`,
            on: () => true,
            change: {},
            undo: noDays,
          },
        ]
  return [
    ...filter.stages.map((stage): Part => {
      const others = filter.stages.filter((other) => other !== stage)
      return { id: stage, label: stageLabels[stage], on: () => true, change: {}, undo: { stages: others } }
    }),
    ...steps.filter((part) => part.on(filter)),
    ...(filter.waitingOver === null ? [] : [waiting(filter.waitingOver)]),
    ...accepted.filter((part) => part.on(filter)),
    ...days,
    ...ended.filter((part) => part.on(filter)),
  ]
}

/** The filter in words, the text among them. */
export const partsOf = (filter: ListFilter): string[] => [
  ...(filter.text.trim() === '' ? [] : [`“${filter.text.trim()}”`]),
  ...partsInForce(filter).map(({ chip, label }) => chip ?? label),
]

/** Each part in force with what the filter would be without it. */
export const withoutEach = (filter: ListFilter): { label: string; undo: Partial<ListFilter> }[] => [
  ...(filter.text.trim() === '' ? [] : [{ label: `“${filter.text.trim()}”`, undo: { text: '' } }]),
  // Stages belong together: without one of two the list would only be shorter.
  ...(filter.stages.length > 0
    ? [{ label: filter.stages.map((stage) => stageLabels[stage]).join(' or '), undo: { stages: [] } }]
    : []),
  ...partsInForce({ ...filter, stages: [] }).map(({ chip, label, undo }) => ({ label: chip ?? label, undo })),
]

export function FilterMenu() {
  const { runs } = useConsole()
  const filter = useIn('runs', (s) => s.filter)
  const [asked, setAsked] = useState<Asked | null>(null)
  return (
    <>
      <MenuTrigger onOpenChange={(open) => runs.getState().setHeld(open, 'filter')}>
        <AriaButton id={filterMenuId} className="button quiet stage-menu" aria-label="Filter by step, wait and time">
          <SlidersHorizontal size={14} aria-hidden />
          <span className="stage-menu-word">Filter</span>
          <ChevronDown size={12} aria-hidden />
        </AriaButton>
        <Popover placement="bottom start">
          <Menu className="menu" onAction={(key) => (key === 'wait' || key === 'days') && setAsked(key)}>
            {sections.map(({ name, parts, more }) => (
              <MenuSection
                key={name}
                selectionMode="multiple"
                selectedKeys={new Set(parts.filter((part) => part.on(filter)).map((part) => part.id))}
                // One press at a time: in a section whose parts exclude one another, the new one takes the old one's place.
                onSelectionChange={(keys) => {
                  if (keys !== 'all' && more && keys.has(more.id)) return setAsked(more.id)
                  const pressed = parts.find((part) => part.on(filter) !== (keys === 'all' || keys.has(part.id)))
                  if (pressed) runs.getState().narrow(pressed.on(filter) ? pressed.undo : pressed.change)
                }}
              >
                <Header className="menu-header">{name}</Header>
                {parts.map(({ id, label }) => (
                  <MenuItem key={id} id={id} className="menu-item" textValue={label}>
                    <Check size={14} className="check" aria-hidden />
                    {label}
                  </MenuItem>
                ))}
                {more ? (
                  <MenuItem id={more.id} className="menu-item" textValue={more.label} shouldCloseOnSelect>
                    <span className="check" />
                    {more.label}
                  </MenuItem>
                ) : null}
              </MenuSection>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
      {asked === 'wait' ? <WaitDialog onClose={() => setAsked(null)} /> : null}
      {asked === 'days' ? <DaysDialog onClose={() => setAsked(null)} /> : null}
    </>
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
  return (
    <fieldset className="runs-filters" aria-label="Filters in force">
      {partsInForce(filter).map(({ id, label, chip, undo }) => (
        <Chip key={id} label={chip ?? label} onRemove={() => runs.getState().narrow(undo)} />
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

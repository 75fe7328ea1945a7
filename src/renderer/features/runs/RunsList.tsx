import { useVirtualizer } from '@tanstack/react-virtual'
import { type CSSProperties, type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { movesRows, sortsByClock } from '../../../contract/runSort.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { count, plural } from '../../ui/format.ts'
import { useTimes } from '../../ui/times.tsx'
import { columnSpecs, columnsThatFit, trackOf } from './columns.ts'
import { RunRow, rowId } from './RunRow.tsx'
import { RunsHead } from './RunsHead.tsx'
import { useCursorStays } from './useCursorStays.ts'

const rowHeight = 32

export function RunsList() {
  const { runs, route, selection } = useConsole()
  const selected = useIn('selection', (s) => s.ids)
  const visible = useIn('runs', (s) => s.visible)
  // Of all that fit, not of those that are here: it stays the same while more of them come.
  const fitting = useIn('runs', (s) => s.fitting)
  const fresh = useIn('runs', (s) => s.fresh)
  const cursor = useIn('runs', (s) => s.cursor)
  const moved = useIn('runs', (s) => s.moved)
  const filter = useIn('runs', (s) => s.filter)
  const sort = useIn('runs', (s) => s.sort)
  const chosen = useIn('runs', (s) => s.columns)
  const open = useIn('route', (s) => s.run)
  const times = useTimes()
  const stack = useIn('stack', (s) => s.health)
  const words = useMemo(() => ({ ...times, stack }), [times, stack])
  const scroller = useRef<HTMLDivElement>(null)
  const width = useWidth(scroller)
  const columns = useMemo(() => columnsThatFit(chosen, width, sort.by), [chosen, width, sort.by])
  const virtual = useVirtualizer({
    count: visible.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  })
  const items = virtual.getVirtualItems()
  useHeldRows(scroller, movesRows(sort))
  useMoreRows(scroller)
  useCursorStays(visible, filter)

  const at = cursor === null ? -1 : visible.indexOf(cursor)
  // The list goes to the cursor when the cursor moves, not when new runs push its row down: those show at the top.
  const place = useRef(at)
  place.current = at
  useEffect(() => {
    if (cursor !== null && place.current >= 0) virtual.scrollToIndex(place.current, { align: 'auto' })
  }, [cursor, virtual])

  // Another filter or order is another list, which begins at its top.
  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 })
  }, [filter, sort])

  const showNew = () => {
    runs.getState().reveal()
    scroller.current?.scrollTo({ top: 0 })
  }
  return (
    <div
      className={selected.size > 0 ? 'runs-list selecting' : 'runs-list'}
      style={{ '--run-columns': trackOf(columns) } as CSSProperties}
    >
      <RunsHead columns={columns} />
      {fresh > 0 || moved ? (
        <button type="button" className="runs-fresh" onClick={showNew}>
          {fresh > 0 ? `${plural(fresh, 'new run')} · show` : 'The order changed · sort again'}
        </button>
      ) : null}
      <div
        ref={scroller}
        className="scroll runs-scroll"
        role="listbox"
        aria-multiselectable
        aria-label={`Runs, sorted by ${columnSpecs[sort.by].label.toLowerCase()}, ${sort.descending ? 'descending' : 'ascending'}`}
        tabIndex={0}
        aria-activedescendant={at >= 0 ? rowId(visible[at] as string) : undefined}
      >
        <div className="runs-space" role="presentation" style={{ height: virtual.getTotalSize() }}>
          <div className="runs-rows" role="presentation" style={{ transform: `translateY(${items[0]?.start ?? 0}px)` }}>
            {items.map((item) => {
              const id = visible[item.index] as string
              return (
                <RunRow
                  key={id}
                  id={id}
                  place={item.index + 1}
                  of={fitting}
                  columns={columns}
                  words={words}
                  isCursor={id === cursor}
                  isOpen={id === open}
                  isSelected={selected.has(id)}
                  onSelect={(event) => (event.shiftKey ? selection.getState().reachTo(id) : selection.getState().toggle(id))}
                  onOpen={() => {
                    runs.getState().setCursor(id)
                    route.getState().go({ place: 'runs', run: id, full: false })
                  }}
                />
              )
            })}
          </div>
        </div>
      </div>
      <RunsFoot />
    </div>
  )
}

/** How much of the list is here, when it is not all. */
function RunsFoot() {
  const { runs } = useConsole()
  // New ones are offered at the top: they do not come as one scrolls.
  const shown = useIn('runs', (s) => s.visible.length + s.fresh)
  const fitting = useIn('runs', (s) => s.fitting)
  const beyond = useIn('runs', (s) => s.beyond)
  const loading = useIn('runs', (s) => s.loadingMore)
  if (beyond === 'failed') {
    return (
      <div className="runs-older" role="status">
        <span>Older runs could not be read; these are the ones that were here.</span>
        <Button size="small" onPress={() => runs.getState().narrow({})}>
          Try again
        </Button>
      </div>
    )
  }
  if (shown >= fitting) return null
  return (
    <div className="runs-older">
      <span className="faint">
        {count(shown)} of {count(fitting)} runs are here; more come as you scroll.
      </span>
      <Button size="small" isDisabled={loading} onPress={() => void runs.getState().loadMore()}>
        {loading ? 'Reading more runs…' : 'Show more'}
      </Button>
    </div>
  )
}

/** The next rows are asked for this many pixels before the end comes into sight. */
const aheadPx = 2_000

function useMoreRows(scroller: RefObject<HTMLDivElement | null>) {
  const { runs } = useConsole()
  useEffect(() => {
    const list = scroller.current
    if (!list) return
    const look = () => {
      const { visible, fitting } = runs.getState()
      const left = list.scrollHeight - list.scrollTop - list.clientHeight
      if (visible.length < fitting && left < aheadPx) void runs.getState().loadMore()
    }
    list.addEventListener('scroll', look, { passive: true })
    return () => list.removeEventListener('scroll', look)
  }, [runs, scroller])
}

/** How wide the list is now, in pixels; 0 before it is laid out. */
function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const watched = element.current
    if (!watched) return
    setWidth(watched.clientWidth)
    const observer = new ResizeObserver(() => setWidth(watched.clientWidth))
    observer.observe(watched)
    return () => observer.disconnect()
  }, [element])
  return width
}

/** How often an order by the clock is looked at again, in milliseconds. */
const againMs = 15_000

/** How long a pointer must rest before rows may move under it, in milliseconds. */
const restMs = 1500

/**
 * Rows keep their places while the list is scrolled down, or while the pointer is on its way to one of them; where a change
 * of a run can move its row, for as long as the pointer is over the list.
 */
function useHeldRows(scroller: RefObject<HTMLDivElement | null>, lasting: boolean) {
  const { runs } = useConsole()
  const byClock = useIn('runs', (s) => sortsByClock(s.sort))
  useEffect(() => {
    if (!byClock) return
    const timer = setInterval(() => runs.getState().refresh(), againMs)
    return () => clearInterval(timer)
  }, [byClock, runs])
  useEffect(() => {
    const list = scroller.current
    if (!list) return
    let busy = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const update = () => runs.getState().setHeld(busy || list.scrollTop > 4)
    const rest = () => {
      clearTimeout(timer)
      if (busy) {
        busy = false
        update()
      }
    }
    const move = () => {
      clearTimeout(timer)
      if (!lasting) timer = setTimeout(rest, restMs)
      if (!busy) {
        busy = true
        update()
      }
    }
    list.addEventListener('scroll', update, { passive: true })
    list.addEventListener('pointermove', move, { passive: true })
    list.addEventListener('pointerleave', rest)
    return () => {
      clearTimeout(timer)
      list.removeEventListener('scroll', update)
      list.removeEventListener('pointermove', move)
      list.removeEventListener('pointerleave', rest)
      runs.getState().setHeld(false)
    }
  }, [runs, scroller, lasting])
}

import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { count, plural } from '../../ui/format.ts'
import { RunRow, rowId } from './RunRow.tsx'

const rowHeight = 32

export function RunsList() {
  const { runs, route, selection } = useConsole()
  const selected = useIn('selection', (s) => s.ids)
  const visible = useIn('runs', (s) => s.visible)
  const fresh = useIn('runs', (s) => s.fresh)
  const cursor = useIn('runs', (s) => s.cursor)
  const total = useIn('runs', (s) => s.total)
  const known = useIn('runs', (s) => s.byId.size)
  const loadingOlder = useIn('runs', (s) => s.loadingOlder)
  const open = useIn('route', (s) => s.run)
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: visible.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    getItemKey: (index) => visible[index] ?? index,
  })
  useHeldRows(scroller)

  const at = cursor === null ? -1 : visible.indexOf(cursor)
  // The list goes to the cursor when the cursor moves, not when new runs push its row down: those show at the top.
  const place = useRef(at)
  place.current = at
  useEffect(() => {
    if (cursor !== null && place.current >= 0) virtual.scrollToIndex(place.current, { align: 'auto' })
  }, [cursor, virtual])

  const showNew = () => {
    runs.getState().reveal()
    scroller.current?.scrollTo({ top: 0 })
  }
  return (
    <div className={selected.size > 0 ? 'runs-list selecting' : 'runs-list'}>
      <div className="runs-head" aria-hidden>
        <span />
        <span>File</span>
        <span>What is going on</span>
        <span className="col-metrics">Metrics</span>
        <span className="right">For</span>
        <span className="right col-when">Accepted</span>
      </div>
      {fresh > 0 ? (
        <button type="button" className="runs-fresh" onClick={showNew}>
          {plural(fresh, 'new run')} · show
        </button>
      ) : null}
      <div
        ref={scroller}
        className="scroll runs-scroll"
        role="listbox"
        aria-multiselectable
        aria-label="Runs, newest first"
        tabIndex={0}
        aria-activedescendant={at >= 0 ? rowId(visible[at] as string) : undefined}
      >
        <div className="runs-space" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const id = visible[item.index] as string
            return (
              <RunRow
                key={item.key}
                id={id}
                top={item.start}
                place={item.index + 1}
                of={visible.length}
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
        {total > known ? (
          <div className="runs-older">
            <span className="faint">
              {count(known)} of {count(total)} runs are here; search looks through all of them.
            </span>
            <Button size="small" isDisabled={loadingOlder} onPress={() => void runs.getState().loadOlder()}>
              {loadingOlder ? 'Reading older runs…' : 'Show older runs'}
            </Button>
          </div>
        ) : null}
      </div>
    </div>
  )
}

/** How long a pointer must rest before rows may move under it, in milliseconds. */
const restMs = 1500

/** Rows keep their places while the list is scrolled down, or while the pointer is on its way to one of them. */
function useHeldRows(scroller: React.RefObject<HTMLDivElement | null>) {
  const { runs } = useConsole()
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
      timer = setTimeout(rest, restMs)
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
  }, [runs, scroller])
}

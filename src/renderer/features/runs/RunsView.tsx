import { useVirtualizer } from '@tanstack/react-virtual'
import { Check, ChevronDown, ListFilter, Search, Upload, X } from 'lucide-react'
import { memo, useEffect, useRef } from 'react'
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
import { isEndStage, type RunSummary, type Stage, stages } from '../../../contract/model.ts'
import { describeRun, durationWords, remainingWords, spanWords, stageLabels } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { useWaitingTime } from '../../ui/clock.ts'
import { count, figure, plural } from '../../ui/format.ts'
import { StageSign, stageTones } from '../../ui/StageSign.tsx'
import { Moment, useTimes } from '../../ui/times.tsx'
import { chooseFilesId } from '../drop/ids.ts'
import { EmptyRuns } from './EmptyRuns.tsx'
import { isNarrowed, wholeList } from './listFilter.ts'
import { FilterChips, FilterMenu } from './RunFilters.tsx'
import './runs.css'

const rowHeight = 32
export const searchId = 'runs-search'

const working: readonly Stage[] = stages.filter((stage) => !isEndStage(stage) && stage !== 'AwaitingApproval')
/** `spare` ones give way first where there is little room. */
const groups: { name: string; stages: readonly Stage[]; counted: boolean; spare?: boolean }[] = [
  { name: 'All', stages: [], counted: false },
  { name: 'Running', stages: working, counted: true },
  { name: 'Awaiting', stages: ['AwaitingApproval'], counted: true },
  { name: 'Failed', stages: ['Failed', 'GateFailed'], counted: false },
  { name: 'Completed', stages: ['Completed'], counted: false, spare: true },
]
const sameStages = (a: readonly Stage[], b: readonly Stage[]) => a.length === b.length && a.every((stage) => b.includes(stage))

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

function NothingFits() {
  const { runs } = useConsole()
  const searching = useIn('runs', (s) => s.searching)
  const clear = () => runs.getState().narrow(wholeList)
  return (
    <div className="runs-message">
      <p>{searching ? 'Looking through older runs…' : 'No run fits this filter.'}</p>
      <Button onPress={clear}>Show all runs</Button>
    </div>
  )
}

function RunsBar() {
  const { runs } = useConsole()
  const text = useIn('runs', (s) => s.filter.text)
  const chosen = useIn('runs', (s) => s.filter.stages)
  const whole = useIn('runs', (s) => !isNarrowed({ ...s.filter, text: '' }))
  const byId = useIn('runs', (s) => s.byId)
  const all = [...byId.values()]
  return (
    <div className="runs-bar">
      <div className="search">
        <Search size={14} aria-hidden />
        <input
          id={searchId}
          className="input"
          type="text"
          placeholder="Search"
          aria-label="Search runs by file, id, hash or who submitted"
          spellCheck={false}
          autoComplete="off"
          maxLength={200}
          value={text}
          onChange={(event) => runs.getState().setText(event.target.value)}
        />
        {text ? (
          <IconButton size="small" label="Clear the search" onPress={() => runs.getState().setText('')}>
            <X size={13} aria-hidden />
          </IconButton>
        ) : (
          <kbd>/</kbd>
        )}
      </div>
      <fieldset className="chips" aria-label="Which runs">
        {groups.map((group) => {
          const n = group.counted ? all.filter((run) => group.stages.includes(run.stage)).length : 0
          return (
            <button
              key={group.name}
              type="button"
              className={group.spare ? 'chip spare' : 'chip'}
              aria-pressed={group.stages.length === 0 ? whole : sameStages(chosen, group.stages)}
              onClick={() => {
                // `All` means what it says; the search beside it has its own way out.
                if (group.stages.length === 0) runs.getState().narrow({ ...wholeList, text })
                else runs.getState().setStages(group.stages)
              }}
            >
              {group.name}
              {n > 0 ? <span className="chip-count">{count(n)}</span> : null}
            </button>
          )
        })}
      </fieldset>
      <MenuTrigger>
        <AriaButton className="button quiet stage-menu" aria-label="Filter by stage">
          <ListFilter size={14} aria-hidden />
          <span className="stage-menu-word">Stage</span>
          <ChevronDown size={12} aria-hidden />
        </AriaButton>
        <Popover placement="bottom start">
          <Menu
            className="menu"
            aria-label="Stages"
            selectionMode="multiple"
            selectedKeys={new Set(chosen)}
            onSelectionChange={(keys) => runs.getState().setStages(keys === 'all' ? stages : stages.filter((s) => keys.has(s)))}
          >
            {stages.map((stage) => (
              <MenuItem key={stage} id={stage} className="menu-item" textValue={stageLabels[stage]}>
                <Check size={14} className="check" aria-hidden />
                <StageSign run={{ stage, retryAt: null, decisionPending: false }} />
                {stageLabels[stage]}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
      <FilterMenu />
      <span className="grow" />
      <Button aria-label="Choose files…" onPress={() => document.getElementById(chooseFilesId)?.click()}>
        <Upload size={14} aria-hidden />
        <span className="choose-word">Choose files…</span>
      </Button>
    </div>
  )
}

function RunsList() {
  const { runs, route } = useConsole()
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
    <div className="runs-list">
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
        aria-label="Runs, newest first"
        tabIndex={0}
        aria-activedescendant={at >= 0 ? rowId(visible[at] as string) : undefined}
      >
        <div className="runs-space" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const id = visible[item.index] as string
            return (
              <Row
                key={item.key}
                id={id}
                top={item.start}
                place={item.index + 1}
                of={visible.length}
                isCursor={id === cursor}
                isOpen={id === open}
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

const rowId = (id: string) => `run-${id.replace(/[^\w-]/g, '_')}`

const Row = memo(
  function Row({
    id,
    top,
    place,
    of,
    isCursor,
    isOpen,
    onOpen,
  }: {
    id: string
    top: number
    place: number
    of: number
    isCursor: boolean
    isOpen: boolean
    onOpen: () => void
  }) {
    const run = useIn('runs', (s) => s.byId.get(id))
    if (!run) return null
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the keys of the list act on its active row (app/keys.ts)
      <div
        id={rowId(id)}
        role="option"
        aria-selected={isOpen}
        aria-setsize={of}
        aria-posinset={place}
        tabIndex={-1}
        className={`run-row${isCursor ? ' cursor' : ''}${isOpen ? ' open' : ''}`}
        style={{ transform: `translateY(${top}px)` }}
        onClick={onOpen}
        data-workflow-id={id}
        data-stage={run.stage}
      >
        <StageSign run={run} />
        <span className="ellipsis run-file" title={run.fileName}>
          {run.fileName}
        </span>
        <RowWords run={run} />
        <span className="ellipsis col-metrics">
          {run.metrics ? (
            <>
              {/* The task's own measure, named: an MAE and a log loss are no neighbours. */}
              <span className="faint">{run.metrics.mae === undefined ? 'Log loss ' : 'MAE '}</span>
              <span className={run.gatePassed === false ? 'tone-bad' : ''}>
                {figureOf(run.metrics.mae ?? run.metrics.log_loss)}
              </span>
              {run.gatePassed === false ? <span className="sr-only"> did not pass the gate</span> : null}
            </>
          ) : null}
        </span>
        <RowSpan run={run} />
        <RowWhen run={run} />
      </div>
    )
  },
  (a, b) =>
    a.id === b.id &&
    a.top === b.top &&
    a.place === b.place &&
    a.of === b.of &&
    a.isCursor === b.isCursor &&
    a.isOpen === b.isOpen,
)

/** Beside an open run a row has room for some 40 letters, and the number of the try must be among them. */
const rowLabel = (stage: Stage) =>
  stage === 'LoggingExperiment'
    ? 'Logging'
    : stage === 'AssessingQuality'
      ? 'Assessing'
      : stage === 'DeployingProd'
        ? 'Deploying to prod'
        : stageLabels[stage]

/** What a row says, in few words; the whole sentence is its title. */
export function rowWords(run: RunSummary, now: number): string {
  const label = stageLabels[run.stage]
  switch (run.stage) {
    case 'Queued':
      return run.problem ? `Queued: ${run.problem}` : 'Queued'
    case 'AwaitingApproval':
      if (run.decisionPending) return 'Decided here, waits for Temporal'
      return run.approvalDeadline ? `${label} · ${leftWords(Date.parse(run.approvalDeadline) - now)}` : label
    case 'Failed':
      return failedWords(run)
    case 'Rejected':
      return run.decision ? `Rejected by ${run.decision.operator ?? 'a client'}: ${run.decision.reason}` : label
    case 'Completed':
      return run.decision?.decision === 'approve' ? 'Deployed to production' : 'In dev; production not asked for'
    case 'GateFailed':
      return 'Refused by the gate'
    case 'TimedOut':
      return 'Rejected itself'
    case 'Cancelled':
      return label
    default: {
      if (run.retryAt) {
        const wait = Date.parse(run.retryAt) - now
        const of = run.maxAttempts ? ` of ${run.maxAttempts}` : ''
        return `${rowLabel(run.stage)} failed · try ${run.attempt + 1}${of} ${wait > 0 ? `in ${remainingWords(wait)}` : 'now'}`
      }
      if (run.attempt > 1) return `${rowLabel(run.stage)} · try ${run.attempt}${run.maxAttempts ? ` of ${run.maxAttempts}` : ''}`
      return label
    }
  }
}

/** `23 h left`: from two hours on nobody needs the minutes. */
const leftWords = (ms: number) =>
  ms >= 2 * 3_600_000 ? `${spanWords(Math.floor(ms / 3_600_000) * 3_600_000)} left` : `${remainingWords(ms)} left`

/** Which step failed and why; the sign says that it did, and the file's name stands beside it. */
function failedWords({ problem, fileName }: RunSummary): string {
  if (!problem) return 'No message was given'
  return problem
    .replace(`${fileName} has `, '')
    .replace(`${fileName} `, '')
    .replace(/^([A-Z][\w ]*?) failed(?: after \d+ attempts)?: /, '$1: ')
}

const figureOf = (value: number | undefined) => (value === undefined ? '–' : figure(value))

/** A run that waits for its operator stands still; every other one moves by the second. */
function useRunTime(run: RunSummary): number {
  const still = run.stage === 'AwaitingApproval'
  const until = run.approvalDeadline === null ? null : Date.parse(run.approvalDeadline)
  return useWaitingTime(!isEndStage(run.stage), still ? Date.parse(run.stageSince) : Number.POSITIVE_INFINITY, until)
}

function RowWords({ run }: { run: RunSummary }) {
  const now = useRunTime(run)
  const times = useTimes()
  const stack = useIn('stack', (s) => s.health)
  const tone = run.retryAt ? 'bad' : stageTones[run.stage]
  return (
    <span className={`ellipsis run-words tone-${tone}`} title={describeRun(run, new Date(now), { ...times, stack })}>
      {run.stage === 'Failed' ? <span className="sr-only">Failed. </span> : null}
      {rowWords(run, now)}
    </span>
  )
}

/** How long the run has been in its stage; how long it took when it is over. */
function RowSpan({ run }: { run: RunSummary }) {
  const now = useRunTime(run)
  const words =
    run.endedAt !== null
      ? durationWords(Date.parse(run.endedAt) - Date.parse(run.startedAt ?? run.acceptedAt))
      : spanWords(now - Date.parse(run.stageSince))
  return <span className="right muted nowrap">{words}</span>
}

function RowWhen({ run }: { run: RunSummary }) {
  return (
    <span className="right faint nowrap col-when">
      <Moment at={run.acceptedAt} brief />
    </span>
  )
}

import { type MouseEvent, memo } from 'react'
import type { RunColumn } from '../../../contract/runSort.ts'
import type { RunSentenceOptions } from '../../../contract/sentence.ts'
import { useIn } from '../../app/console.ts'
import { StageSign } from '../../ui/StageSign.tsx'
import { RowCheck } from '../batch/RowCheck.tsx'
import { columnSpecs } from './columns.ts'
import { runCells, useRowTime } from './RunCells.tsx'

export const rowId = (id: string) => `run-${id.replace(/[^\w-]/g, '_')}`

export const RunRow = memo(
  function RunRow({
    id,
    place,
    of,
    columns,
    words,
    isCursor,
    isOpen,
    isSelected,
    onSelect,
    onOpen,
  }: {
    id: string
    place: number
    of: number
    columns: readonly RunColumn[]
    /** How it says moments; the same object until that changes. */
    words: RunSentenceOptions
    isCursor: boolean
    isOpen: boolean
    isSelected: boolean
    onSelect: (event: MouseEvent) => void
    onOpen: () => void
  }) {
    const run = useIn('runs', (s) => s.byId.get(id))
    const now = useRowTime(run, words.relative === true)
    // While the list is read anew after the host was away: the rows below keep their places.
    if (!run) return <div className="run-row" role="presentation" />
    const time = { now, options: words }
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the keys of the list act on its active row (app/keys.ts)
      <div
        id={rowId(id)}
        role="option"
        aria-selected={isSelected}
        aria-current={isOpen ? 'true' : undefined}
        aria-setsize={of}
        aria-posinset={place}
        tabIndex={-1}
        className={`run-row${isCursor ? ' cursor' : ''}${isOpen ? ' open' : ''}`}
        onClick={(event) => (event.shiftKey || event.ctrlKey || event.metaKey ? onSelect(event) : onOpen())}
        data-workflow-id={id}
        data-stage={run.stage}
      >
        <RowCheck isSelected={isSelected} onPress={onSelect} />
        <StageSign run={run} />
        {columns.map((column) => {
          const cell = runCells[column](run, time)
          const look = `run-cell${columnSpecs[column].right ? ' right' : ''}`
          return (
            <span key={column} className={cell?.look ? `${look} ${cell.look}` : look} title={cell?.title}>
              {cell?.content}
            </span>
          )
        })}
      </div>
    )
  },
  (a, b) =>
    a.id === b.id &&
    a.place === b.place &&
    a.of === b.of &&
    a.columns === b.columns &&
    a.words === b.words &&
    a.isCursor === b.isCursor &&
    a.isOpen === b.isOpen &&
    a.isSelected === b.isSelected,
)

import { type MouseEvent, memo } from 'react'
import type { RunColumn } from '../../../contract/runSort.ts'
import { useIn } from '../../app/console.ts'
import { StageSign } from '../../ui/StageSign.tsx'
import { RowCheck } from '../batch/RowCheck.tsx'
import { columnSpecs } from './columns.ts'
import { runCells } from './RunCells.tsx'

export const rowId = (id: string) => `run-${id.replace(/[^\w-]/g, '_')}`

export const RunRow = memo(
  function RunRow({
    id,
    top,
    place,
    of,
    columns,
    isCursor,
    isOpen,
    isSelected,
    onSelect,
    onOpen,
  }: {
    id: string
    top: number
    place: number
    of: number
    columns: readonly RunColumn[]
    isCursor: boolean
    isOpen: boolean
    isSelected: boolean
    onSelect: (event: MouseEvent) => void
    onOpen: () => void
  }) {
    const run = useIn('runs', (s) => s.byId.get(id))
    if (!run) return null
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
        style={{ transform: `translateY(${top}px)` }}
        onClick={(event) => (event.shiftKey || event.ctrlKey || event.metaKey ? onSelect(event) : onOpen())}
        data-workflow-id={id}
        data-stage={run.stage}
      >
        <RowCheck isSelected={isSelected} onPress={onSelect} />
        <StageSign run={run} />
        {columns.map((column) => (
          <span key={column} className={columnSpecs[column].right ? 'run-cell right' : 'run-cell'}>
            {runCells[column](run)}
          </span>
        ))}
      </div>
    )
  },
  (a, b) =>
    a.id === b.id &&
    a.top === b.top &&
    a.place === b.place &&
    a.of === b.of &&
    a.columns === b.columns &&
    a.isCursor === b.isCursor &&
    a.isOpen === b.isOpen &&
    a.isSelected === b.isSelected,
)

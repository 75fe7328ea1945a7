import { ArrowDown, ArrowUp, Check, Columns3 } from 'lucide-react'
import { Button as AriaButton, Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from 'react-aria-components'
import { type RunColumn, runColumns } from '../../../contract/runSort.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { columnSpecs, toggled, usualColumns } from './columns.ts'
import { columnsMenuId } from './ids.ts'
import { nextSort } from './listFilter.ts'

/** The heads of the columns: a press sorts, one more turns round, the third is newest first again. */
export function RunsHead({ columns }: { columns: readonly RunColumn[] }) {
  const { runs } = useConsole()
  const sort = useIn('runs', (s) => s.sort)
  return (
    // A table of its own: the rows below are options of a listbox, which has no heads.
    <div className="runs-head-line">
      <table aria-label="Columns of the run list">
        <thead>
          <tr className="runs-head">
            <th>
              <span className="sr-only">Stage</span>
            </th>
            {columns.map((column) => {
              const { label, right } = columnSpecs[column]
              const sorted = sort.by === column
              const Arrow = sort.descending ? ArrowDown : ArrowUp
              return (
                <th
                  key={column}
                  aria-sort={sorted ? (sort.descending ? 'descending' : 'ascending') : 'none'}
                  className={right ? 'right' : undefined}
                >
                  <button
                    type="button"
                    className="head-sort"
                    title={`Sort by ${label.toLowerCase()}`}
                    onClick={() => runs.getState().setSort(nextSort(sort, column))}
                  >
                    <span className="ellipsis">{label}</span>
                    {sorted ? <Arrow size={12} aria-hidden /> : null}
                  </button>
                </th>
              )
            })}
          </tr>
        </thead>
      </table>
      <ColumnsMenu shown={columns} />
    </div>
  )
}

function ColumnsMenu({ shown }: { shown: readonly RunColumn[] }) {
  const { runs, views } = useConsole()
  const chosen = useIn('runs', (s) => s.columns)
  const choose = (columns: readonly RunColumn[]) => {
    runs.getState().setColumns(columns)
    void views.getState().keep(columns)
  }
  return (
    <MenuTrigger onOpenChange={(open) => runs.getState().setHeld(open, 'columns')}>
      <AriaButton id={columnsMenuId} className="button quiet icon small" aria-label="Choose columns">
        <Columns3 size={14} aria-hidden />
      </AriaButton>
      <Popover placement="bottom end">
        <Menu className="menu" aria-label="Columns" onAction={(key) => key === 'usual' && choose(usualColumns)}>
          <MenuSection
            selectionMode="multiple"
            disallowEmptySelection
            selectedKeys={new Set(chosen)}
            onSelectionChange={(keys) => {
              const pressed = runColumns.find((column) => chosen.includes(column) !== (keys === 'all' || keys.has(column)))
              if (pressed) choose(toggled(chosen, pressed))
            }}
          >
            <Header className="menu-header">Columns</Header>
            {runColumns.map((column) => (
              <MenuItem key={column} id={column} className="menu-item" textValue={columnSpecs[column].label}>
                <Check size={14} className="check" aria-hidden />
                {columnSpecs[column].label}
                {chosen.includes(column) && !shown.includes(column) ? <span className="menu-note">no room now</span> : null}
              </MenuItem>
            ))}
          </MenuSection>
          <MenuItem id="usual" className="menu-item menu-last">
            Usual columns
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}

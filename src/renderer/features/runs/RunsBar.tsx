import { Check, ChevronDown, ListFilter, Upload } from 'lucide-react'
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
import { isEndStage, type Stage, stages } from '../../../contract/model.ts'
import { stageLabels } from '../../../contract/sentence.ts'
import { useConsole, useIn } from '../../app/console.ts'
import { Button } from '../../ui/Button.tsx'
import { count } from '../../ui/format.ts'
import { SearchField } from '../../ui/SearchField.tsx'
import { StageSign } from '../../ui/StageSign.tsx'
import { chooseFilesId } from '../drop/ids.ts'
import { searchId } from './ids.ts'
import { isNarrowed, wholeList } from './listFilter.ts'
import { FilterMenu } from './RunFilters.tsx'
import { ViewsMenu } from './ViewsMenu.tsx'

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
/** Search, groups of stages, filters, and the files to submit. */
export function RunsBar() {
  const { runs } = useConsole()
  const text = useIn('runs', (s) => s.filter.text)
  const chosen = useIn('runs', (s) => s.filter.stages)
  const whole = useIn('runs', (s) => !isNarrowed({ ...s.filter, text: '' }))
  const byId = useIn('runs', (s) => s.byId)
  const all = [...byId.values()]
  return (
    <div className="runs-bar">
      <SearchField
        id={searchId}
        label="Search runs by file, id, hash or who submitted"
        value={text}
        onChange={(next) => runs.getState().setText(next)}
        onLeave={() => runs.getState().enterList()}
      />
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
                <StageSign run={{ stage, retryAt: null, paused: null, waitsForRoom: false, decisionPending: false }} />
                {stageLabels[stage]}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
      <FilterMenu />
      <ViewsMenu />
      <span className="grow" />
      <Button aria-label="Choose files…" onPress={() => document.getElementById(chooseFilesId)?.click()}>
        <Upload size={14} aria-hidden />
        <span className="choose-word">Choose files…</span>
      </Button>
    </div>
  )
}

import { Bookmark, Check, ChevronDown } from 'lucide-react'
import { Button as AriaButton, Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from 'react-aria-components'
import { useConsole, useIn } from '../../app/console.ts'
import { viewsMenuId } from './ids.ts'
import { builtInViews, viewShown } from './viewsStore.ts'
import './views.css'

/** Filter, order and columns under one name: those that are built in, those that somebody saved, and the way to save more. */
export function ViewsMenu() {
  const { runs, views } = useConsole()
  const saved = useIn('views', (s) => s.views)
  const filter = useIn('runs', (s) => s.filter)
  const sort = useIn('runs', (s) => s.sort)
  const columns = useIn('runs', (s) => s.columns)
  const shown = viewShown(saved, { filter, sort, columns })
  const act = (key: string) => {
    if (key === 'save' || key === 'manage') return views.getState().show(key)
    const view = [...saved, ...builtInViews].find(({ id }) => id === key)
    if (view) runs.getState().show(view)
  }
  const section = (name: string, items: readonly { id: string; name: string }[]) => (
    <MenuSection key={name} selectionMode="single" selectedKeys={shown ? [shown.id] : []}>
      <Header className="menu-header">{name}</Header>
      {items.map((view) => (
        <MenuItem key={view.id} id={view.id} className="menu-item" textValue={view.name}>
          <Check size={14} className="check" aria-hidden />
          <span className="ellipsis view-name">{view.name}</span>
        </MenuItem>
      ))}
    </MenuSection>
  )
  return (
    <MenuTrigger onOpenChange={(open) => runs.getState().setHeld(open, 'views')}>
      <AriaButton id={viewsMenuId} className="button quiet stage-menu" aria-label={shown ? `Views, now ${shown.name}` : 'Views'}>
        <Bookmark size={14} aria-hidden />
        <span className="stage-menu-word ellipsis view-now">{shown?.name ?? 'Views'}</span>
        <ChevronDown size={12} aria-hidden />
      </AriaButton>
      <Popover placement="bottom start">
        <Menu className="menu" aria-label="Views" onAction={(key) => act(String(key))}>
          {section('Built in', builtInViews)}
          {saved.length > 0 ? section('Saved', saved) : null}
          <MenuSection>
            <Header className="menu-header">Present list</Header>
            <MenuItem id="save" className="menu-item">
              Save as a view…
            </MenuItem>
            <MenuItem id="manage" className="menu-item">
              Rename or delete…
            </MenuItem>
          </MenuSection>
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}

import { useEffect } from 'react'
import { flushSync } from 'react-dom'
import { assertNever, awaitsDecision } from '../../contract/model.ts'
import { isText, newestFirst } from '../../contract/runSort.ts'
import { stageLabels } from '../../contract/sentence.ts'
import { auditSearchId } from '../features/audit/ids.ts'
import { chooseFilesId } from '../features/drop/ids.ts'
import { modelsSearchId } from '../features/models/ids.ts'
import { columnsMenuId, filterMenuId, searchId, viewsMenuId } from '../features/runs/ids.ts'
import { isNarrowed, wholeList } from '../features/runs/listFilter.ts'
import { awaitingRuns } from '../features/runs/runsStore.ts'
import { whyActionsAreOff } from '../features/stack/stackStore.ts'
import { plainText } from '../ui/plainText.ts'
import { cursorIn, cursorMoved } from '../ui/rowCursor.ts'
import { type Console, useConsole } from './console.ts'
import { type Command, commandOf } from './keys.ts'

/** How long a `g` waits for its second key, in milliseconds. */
const prefixMs = 1200

const typingIn = (target: Element | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
const isCovered = () => document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null

/** Listens to the keys of the whole window. */
export function useKeys(onHelp: () => void) {
  const console = useConsole()
  useEffect(() => {
    let prefixAt = Number.NEGATIVE_INFINITY
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return
      const target = document.activeElement
      const command = commandOf({
        key: event.key,
        ctrlKey: event.ctrlKey,
        metaKey: event.metaKey,
        altKey: event.altKey,
        shiftKey: event.shiftKey,
        typing: typingIn(target),
        covered: isCovered(),
        onControl: target?.matches('button, a, summary, [role="button"], [role="slider"]') ?? false,
        onList: target === null || target === document.body || target.matches('[role="listbox"], [role="option"]'),
        afterPrefix: event.timeStamp - prefixAt < prefixMs,
      })
      prefixAt = command?.kind === 'prefix' ? event.timeStamp : Number.NEGATIVE_INFINITY
      if (!command || command.kind === 'prefix') return
      if (run(console, command, onHelp)) event.preventDefault()
    }
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [console, onHelp])
}

/** A key that can do nothing now is answered: the next ones would be taken for other keys, were they meant for a dialog. */
function say({ notices }: Console, title: string, body: string): true {
  notices.getState().show({ tone: 'info', title, body, opens: null })
  return true
}

/** Does what a key asks for; false where there is nothing to do, so that the key keeps its usual meaning. */
function run(console: Console, command: Command, onHelp: () => void): boolean {
  const route = console.route.getState()
  const runs = console.runs.getState()
  const selection = console.selection.getState()
  const selecting = route.place === 'runs' && !route.full
  const listed = route.place === 'runs' || route.place === 'inbox'
  const rows = route.place === 'inbox' ? awaitingRuns(runs).map(({ workflowId }) => workflowId) : runs.visible
  const cursor = cursorIn(rows, runs.cursor)
  const models = console.models.getState()
  const model = cursorIn(models.visible, models.cursor)
  switch (command.kind) {
    case 'move': {
      if (route.place === 'models' && route.model === null) {
        models.moveCursor(command.by)
        return true
      }
      if (!listed || route.full) return false
      // Where the open run left the list, the one that took its place has the cursor already.
      const stays = cursor !== null && route.run !== null && !rows.includes(route.run)
      const next = stays ? cursor : cursorMoved(rows, cursor, command.by)
      if (next === null) return true
      runs.setCursor(next)
      // An open panel follows; going through a list is not worth a step of the history each.
      if (route.run !== null) route.go({ run: next }, 'replace')
      return true
    }
    case 'open': {
      if (route.place === 'models' && route.model === null) {
        if (model === null) return false
        route.go({ model })
        return true
      }
      if (!listed) return false
      if (route.run !== null && (cursor === route.run || cursor === null)) route.go({ full: true })
      else if (cursor !== null) route.go({ run: cursor, full: false })
      else return false
      return true
    }
    case 'back': {
      const active = document.activeElement
      if (active instanceof HTMLElement && typingIn(active)) {
        if (active.id === searchId && runs.filter.text !== '') runs.setText('')
        else if (active.id === auditSearchId && console.audit.getState().text !== '')
          console.audit.getState().narrow({ text: '' })
        else if (active.id === modelsSearchId && models.text !== '') models.setText('')
        else active.blur()
        return true
      }
      if (route.compare !== null) route.go({ compare: null })
      else if (route.beside !== null) route.go({ beside: null })
      else if (route.model !== null) route.go({ model: null })
      else if (route.full) route.go({ full: false })
      else if (selecting && selection.ids.size > 0) selection.clear()
      else if (route.run !== null) route.go({ run: null })
      else if (isNarrowed(runs.filter)) runs.narrow(wholeList)
      else return false
      return true
    }
    case 'approve':
    case 'reject': {
      if (!listed) return false
      const off = whyActionsAreOff(console.stack.getState())
      if (off !== null) return say(console, 'Nothing can be decided', off)
      if (selecting && selection.ids.size > 0) {
        console.batch.getState().start(command.kind, selection.ids)
        return true
      }
      const id = route.run ?? cursor
      const asked = id === null ? undefined : runs.byId.get(id)
      if (!asked) return say(console, 'No run is chosen', 'j and k, or the arrows, choose one; Enter opens it.')
      if (!awaitsDecision(asked))
        return say(
          console,
          `${plainText(asked.fileName)} does not wait for a decision`,
          asked.decisionPending ? 'A decision is on its way.' : `Its state is: ${stageLabels[asked.stage]}.`,
        )
      console.decide.getState().start(asked.workflowId, command.kind)
      return true
    }
    case 'search': {
      const atModels = route.place === 'models'
      const atAudit = route.place === 'audit'
      // Drawn and focused before the next key, which is the first letter of what is searched.
      flushSync(() => {
        if (atModels) route.go({ model: null })
        else if (!atAudit && (route.place !== 'runs' || route.full)) route.go({ place: 'runs', full: false })
      })
      const field = document.getElementById(atModels ? modelsSearchId : atAudit ? auditSearchId : searchId)
      if (field instanceof HTMLInputElement) {
        field.focus()
        field.select()
      }
      return true
    }
    case 'batch': {
      if (!selecting) return false
      const off = whyActionsAreOff(console.stack.getState())
      if (off !== null) return say(console, 'Nothing was done', off)
      if (selection.ids.size === 0)
        return say(console, 'No run is selected', 'x selects the one that j and k are on; X all of them.')
      console.batch.getState().start(command.action, selection.ids)
      return true
    }
    case 'reach':
      if (!selecting) return false
      selection.extend(command.by)
      return true
    case 'all':
      if (!selecting) return false
      void selection.selectAll()
      return true
    case 'mark': {
      if (selecting && cursor !== null) {
        selection.toggle(cursor)
        return true
      }
      if (route.place !== 'models' || route.model !== null || model === null) return false
      models.choose(model)
      return true
    }
    case 'relative': {
      const { relative, choose } = console.times.getState()
      choose({ relative: !relative })
      return true
    }
    case 'zone':
      console.times.getState().nextZone()
      return true
    case 'filter':
      if (route.place !== 'runs' || route.full) return false
      document.getElementById(filterMenuId)?.click()
      return true
    case 'views':
    case 'columns':
      if (route.place !== 'runs' || route.full) return false
      document.getElementById(command.kind === 'views' ? viewsMenuId : columnsMenuId)?.click()
      return true
    case 'sort':
      if (route.place !== 'runs' || route.full) return false
      if (command.turn) runs.setSort({ ...runs.sort, descending: !runs.sort.descending })
      else {
        const next = runs.columns[(runs.columns.indexOf(runs.sort.by) + 1) % runs.columns.length] ?? newestFirst.by
        runs.setSort({ by: next, descending: !isText(next) })
      }
      return true
    case 'choose':
      document.getElementById(chooseFilesId)?.click()
      return true
    case 'guide':
      console.guide.getState().toggle()
      return true
    case 'help':
      onHelp()
      return true
    case 'go':
      route.go({ place: command.place, run: null, full: false })
      return true
    case 'prefix':
      return false
    default:
      return assertNever(command)
  }
}

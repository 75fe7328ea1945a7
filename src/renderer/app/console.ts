/** Everything that the views read and act through, made in one visible place. */
import { createContext, useContext } from 'react'
import { type StoreApi, useStore } from 'zustand'
import type { Capabilities, Stage } from '../../contract/model.ts'
import type { Bridge, Connection } from '../../contract/wire.ts'
import { coalesced } from '../api/coalesced.ts'
import { uploadFile } from '../api/upload.ts'
import { createAuditStore } from '../features/audit/auditStore.ts'
import { createBatchMemory } from '../features/batch/batchMemory.ts'
import { createBatchStore } from '../features/batch/batchStore.ts'
import { createSelectionStore } from '../features/batch/selectionStore.ts'
import { createBackupStore } from '../features/data/backupStore.ts'
import { createDecideStore } from '../features/decide/decideStore.ts'
import { createDeploymentsStore } from '../features/deployments/deploymentsStore.ts'
import { createDrillsStore } from '../features/drills/drillsStore.ts'
import { createDropStore, type DropDeps } from '../features/drop/dropStore.ts'
import { createKeysStore } from '../features/encryption/keysStore.ts'
import { createFilesStore } from '../features/files/filesStore.ts'
import { createGuideStore } from '../features/guide/guideStore.ts'
import { createHistoryFileStore } from '../features/history/historyFileStore.ts'
import { createHistoryStore } from '../features/history/historyStore.ts'
import { createSearchStore } from '../features/history/searchStore.ts'
import { createInboxStore } from '../features/inbox/inboxStore.ts'
import { createModelsStore } from '../features/models/modelsStore.ts'
import { createNoticesStore } from '../features/notices/noticesStore.ts'
import { createRunStore } from '../features/run/runStore.ts'
import { usualColumns } from '../features/runs/columns.ts'
import { formatFilter, formatLayout, type Layout, type ListFilter, wholeList } from '../features/runs/listFilter.ts'
import { createRunsStore, type RunsState } from '../features/runs/runsStore.ts'
import { createViewsStore, sameColumns } from '../features/runs/viewsStore.ts'
import { createProfilesStore } from '../features/settings/profilesStore.ts'
import { createSettingsStore } from '../features/settings/settingsStore.ts'
import { createStackStore } from '../features/stack/stackStore.ts'
import { createWorkersStore } from '../features/workers/workersStore.ts'
import { createTimesStore } from '../ui/times.tsx'
import { createRouteStore, type Route } from './route.ts'

export interface ConsoleDeps {
  connection: Connection
  capabilities: Capabilities
  pathOfFile: Bridge['pathOfFile'] | null
  upload?: DropDeps['upload']
  page: Window
}

export function createConsole({ connection, capabilities, pathOfFile, upload = uploadFile, page }: ConsoleDeps) {
  const route = createRouteStore(page)
  const times = createTimesStore(page)
  const runs = createRunsStore(connection)
  const views = createViewsStore(connection)
  const run = createRunStore(connection)
  const history = createHistoryStore((workflowId, older) => connection.call('history.page', { workflowId, older }))
  const historyOfFile = createHistoryStore((id, older) => connection.call('history.filePage', { id, older }))
  const historyFile = createHistoryFileStore(connection)
  const lookForEvents = coalesced(() => history.getState().look(), 1_000)
  connection.subscribe('runs.changed', ({ runs: changed }) => {
    const shown = history.getState().id
    if (run.getState().tab === 'history' && changed.some(({ workflowId }) => workflowId === shown)) lookForEvents()
  })
  const search = createSearchStore(connection)
  const decide = createDecideStore(connection)
  const files = createFilesStore(connection)
  const stack = createStackStore(connection)
  const settings = createSettingsStore(connection)
  const profiles = createProfilesStore(connection)
  const selection = createSelectionStore(runs)
  const batch = createBatchStore({
    connection,
    runs,
    operator: () => settings.getState().settings?.operator ?? '',
    onDone: (ids) => selection.getState().drop(ids),
    memory: createBatchMemory(() => page.sessionStorage),
  })
  const drills = createDrillsStore(connection)
  const models = createModelsStore(connection)
  const deployments = createDeploymentsStore(connection)
  const keys = createKeysStore(connection)
  const audit = createAuditStore(connection)
  const inbox = createInboxStore(connection)
  const workers = createWorkersStore(connection)
  const backup = createBackupStore(connection)
  const guide = createGuideStore(connection, () => page.localStorage)
  const drop = createDropStore({
    connection,
    pathOfFile: capabilities.pathsOfDroppedFiles ? pathOfFile : null,
    upload,
    onHistory: (file) => void historyFile.getState().open(file),
    // Whoever dropped a file wants to see its run, wherever the list is scrolled.
    onEntries: () => runs.getState().reveal(),
  })
  const notices = createNoticesStore({
    connection,
    notifications: !capabilities.nativeNotifications && 'Notification' in page ? Notification : null,
    // A shell that notifies by itself hands on what is for this page alone.
    hasFocus: () => capabilities.nativeNotifications || page.document.hasFocus(),
    isShown: (id) => route.getState().run === id,
    open(target) {
      if (target.place === 'run') route.getState().go({ place: 'runs', run: target.workflowId, full: false })
      if (target.place === 'inbox') route.getState().go({ place: 'inbox', run: null, full: false })
      if (target.place === 'runs') narrow(target.stages)
    },
  })

  // Whatever was missed while the host was away is asked for again.
  connection.onStatus((status) => {
    if (status !== 'open') return
    void runs
      .getState()
      .fetch()
      .then(() => runs.getState().readAhead())
    void views.getState().fetch()
    void files.getState().fetch()
    void stack.getState().fetch()
    void settings.getState().fetch()
    void profiles.getState().fetch()
    void drills.getState().fetch()
    void keys.getState().fetch()
    run.getState().refetch()
    // Places that were not looked at yet are read when they are.
    if (models.getState().load !== 'loading') void models.getState().fetch()
    if (deployments.getState().load !== 'loading') void deployments.getState().fetch()
    if (backup.getState().state !== null) void backup.getState().fetch()
    if (audit.getState().load !== 'loading') void audit.getState().fetch()
    if (workers.getState().load !== 'loading') void workers.getState().fetch()
    models.getState().refetch()
  })
  // Whatever opened a run (a row, a link, the address), its row is the one that keys act on.
  const follow = (id: string | null) => {
    run.getState().open(id)
    if (id !== null) runs.getState().setCursor(id)
  }
  const narrow = (stages: readonly Stage[]) => {
    runs.getState().narrow({ ...wholeList, stages: [...stages] })
    route.getState().go({ place: 'runs', run: null, full: false }, 'replace')
  }
  // The address and the list say the same: a link narrows and sorts the list, and what is chosen there stands in the address.
  const told = (filter: ListFilter | null, layout: Layout) =>
    [filter === null ? '' : formatFilter(filter), formatLayout(layout)].join(' ')
  /** Of the columns an address says only what is not the list's own already. */
  const layoutOf = ({ sort, columns }: Pick<RunsState, 'sort' | 'columns'>): Layout => ({
    sort,
    columns: sameColumns(columns, views.getState().kept ?? usualColumns) ? null : columns,
  })
  const tellAddress = () => {
    const shown = runs.getState()
    const at = route.getState()
    const layout = layoutOf(shown)
    if (told(shown.filter, layout) !== told(at.filter, at.layout))
      route.getState().go({ filter: shown.filter, layout }, 'replace')
  }
  const obey = ({ run: id, decide: kind, filter, layout }: Route) => {
    follow(id)
    const shown = runs.getState()
    const wanted = {
      filter: filter ?? shown.filter,
      sort: layout.sort ?? shown.sort,
      columns: layout.columns ?? shown.columns,
    }
    if (told(wanted.filter, wanted) === told(shown.filter, shown)) tellAddress()
    else shown.show(wanted)
    if (id === null || kind === null) return
    decide.getState().start(id, kind)
    route.getState().go({}, 'replace')
  }
  runs.subscribe(({ filter, sort, columns }, before) => {
    if (filter !== before.filter || sort !== before.sort || columns !== before.columns) tellAddress()
  })
  // What was chosen last, here or in another window; an address or a view that names columns goes first.
  views.subscribe(({ kept }, before) => {
    if (kept === null || kept === before.kept) return
    if (sameColumns(runs.getState().columns, before.kept ?? usualColumns)) runs.getState().setColumns(kept)
    tellAddress()
  })
  route.subscribe(obey)
  obey(route.getState())

  return {
    connection,
    capabilities,
    route,
    times,
    runs,
    views,
    run,
    history,
    historyOfFile,
    historyFile,
    search,
    decide,
    selection,
    batch,
    models,
    deployments,
    files,
    stack,
    settings,
    profiles,
    audit,
    inbox,
    drills,
    keys,
    guide,
    workers,
    backup,
    drop,
    notices,
  }
}
export type Console = ReturnType<typeof createConsole>

export const ConsoleContext = createContext<Console | null>(null)

export function useConsole(): Console {
  const console = useContext(ConsoleContext)
  if (!console) throw new Error('no console above this component')
  return console
}

type Stores = Omit<Console, 'connection' | 'capabilities'>
type StateOf<K extends keyof Stores> = ReturnType<Stores[K]['getState']>

/** Reads from one of the stores; the component is drawn again when what it reads changes. */
export function useIn<K extends keyof Stores, T>(name: K, read: (state: StateOf<K>) => T): T {
  const store: unknown = useConsole()[name]
  return useStore<StoreApi<StateOf<K>>, T>(store as StoreApi<StateOf<K>>, read as never)
}

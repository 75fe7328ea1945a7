import { createStore } from 'zustand/vanilla'
import type { ModelDetail, ModelSummary } from '../../../contract/models.ts'
import { higherIsBetter, type MetricName } from '../../../contract/training.ts'
import type { Connection } from '../../../contract/wire.ts'
import { coalesced } from '../../api/coalesced.ts'
import { problemText } from '../../ui/problem.ts'
import { cursorIn, cursorMoved } from '../../ui/rowCursor.ts'
import { mainMetric } from '../report/compare.ts'

const pageSize = 1000
/** A search goes to the host once the typing rests, in milliseconds. */
const restMs = 200

export const modelFilters = ['all', 'served', 'regression', 'classification', 'demo'] as const
export type ModelFilter = (typeof modelFilters)[number]
export type ModelSort = 'createdAt' | 'fileName' | 'metric' | 'gain'

export interface ModelState {
  detail: ModelDetail | null
  problem: string | null
}

export interface ModelsState {
  load: 'loading' | 'ready' | 'failed'
  /** Why the list could not be read. */
  problem: string | null
  /** Why the list is not whole, as the host says it. */
  gap: string | null
  models: readonly ModelSummary[]
  total: number
  text: string
  filter: ModelFilter
  sort: { by: ModelSort; down: boolean }
  /** Ids in the order of the list. */
  visible: readonly string[]
  cursor: string | null
  /** At most two, in the order in which they were chosen: the first is what the second is compared with. */
  chosen: readonly string[]
  /** Models that are open, one or two of them. */
  details: Readonly<Record<string, ModelState>>
  fetch(): Promise<void>
  loadOlder(): Promise<void>
  setText(text: string): void
  setFilter(filter: ModelFilter): void
  setSort(by: ModelSort): void
  setCursor(modelId: string | null): void
  moveCursor(by: number): void
  /** The search is left for the list: the cursor is on what it found. */
  enterList(): void
  choose(modelId: string): void
  clearChosen(): void
  /** Reads the models that are shown; what was read of others is let go. */
  open(modelIds: readonly string[]): void
  refetch(): void
}

/** By how much a model is better than the trivial one, as a share of that one's figure; null where there is none. */
export function gainOf({ metrics, baseline }: Pick<ModelSummary, 'metrics' | 'baseline'>): number | null {
  const metric = mainMetric(metrics)
  const trivial = metric && baseline?.[metric]
  const own = metric && metrics[metric]
  if (metric === null || typeof trivial !== 'number' || typeof own !== 'number' || trivial === 0) return null
  return ((own - trivial) / Math.abs(trivial)) * (higherIsBetter[metric] ? 1 : -1)
}

const fits: Record<ModelFilter, (model: ModelSummary) => boolean> = {
  all: () => true,
  served: ({ servedIn }) => servedIn.length > 0,
  regression: ({ task }) => task === 'regression',
  classification: ({ task }) => task === 'binary' || task === 'multiclass',
  demo: ({ task }) => task === null,
}

const matches = (model: ModelSummary, text: string) => {
  const wanted = text.trim().toLocaleLowerCase()
  const fields = [model.fileName, model.modelId, model.target ?? '', model.pipeline ?? '', model.datasetSha256]
  return wanted === '' || fields.some((field) => field.toLocaleLowerCase().includes(wanted))
}

/** Models of unlike tasks do not compare by a figure: they stand grouped by it, the better one first. */
function byMetric(a: ModelSummary, b: ModelSummary): number {
  const names = [mainMetric(a.metrics), mainMetric(b.metrics)] as const
  if (names[0] !== names[1]) return (names[0] ?? '~') < (names[1] ?? '~') ? -1 : 1
  const metric = names[0] as MetricName | null
  if (metric === null) return 0
  return ((a.metrics[metric] ?? 0) - (b.metrics[metric] ?? 0)) * (higherIsBetter[metric] ? -1 : 1)
}
const orders: Record<ModelSort, (a: ModelSummary, b: ModelSummary) => number> = {
  createdAt: (a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0),
  fileName: (a, b) => a.fileName.localeCompare(b.fileName, 'en', { numeric: true }),
  metric: byMetric,
  gain: (a, b) => (gainOf(b) ?? Number.NEGATIVE_INFINITY) - (gainOf(a) ?? Number.NEGATIVE_INFINITY) || 0,
}

/** The list as it is filtered and sorted. `down`: the other way round. */
export function layOut({ models, text, filter, sort }: Pick<ModelsState, 'models' | 'text' | 'filter' | 'sort'>): string[] {
  const order = orders[sort.by]
  return models
    .filter((model) => fits[filter](model) && matches(model, text))
    .sort((a, b) => (sort.down ? -1 : 1) * order(a, b) || orders.createdAt(a, b) || (a.modelId < b.modelId ? -1 : 1))
    .map(({ modelId }) => modelId)
}

export function createModelsStore(connection: Connection) {
  let resting: ReturnType<typeof setTimeout> | undefined
  const store = createStore<ModelsState>()((set, get) => {
    const place = (change: Partial<ModelsState>) => set({ ...change, visible: layOut({ ...get(), ...change }) })
    const merge = (told: readonly ModelSummary[]) => [
      ...new Map([...get().models, ...told].map((model) => [model.modelId, model])).values(),
    ]
    const put = (modelId: string, change: Partial<ModelState>) => {
      const { details } = get()
      if (details[modelId]) set({ details: { ...details, [modelId]: { ...details[modelId], ...change } } })
    }
    const read = async (modelId: string) => {
      try {
        put(modelId, { detail: await connection.call('models.get', { modelId }), problem: null })
      } catch (cause) {
        put(modelId, { problem: problemText(cause) })
      }
    }
    return {
      load: 'loading',
      problem: null,
      gap: null,
      models: [],
      total: 0,
      text: '',
      filter: 'all',
      sort: { by: 'createdAt', down: false },
      visible: [],
      cursor: null,
      chosen: [],
      details: {},

      async fetch() {
        try {
          const { models, total, problem } = await connection.call('models.list', { limit: pageSize })
          // What older pages and searches brought stays: a model never goes away.
          place({ models: merge(models), total, gap: problem, load: 'ready', problem: null })
        } catch (cause) {
          set(get().load === 'ready' ? { problem: problemText(cause) } : { load: 'failed', problem: problemText(cause) })
        }
      },
      async loadOlder() {
        try {
          const { models } = await connection.call('models.list', { limit: pageSize, offset: get().models.length })
          place({ models: merge(models) })
        } catch (cause) {
          set({ problem: problemText(cause) })
        }
      },
      setText(text) {
        place({ text, cursor: null })
        clearTimeout(resting)
        const { models, total } = get()
        if (text.trim() === '' || models.length >= total) return
        // Models that are not here may fit too: the host looks through all of them.
        resting = setTimeout(async () => {
          try {
            place({ models: merge((await connection.call('models.list', { limit: pageSize, text: text.trim() })).models) })
          } catch (cause) {
            set({ problem: problemText(cause) })
          }
        }, restMs)
      },
      setFilter: (filter) => place({ filter }),
      setSort(by) {
        const { sort } = get()
        place({ sort: { by, down: sort.by === by ? !sort.down : false } })
      },
      setCursor: (cursor) => set({ cursor }),
      moveCursor: (by) => set({ cursor: cursorMoved(get().visible, get().cursor, by) }),
      enterList: () => set({ cursor: cursorIn(get().visible, get().cursor) ?? get().visible[0] ?? null }),
      choose(modelId) {
        const { chosen } = get()
        set({ chosen: chosen.includes(modelId) ? chosen.filter((id) => id !== modelId) : [...chosen, modelId].slice(-2) })
      },
      clearChosen: () => set({ chosen: [] }),
      open(modelIds) {
        const { details } = get()
        set({ details: Object.fromEntries(modelIds.map((id) => [id, details[id] ?? { detail: null, problem: null }])) })
        for (const id of modelIds) void read(id)
      },
      refetch() {
        for (const id of Object.keys(get().details)) void read(id)
      },
    }
  })
  const askList = coalesced(() => store.getState().fetch(), 1000)
  connection.subscribe('models.changed', ({ modelIds }) => {
    // A list that nobody has looked at yet is read when somebody does.
    if (store.getState().load !== 'loading') askList()
    if (modelIds.some((id) => store.getState().details[id])) store.getState().refetch()
  })
  return store
}
export type ModelsStore = ReturnType<typeof createModelsStore>

import { z } from 'zod'
import { conflict, invalid } from '../../../contract/errors.ts'
import type { UnusableFile } from '../../../contract/model.ts'
import type { RunColumn } from '../../../contract/runSort.ts'
import { chosenColumns, mostViews, type RunView, runView, type ViewsState } from '../../../contract/runViews.ts'
import { keepBeforeWriting, newerVersion, readText, setAsideInWords, writeJson } from '../configFile.ts'
import type { Log } from '../log.ts'
import { firstLine } from '../settings/firstLine.ts'

export interface Views {
  state(): ViewsState
  /** The file, until it is written anew, when it could not be used or not all of it. */
  unusable(): UnusableFile[]
  /** @throws CallFailed `invalid` when another view has the name, `conflict` when there are too many. */
  save(view: RunView): ViewsState
  remove(id: string): ViewsState
  keepColumns(columns: readonly RunColumn[]): ViewsState
}

interface Options {
  /** `config/run-views.json`. */
  file: string
  onChange(state: ViewsState): void
  log: Log
}

/**
 * Saved views of the run list, and the columns chosen last. A view that cannot be used is named and left out, never
 * guessed at; the file is copied aside before anything is written over it.
 */
export function createViews({ file, onChange, log }: Options): Views {
  let state: ViewsState = { ...read(file, log), revision: 1 }
  /** What lies there could not be used as a whole, and is not written over without a copy. */
  let toKeep = state.problem !== null

  const change = (next: Partial<ViewsState>): ViewsState => {
    const { views, columns, revision } = { ...state, ...next }
    // On disk first: what cannot be kept is not in force either.
    if (toKeep) keepBeforeWriting(file, 'The views')
    writeJson(file, { version, views, columns }, 'The views')
    toKeep = false
    state = { views, columns, problem: null, revision: revision + 1 }
    onChange(state)
    return state
  }

  return {
    state: () => state,
    unusable: () => (state.problem === null ? [] : [{ file, problem: state.problem }]),
    save(view) {
      const others = state.views.filter(({ id }) => id !== view.id)
      if (others.some(({ name }) => sameName(name, view.name)))
        throw invalid(`There is a view "${view.name}" already. Nothing was changed; choose another name.`, 'name')
      if (others.length >= mostViews)
        throw conflict(`There are ${mostViews} views, which is as many as are kept. Delete one, then save this one.`)
      return change({ views: byName([...others, view]) })
    },
    remove(id) {
      if (!state.views.some((view) => view.id === id)) return state
      return change({ views: state.views.filter((view) => view.id !== id) })
    },
    keepColumns: (columns) => change({ columns: [...columns] }),
  }
}

const sameName = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
const byName = (views: RunView[]) => views.sort((a, b) => a.name.localeCompare(b.name, 'en'))

/** Of the file. One without a version is of the time before there was one, and reads the same. */
const version = 1

const stored = z.object({
  version: z.number().default(version),
  views: z.array(z.unknown()).default([]),
  columns: z.unknown().default(null),
})

function read(file: string, log: Log): Omit<ViewsState, 'revision'> {
  const none = { views: [], columns: null, problem: null }
  const kept = () => {
    const words = setAsideInWords(file)
    log.warn({ file, kept: words }, 'views set aside')
    return words
  }
  try {
    const text = readText(file)
    if (text === null) return none
    const found = stored.parse(JSON.parse(text))
    if (found.version > version) throw new Error(newerVersion(found.version, version))
    const broken: string[] = []
    const views: RunView[] = []
    for (const [at, value] of found.views.entries()) {
      const { success, data, error } = runView.safeParse(value)
      if (!success) broken.push(`${nameOf(value) ?? `the view at place ${at + 1}`} (${problemOf(error)})`)
      else if (views.some(({ id, name }) => id === data.id || sameName(name, data.name)))
        broken.push(`"${data.name}" (it is there twice)`)
      else views.push(data)
    }
    const columns = found.columns === null ? null : (chosenColumns.safeParse(found.columns).data ?? null)
    if (found.columns !== null && columns === null) broken.push('the columns chosen last')
    if (broken.length === 0) return { views: byName(views), columns, problem: null }
    return {
      views: byName(views),
      columns,
      problem: `Of the saved views these could not be used: ${broken.join(', ')}. The others are here. ${file} is written anew with the next change. ${kept()}`,
    }
  } catch (error) {
    return {
      ...none,
      problem: `The saved views in ${file} could not be read: ${firstLine(error)}. ${kept()} Views that you save now begin a new file.`,
    }
  }
}

const problemOf = (error: z.ZodError) => {
  const [issue] = error.issues
  return issue === undefined ? 'unreadable' : [issue.path.join('.'), issue.message].filter(Boolean).join(': ')
}
const nameOf = (value: unknown) => {
  const name = z.object({ name: z.string().min(1).max(60) }).safeParse(value).data?.name
  return name === undefined ? null : `"${name}"`
}

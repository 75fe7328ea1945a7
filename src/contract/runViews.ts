/** Views of the run list that somebody named: what is filtered, in which order, with which columns. */
import { z } from 'zod'
import { stage } from './model.ts'
import { runColumn, runSort } from './runSort.ts'

export const acceptedSpans = ['hour', 'today', 'day', 'week'] as const
/** A calendar day where the operator is: the same view means the same days in every zone. */
const day = z.iso.date()

/** The filter as it is chosen: days and spans stay what they are, whenever the view is opened. */
export const listFilter = z
  .object({
    text: z.string().max(200),
    stages: z.array(stage).max(14),
    accepted: z.enum(acceptedSpans).nullable(),
    /** First and last day, both included. */
    acceptedFrom: day.nullable(),
    acceptedTo: day.nullable(),
    ended: z.enum(acceptedSpans).nullable(),
    retrying: z.boolean(),
    paused: z.boolean(),
    /** Awaits a decision for longer than this, in minutes; at most a year. */
    waitingOver: z.number().int().min(1).max(525_600).nullable(),
  })
  .strict()
  .refine(({ acceptedFrom, acceptedTo }) => !acceptedFrom || !acceptedTo || acceptedFrom <= acceptedTo, {
    message: 'The last day lies before the first.',
    path: ['acceptedTo'],
  })
export type ListFilter = z.infer<typeof listFilter>

export const chosenColumns = z
  .array(runColumn)
  .min(1, 'At least one column is shown.')
  .refine((columns) => new Set(columns).size === columns.length, { message: 'A column is there twice.' })

export const viewName = z.string().trim().min(1, 'A name is required.').max(60, 'A name has at most 60 characters.')

export const runView = z
  .object({ id: z.uuid(), name: viewName, filter: listFilter, sort: runSort, columns: chosenColumns })
  .strict()
export type RunView = z.infer<typeof runView>

/** Keeps the menu readable. */
export const mostViews = 100

export const viewsState = z.object({
  /** By name. */
  views: z.array(runView),
  /** The columns that were chosen last; null before anybody chose. */
  columns: chosenColumns.nullable(),
  /** What of the kept views could not be used, and where it is; null when all could. */
  problem: z.string().nullable(),
  /** Rises with every change, so that an older answer never overwrites a newer one. */
  revision: z.number().int(),
})
export type ViewsState = z.infer<typeof viewsState>

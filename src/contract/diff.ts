/** Two runs, or two attempts of a step, beside each other: what differs and what is the same. */
import { z } from 'zod'

export const diffEntry = z.object({
  /** Where it stands in its section, as `a.b[3].c`; list items that have a name are told by it, as `columns[length].mean`. */
  path: z.string(),
  /** `added`: only the right side has it; `removed`: only the left one. */
  kind: z.enum(['changed', 'added', 'removed', 'same']),
  /** JSON text, exact to the digit, cut after 300 characters; null where the side has none, and where it is covered. */
  left: z.string().nullable(),
  right: z.string().nullable(),
  /** Its name says that it holds a secret: it is told whether it differs, and what it is only when asked for. */
  covered: z.boolean(),
  /** Of two numbers. */
  change: z
    .object({
      /** Right minus left, exact for whole numbers. */
      by: z.string(),
      /** As a share of the left one's size; null where that is 0. */
      share: z.number().nullable(),
      /** null where neither direction is better. */
      better: z.boolean().nullable(),
    })
    .nullable(),
})
export type DiffEntry = z.infer<typeof diffEntry>

export const diffSide = z.enum(['left', 'right'])
export type DiffSide = z.infer<typeof diffSide>

export const diffSection = z.object({
  name: z.string(),
  title: z.string(),
  /** What differs first, each in the order of the values; at most 500 that differ and 500 that do not. */
  entries: z.array(diffEntry),
  /** How many values differ, and are the same; `entries` may hold fewer. */
  differing: z.number().int(),
  same: z.number().int(),
  /** What of it could not be had, on which side, and why; `expected`: it is kept nowhere, and nothing went wrong. */
  problems: z.array(z.object({ side: diffSide, text: z.string(), expected: z.boolean() })),
  /** A sentence about what the comparison means; null when nothing has to be said. */
  note: z.string().nullable(),
})
export type DiffSection = z.infer<typeof diffSection>

export const diff = z.object({
  left: z.string(),
  right: z.string(),
  /** Sections with differences first. */
  sections: z.array(diffSection),
})
export type Diff = z.infer<typeof diff>

/** The archive for whoever helps, as the console and the command line ask for it. */
import { z } from 'zod'

export const diagnosticsContents = z.object({
  entries: z.array(z.object({ name: z.string(), sizeBytes: z.number().int() })),
  /** What could not be had, and why: a part that is down is why somebody asks. */
  missing: z.array(z.object({ name: z.string(), why: z.string() })),
})
export type DiagnosticsContents = z.infer<typeof diagnosticsContents>

export const diagnosticsReport = diagnosticsContents.extend({ file: z.string(), sizeBytes: z.number().int() })
export type DiagnosticsReport = z.infer<typeof diagnosticsReport>

/** A piece of an archive: `base64` of its bytes from `from` on; `next` is where the following one begins, null after the last. */
export const diagnosticsPiece = z.object({ base64: z.string(), next: z.number().int().nullable() })

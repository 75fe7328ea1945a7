import { ZodError } from 'zod'

/** What was thrown, on one line: of a schema's many lines the first place that is not right, and what is wrong there. */
export function firstLine(error: unknown): string {
  if (error instanceof ZodError) {
    const [issue] = error.issues
    return [issue?.path.join('.'), issue?.message].filter(Boolean).join(': ')
  }
  return String(error instanceof Error ? error.message : error).split('\n')[0] ?? ''
}

/** The first line of what was thrown; zod's messages have many. */
export const firstLine = (error: unknown) => String(error instanceof Error ? error.message : error).split('\n')[0]

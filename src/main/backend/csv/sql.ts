/** How values are written into a statement; DuckDB's own quoting rules (SQL-92). */
export const text = (value: string) => `'${value.replaceAll("'", "''")}'`
/** Columns have names of ours in DuckDB, so that no name of a file ever meets SQL. */
export const columnAt = (index: number) => `c${index}`

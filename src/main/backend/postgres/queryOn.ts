import type pg from 'pg'
import { classifyDatabaseError } from './classifyDatabaseError.ts'
import type { DatabasePool } from './createPool.ts'

/** One statement on whatever connection is free. @throws DatabaseProblem, whatever went wrong */
export const queryOn =
  (database: DatabasePool) =>
  async (statement: string, values: unknown[]): Promise<pg.QueryResult> => {
    try {
      return await database.get().query(statement, values)
    } catch (error) {
      throw classifyDatabaseError(error)
    }
  }

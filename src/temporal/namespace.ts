import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { isAnswer } from './grpc.ts'
import { stageAttribute } from './names.ts'

// temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD: @temporalio/proto gives Node no named exports.
const keyword = 2

/** A dev server keeps ended runs for one day, which is too short for an operator who comes back on Monday. */
const retentionSeconds = 30 * 86_400

/** A server's caches learn of a new search attribute within seconds, of a slow cluster's within a minute. */
const usableWithinMs = 90_000
const lookAgainMs = 250

/**
 * Makes a namespace fit for Gatehouse: the search attribute for the stage and, where the server is ours, a long retention.
 * Idempotent. Returns once the search attribute can be used.
 * @throws when the namespace is missing, the attribute has another type, or this user may not add it; the message says
 * what to do.
 */
export async function prepareNamespace(
  connection: Connection,
  namespace: string,
  { ownServer }: { ownServer: boolean },
): Promise<void> {
  if (ownServer) await raiseRetention(connection, namespace)
  await addStageAttribute(connection, namespace)
  await untilUsable(connection, namespace)
}

async function raiseRetention(connection: Connection, namespace: string) {
  const { config } = await connection.workflowService.describeNamespace({ namespace })
  if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) >= retentionSeconds) return
  await connection.workflowService.updateNamespace({
    namespace,
    config: { workflowExecutionRetentionTtl: msToTs(retentionSeconds * 1000) },
  })
}

async function addStageAttribute(connection: Connection, namespace: string) {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace })
  const type = customAttributes?.[stageAttribute]
  if (type === keyword) return
  if (type !== undefined) {
    throw new Error(
      `The namespace ${namespace} has a search attribute ${stageAttribute} that is not a Keyword. Nothing was changed. Remove it there, or use another namespace.`,
    )
  }
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: { [stageAttribute]: keyword },
    })
  } catch (error) {
    if (isAnswer(error, 'alreadyExists')) return // somebody else was faster
    if (isAnswer(error, 'permissionDenied', 'unimplemented')) {
      throw new Error(
        `The namespace ${namespace} lacks the search attribute ${stageAttribute}, and this user may not add it. Ask its administrator to add it as a Keyword: temporal operator search-attribute create --namespace ${namespace} --name ${stageAttribute} --type Keyword`,
        { cause: error },
      )
    }
    throw error
  }
}

async function untilUsable(connection: Connection, namespace: string) {
  for (const until = performance.now() + usableWithinMs; ; await sleep(lookAgainMs)) {
    try {
      await connection.workflowService.countWorkflowExecutions({ namespace, query: `${stageAttribute} = 'Queued'` })
      return
    } catch (error) {
      // Until its cache is fresh, the server calls the attribute invalid.
      if (!isAnswer(error, 'invalidArgument') || performance.now() > until) throw error
    }
  }
}

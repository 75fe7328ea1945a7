/**
 * Runs as Temporal lists and describes them, read from what it keeps in clear. The SDK's own calls decode the memo too,
 * and one memo of some other client that cannot be decoded here would cost the whole list.
 */
import type { Client } from '@temporalio/client'
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import { decodeTypedSearchAttributes } from '@temporalio/common/lib/converter/payload-search-attributes.js'
import { optionalTsToDate, requiredTsToDate } from '@temporalio/common/lib/time.js'
import proto, { type temporal } from '@temporalio/proto'
import { type Stage, stages } from '../contract/model.ts'
import { stageAttribute, workflowType } from './names.ts'

export const stageKey = defineSearchAttributeKey(stageAttribute, SearchAttributeType.KEYWORD)

export interface ListedRun {
  workflowId: string
  runId: string
  /** null when the run never told one. */
  stage: Stage | null
  /** Temporal's own name of the state, as the SDK spells it: RUNNING, COMPLETED, CANCELLED … */
  status: string
  startedAt: Date
  closedAt: Date | null
}

export interface DescribedRun extends ListedRun {
  pendingActivities: temporal.api.workflow.v1.IPendingActivityInfo[]
}

const pageSize = 1000

/**
 * Runs by visibility, which trails the truth by moments.
 * @param filter a visibility query that narrows it down, such as `ExecutionStatus = 'Running'`.
 * @throws when Temporal cannot be reached.
 */
export async function* listRuns(client: Client, filter?: string): AsyncGenerator<ListedRun> {
  const { namespace } = client.options
  const query = `WorkflowType = '${workflowType}'${filter ? ` AND (${filter})` : ''}`
  let nextPageToken: Uint8Array | undefined
  do {
    const page = await client.workflowService.listWorkflowExecutions({ namespace, query, pageSize, nextPageToken })
    for (const info of page.executions) yield listed(info)
    nextPageToken = page.nextPageToken
  } while (nextPageToken && nextPageToken.length > 0)
}

/** Runs that have not ended. */
export const listOpen = (client: Client) => listRuns(client, `ExecutionStatus = 'Running'`)

/**
 * One run as it is now; without `runId` the latest of its workflow id.
 * @throws when Temporal cannot be reached or does not know the run.
 */
export async function describeRun(client: Client, workflowId: string, runId?: string): Promise<DescribedRun> {
  const { namespace } = client.options
  const execution = { workflowId, runId }
  const { workflowExecutionInfo, pendingActivities } = await client.workflowService.describeWorkflowExecution({
    namespace,
    execution,
  })
  return { ...listed(workflowExecutionInfo ?? {}), pendingActivities }
}

function listed(info: temporal.api.workflow.v1.IWorkflowExecutionInfo): ListedRun {
  const stage = decodeTypedSearchAttributes(info.searchAttributes?.indexedFields).get(stageKey)
  return {
    workflowId: info.execution?.workflowId ?? '',
    runId: info.execution?.runId ?? '',
    stage: stages.find((name) => name === stage) ?? null,
    status: statusName(info.status),
    startedAt: requiredTsToDate(info.startTime, 'startTime'),
    closedAt: optionalTsToDate(info.closeTime) ?? null,
  }
}

const statusName = (code: temporal.api.enums.v1.WorkflowExecutionStatus | null | undefined): string =>
  (proto.temporal.api.enums.v1.WorkflowExecutionStatus[code ?? 0] ?? 'UNKNOWN')
    .replace('WORKFLOW_EXECUTION_STATUS_', '')
    .replace('CANCELED', 'CANCELLED')

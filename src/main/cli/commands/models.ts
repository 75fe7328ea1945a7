/** The commands about models: what the registry holds, what each environment serves, and going back to an earlier model. */
import { randomUUID } from 'node:crypto'
import type { DeploymentRecord, EnvironmentState, ModelSummary } from '../../../contract/models.ts'
import { momentWords } from '../../../contract/sentence.ts'
import { metricName } from '../../../contract/training.ts'
import { type Context, withHost } from '../context.ts'
import { type ExitCode, exitCodes, UsageError } from '../exitCodes.ts'
import type { Cell } from '../output.ts'

export interface ModelsOptions {
  limit: number
  text?: string
}

const head = (...texts: string[]): Cell[] => texts.map((text) => ({ text, style: 'faint' }))

export async function listModels(context: Context, { limit, text }: ModelsOptions): Promise<ExitCode> {
  const { out } = context
  return withHost(context, async (host) => {
    const [registry, { environments }] = await Promise.all([
      host.call('models.list', { limit, text }),
      host.call('deployments.list', {}),
    ])
    out.data({ ...registry, environments })
    const { models, total, problem } = registry
    const now = new Date()
    out.table([head('WHERE', 'SERVES', 'SINCE', 'BY', 'ADDRESS'), ...environments.map((one) => environmentRow(one, now))])
    for (const { environment, pending } of environments) {
      if (pending)
        out.line(`${environment} goes back to ${pending.modelId} (${pending.operator}): ${pending.problem ?? 'under way'}`)
    }
    out.line()
    if (problem !== null) {
      out.line(`The registry cannot be read now: ${problem}`)
      return exitCodes.failed
    }
    if (models.length === 0) {
      out.line(text === undefined ? 'There are no models yet. Each run that logs its experiment adds one.' : 'No model matches.')
      return exitCodes.done
    }
    out.table([
      head('MODEL', 'MADE', 'TRAINER', 'SERVED IN', 'DECISION', 'FILE', 'FIGURES'),
      ...models.map((one) => modelRow(one, now)),
    ])
    if (total > models.length) out.line(`${models.length} of ${total} models, the newest ones; --limit shows more.`)
    return exitCodes.done
  })
}

function environmentRow({ environment, served, address }: EnvironmentState, now: Date): Cell[] {
  return [
    environment,
    served ? { text: served.modelId, style: 'strong' } : { text: 'nothing', style: 'faint' },
    served ? momentWords(served.at, now) : '',
    served ? by(served) : '',
    address ?? { text: 'not open', style: 'bad' },
  ]
}

const by = ({ kind, operator, workflowId }: DeploymentRecord): string =>
  kind === 'rollBack' ? `roll back by ${operator}` : (operator ?? workflowId ?? '')

function modelRow(model: ModelSummary, now: Date): Cell[] {
  const { modelId, createdAt, trainer, servedIn, decision, fileName, metrics } = model
  // In the contract's order: Postgres gives them in its own.
  const figures = metricName.options.flatMap((name) =>
    metrics[name] === undefined ? [] : `${name} ${Number(metrics[name].toPrecision(4))}`,
  )
  return [
    modelId,
    momentWords(createdAt, now),
    trainer,
    { text: servedIn.join(', '), style: 'good' },
    decision ?? '',
    fileName,
    figures.join(', '),
  ]
}

export interface RollBackOptions {
  reason: string
  /** Recorded as who decided; default: the operator named in the settings. */
  as?: string
}

export async function rollBack(
  context: Context,
  environment: string,
  modelId: string,
  { reason, as }: RollBackOptions,
): Promise<ExitCode> {
  if (environment !== 'dev' && environment !== 'prod') {
    throw new UsageError(`There is no environment "${environment}": only dev and prod.`)
  }
  if (modelId.trim() === '') throw new UsageError('MODEL is empty. "gatehouse models" lists them.')
  return withHost(context, async (host) => {
    const operator = as ?? (await host.call('settings.get', {})).operator
    const requestId = randomUUID()
    const { state } = await host.call('deployments.rollBack', { environment, modelId, reason, requestId, operator })
    context.out.data({ environment, modelId, reason, operator, requestId, state })
    if (state === 'pending') {
      context.out.line(
        `The ${environment} endpoint could not take ${modelId} yet. The decision is kept and carried out as soon as it can; "gatehouse models" shows it.`,
      )
    } else {
      context.out.line(`${environment} serves ${modelId} again, decided by ${operator}: ${reason}`)
    }
    return exitCodes.done
  })
}

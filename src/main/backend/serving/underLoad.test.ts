/** The real endpoint, thread and models: what clients see while a model is switched and rolled back under their requests. */
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { encodeRow } from '../../../training/encodeRow.ts'
import { readModel } from '../../../training/predictor.ts'
import { findAppRoot, sourcePaths } from '../../paths.ts'
import { createEndpoints, type Endpoints } from '../endpoints/createEndpoints.ts'
import { openLedger } from '../ledger/openLedger.ts'
import { silentLog } from '../log.ts'
import { createRollBacks } from '../rollBacks/createRollBacks.ts'
import { createFileStore } from '../store/fileStore.ts'
import { type TrainedModel, trainModel } from './testing/trainedModel.ts'

let root: string
let endpoints: Endpoints
let agent: Agent
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'gatehouse-load-'))
  agent = new Agent({ keepAlive: true, maxSockets: 16 })
  endpoints = createEndpoints({
    folder: join(root, 'deployments'),
    store: store(),
    threadFile: sourcePaths(findAppRoot(import.meta.dirname)).threads.serving,
    ports: { dev: 22_180, prod: 22_181 },
    log: silentLog,
  })
  await endpoints.start()
})
afterEach(async () => {
  agent.destroy()
  await endpoints.close()
  rmSync(root, { recursive: true, force: true })
})
const store = () => createFileStore(join(root, 'store'))

async function deploy(model_id: string, { text }: TrainedModel) {
  const model = await store().putBytes(Buffer.from(text))
  const cause = { kind: 'run', workflow_id: `w-${model_id}`, run_id: 'r' } as const
  return endpoints.deployer.deploy({ environment: 'prod', model_id, model, metrics: {} }, new AbortController().signal, cause)
}

/** What the model itself says of these rows. */
function answersOf({ text }: TrainedModel, rows: TrainedModel['rows']): { value: number }[] {
  const predictor = readModel(text)
  return rows.map((row) => ({ value: predictor.predict(encodeRow(predictor.schema, row))[0] as number }))
}

function post(body: string): Promise<{ status: number; body: string }> {
  const { port } = new URL(endpoints.status().prod.address as string)
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
    const call = request({ host: '127.0.0.1', port, path: '/predict', method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
      response.on('error', reject)
    })
    call.on('error', reject).end(body)
  })
}

it('no request fails during switches and roll backs, and every answer is one model’s, whole', async () => {
  const models = { 'm-1': trainModel({ seed: 1 }), 'm-2': trainModel({ seed: 2 }), 'm-3': trainModel({ seed: 3, rounds: 60 }) }
  const rollBacks = createRollBacks({
    ledger: openLedger(':memory:'),
    endpoints,
    record: async () => {},
    onChange: () => {},
    onLateRefusal: () => {},
    log: silentLog,
  })
  await deploy('m-1', models['m-1'])
  const { rows } = models['m-1']
  const expected = Object.fromEntries(
    Object.entries(models).map(([model_id, model]) => [
      model_id,
      `${JSON.stringify({ model_id, predictions: answersOf(model, rows) })}\n`,
    ]),
  )
  expect(new Set(Object.values(expected)).size).toBe(3)

  const seen: Record<string, number> = {}
  const wrong: string[] = []
  let stop = false
  const client = async () => {
    while (!stop) {
      const { status, body } = await post(JSON.stringify({ rows })).catch((error: Error) => ({ status: 0, body: error.message }))
      const model = Object.keys(expected).find((id) => expected[id] === body)
      if (status !== 200 || model === undefined) wrong.push(`${status} ${body.slice(0, 200)}`)
      else seen[model] = (seen[model] ?? 0) + 1
    }
  }
  const clients = Array.from({ length: 16 }, client)

  const served = async (id: string) => {
    const before = seen[id] ?? 0
    await expect.poll(() => seen[id] ?? 0, { timeout: 20_000 }).toBeGreaterThan(before + 20)
  }
  const back = (modelId: string) =>
    rollBacks.decide({
      requestId: crypto.randomUUID(),
      environment: 'prod',
      modelId,
      reason: 'under load',
      operator: 'ada',
      host: 'desk',
      at: new Date().toISOString(),
    })
  await served('m-1')
  await deploy('m-2', models['m-2'])
  await served('m-2')
  expect(await back('m-1')).toBe('done')
  await served('m-1')
  await deploy('m-3', models['m-3'])
  await served('m-3')
  // A model that cannot be served never gets between them.
  await expect(deploy('m-4', { text: '{"learner": {}}', rows: [] })).rejects.toMatchObject({ code: 'modelNotServable' })
  await served('m-3')
  expect(await back('m-2')).toBe('done')
  await served('m-2')
  stop = true
  await Promise.all(clients)
  await rollBacks.close()

  expect(wrong).toEqual([])
  expect(Object.keys(seen).sort()).toEqual(['m-1', 'm-2', 'm-3'])
}, 120_000)

it('classes are answered with label and probabilities, and rows that do not fit by row and column', async () => {
  const model = trainModel({ seed: 4, task: 'multiclass' })
  await deploy('m-classes', model)
  const [row] = model.rows
  const { status, body } = await post(JSON.stringify([row]))
  const [prediction] = JSON.parse(body).predictions as { label: string; probabilities: Record<string, number> }[]
  expect(status).toBe(200)
  const sum = Object.values(prediction?.probabilities ?? {}).reduce((a, b) => a + b, 0)
  expect(sum).toBeCloseTo(1, 6)
  expect(prediction?.probabilities[prediction.label]).toBe(Math.max(...Object.values(prediction?.probabilities ?? {})))
  expect(JSON.parse((await post(JSON.stringify([row, { ...row, f2: 'abc' }]))).body)).toMatchObject({
    error: 'row 2: column f2: "abc" is not a number',
  })
})

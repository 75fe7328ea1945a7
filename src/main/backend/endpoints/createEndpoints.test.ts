import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DeployProblem } from '../../../temporal/activities/deps.ts'
import { demoModelFormat } from '../../../temporal/activities/trainers/demoTrainer.ts'
import { freePort } from '../../../temporal/testing/freePort.ts'
import type { DeployInput, Environment } from '../../../temporal/types.ts'
import { findAppRoot, sourcePaths } from '../../paths.ts'
import { silentLog } from '../log.ts'
import { createFileStore } from '../store/fileStore.ts'
import { createEndpoints, type Endpoints } from './createEndpoints.ts'

let root: string
let opened: (Endpoints | Server)[]
const signal = new AbortController().signal
const cause = { kind: 'run', workflow_id: 'mlops-1-good', run_id: 'run-1' } as const
const { serving: threadFile } = sourcePaths(findAppRoot(import.meta.dirname)).threads
const metrics = { accuracy: 0.9, mae: 1.5, r2: 0.7 }

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gatehouse-endpoints-'))
  opened = []
})
afterEach(async () => {
  for (const one of opened) await (one as Endpoints).close()
  rmSync(root, { recursive: true, force: true })
})

const folder = () => join(root, 'deployments')
const store = () => createFileStore(join(root, 'store'))
const freePorts = async (): Promise<Record<Environment, number>> => ({ dev: await freePort(), prod: await freePort() })
const portOf = (server: Server) => (server.address() as AddressInfo).port
function strangerOn(port: number, says = 'someone else'): Promise<Server> {
  const server = createServer((_, response) => response.end(says))
  return new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server)))
}
/** What copies of a file were made of. */
const asideOf = (name: string) =>
  readdirSync(folder())
    .filter((one) => one.startsWith(`${name}.broken-`))
    .filter((one) => statSync(join(folder(), one)).isFile())
    .map((one) => readFileSync(join(folder(), one), 'utf8'))
async function start(ports: Record<Environment, number>) {
  const endpoints = createEndpoints({ folder: folder(), store: store(), threadFile, ports, log: silentLog })
  opened.push(endpoints)
  await endpoints.start()
  return endpoints
}
async function model(id: string, environment: Environment = 'dev'): Promise<DeployInput> {
  return {
    environment,
    model_id: id,
    model: await store().putBytes(Buffer.from(JSON.stringify({ format: demoModelFormat, model_id: id }))),
    metrics,
  }
}
const get = async (url: string, init: RequestInit = {}) => {
  const response = await fetch(url, init)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const health = (endpoints: Endpoints, environment: Environment = 'dev') =>
  get(`${endpoints.status()[environment].address}/health`)

describe('an endpoint', () => {
  it('is empty until a model is deployed, then names it', async () => {
    const endpoints = await start(await freePorts())
    expect(await health(endpoints)).toEqual({ status: 200, body: { status: 'empty', environment: 'dev' } })
    const { url, deployedAt } = await endpoints.deployer.deploy(await model('m-1'), signal, cause)
    expect(await health(endpoints)).toEqual({
      status: 200,
      body: { status: 'ok', environment: 'dev', model_id: 'm-1', deployed_at: deployedAt, predicts: false },
    })
    expect(await health(endpoints, 'prod')).toMatchObject({ body: { status: 'empty', environment: 'prod' } })
    expect(await get(url)).toMatchObject({ status: 200, body: { model_id: 'm-1', metrics, current: true } })
    expect(endpoints.status().dev).toMatchObject({ state: 'up', summary: expect.stringContaining('m-1') })
  })

  it('keeps every model that was ever deployed', async () => {
    const endpoints = await start(await freePorts())
    const first = await endpoints.deployer.deploy(await model('m 1/ü'), signal, cause)
    await endpoints.deployer.deploy(await model('m-2'), signal, cause)
    expect(await get(first.url)).toMatchObject({
      status: 200,
      body: { model_id: 'm 1/ü', current: false, deployed_at: first.deployedAt, sha256: (await model('m 1/ü')).model.sha256 },
    })
    const back = await endpoints.deployer.deploy(await model('m 1/ü'), signal, cause)
    expect(await get(first.url)).toMatchObject({ body: { current: true, deployed_at: back.deployedAt } })
    const { address } = endpoints.status().dev
    expect((await get(`${address}/models/m-3`)).status).toBe(404)
    expect((await get(`${endpoints.status().prod.address}/models/m-2`)).status).toBe(404)
  })

  it('answers anything else with an error in JSON', async () => {
    const endpoints = await start(await freePorts())
    const { address } = endpoints.status().dev
    expect(await get(`${address}/`)).toMatchObject({ status: 404, body: { error: expect.any(String) } })
    expect((await get(`${address}/models/`)).status).toBe(404)
    expect((await get(`${address}/models/%E0%A4%A`)).status).toBe(404)
    expect((await get(`${address}/models/../dev.json`)).status).toBe(404)
    expect((await get(`${address}/health`, { method: 'POST', body: 'x' })).status).toBe(405)
    expect((await fetch(`${address}/health`, { method: 'HEAD' })).status).toBe(200)
    expect((await get(`${address}/health?probe=1`)).status).toBe(200)
  })

  it('refuses a page of another site that calls itself 127.0.0.1', async () => {
    const endpoints = await start(await freePorts())
    const { port } = new URL(endpoints.status().dev.address as string)
    const ask = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const call = request({ host: '127.0.0.1', port, path: '/health', headers: { Host: host } }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        call.on('error', reject).end()
      })
    expect(await ask(`evil.example:${port}`)).toBe(403)
    expect(await ask('127.0.0.1')).toBe(403)
    expect(await ask(`localhost:${port}`)).toBe(200)
  })

  it('says so when the model file is gone, damaged or back', async () => {
    const endpoints = await start(await freePorts())
    const input = await model('m-1')
    await endpoints.deployer.deploy(input, signal, cause)
    const path = (await store().pathOf(input.model.sha256)) as string
    let told = 0
    endpoints.onChange(() => told++)

    const bytes = readFileSync(path)
    chmodSync(path, 0o600)
    const damaged = Buffer.from(bytes)
    damaged[0] = (damaged[0] ?? 0) ^ 1
    writeFileSync(path, damaged)
    expect(await health(endpoints)).toMatchObject({
      status: 503,
      body: { status: 'error', model_id: 'm-1', reason: expect.stringMatching(/hash is no longer/) },
    })
    expect(endpoints.status().dev).toMatchObject({ state: 'down', remedy: expect.stringContaining('again') })
    expect(told).toBe(1)

    rmSync(path)
    expect(await health(endpoints)).toMatchObject({
      status: 503,
      body: { reason: expect.stringMatching(/is not in the model store/) },
    })
    await store().putBytes(bytes)
    expect(await health(endpoints)).toMatchObject({ status: 200, body: { model_id: 'm-1' } })
    expect(endpoints.status().dev.state).toBe('up')
  })

  it('takes a touched file for unknown until its hash was taken again', async () => {
    const endpoints = await start(await freePorts())
    const input = await model('m-1')
    await endpoints.deployer.deploy(input, signal, cause)
    utimesSync((await store().pathOf(input.model.sha256)) as string, new Date(0), new Date(0))
    expect((await health(endpoints)).status).toBe(200)
  })

  it('is down, not empty, when its record was changed by hand', async () => {
    const endpoints = await start(await freePorts())
    await endpoints.deployer.deploy(await model('m-1'), signal, cause)
    writeFileSync(join(folder(), 'dev.json'), '{"model_id": "m-9"')
    expect(await health(endpoints)).toMatchObject({
      status: 503,
      body: { reason: expect.stringMatching(/record .* cannot be read/) },
    })
    await endpoints.deployer.deploy(await model('m-2'), signal, cause)
    expect(await health(endpoints)).toMatchObject({ status: 200, body: { model_id: 'm-2' } })
    expect(asideOf('dev.json')).toEqual(['{"model_id": "m-9"'])
    expect(endpoints.unusable()).toEqual([
      {
        file: join(folder(), 'dev.json'),
        problem: expect.stringMatching(/kept as .*dev\.json\.broken-.* dev serves m-2 instead/),
      },
    ])
  })

  it.each<[string, (file: string) => void, RegExp, string[]]>([
    ['half written', (file) => writeFileSync(file, '{"model_id": "m-'), /JSON/, ['{"model_id": "m-']],
    ['empty', (file) => writeFileSync(file, ''), /it is empty/, ['']],
    ['of a newer version', (file) => writeFileSync(file, '{"version":2}'), /version 2, which a newer/, ['{"version":2}']],
    [
      'a folder',
      (file) => {
        rmSync(file)
        mkdirSync(file)
      },
      /a folder has its name/,
      [],
    ],
  ])(
    'serves what was confirmed last when its record is %s at the start; that one is kept and named',
    async (_, damage, why, kept) => {
      const ports = await freePorts()
      const endpoints = await start(ports)
      await endpoints.deployer.deploy(await model('m-1'), signal, cause)
      await endpoints.close()
      damage(join(folder(), 'dev.json'))
      appendFileSync(join(folder(), 'dev.history.jsonl'), '{"event":"depl\n')
      writeFileSync(join(folder(), 'ports.json'), '{"own":')
      const again = await start(ports)
      expect(await health(again)).toMatchObject({ status: 200, body: { model_id: 'm-1' } })
      expect(asideOf('dev.json')).toEqual(kept)
      expect(asideOf('ports.json')).toEqual(['{"own":'])
      const told = again.unusable()
      expect(told.map(({ file }) => file)).toEqual(
        ['ports.json', 'dev.json', 'dev.history.jsonl'].map((name) => join(folder(), name)),
      )
      expect(told[1]?.problem).toMatch(why)
      expect(told[1]?.problem).toMatch(/kept as .*dev\.json\.broken-.*dev serves m-1 instead/)
      expect(told[2]?.problem).toMatch(/1 line that is not to be read/)
      expect(readFileSync(join(folder(), 'dev.history.jsonl'), 'utf8')).toContain('{"event":"depl\n')
      await again.close()
      // Written anew, so that nothing is left to say but of the history.
      const third = await start(ports)
      expect(third.unusable()).toHaveLength(1)
    },
  )
})

describe('deploying', () => {
  it('is idempotent for the same model', async () => {
    const endpoints = await start(await freePorts())
    const first = await endpoints.deployer.deploy(await model('m-1'), signal, cause)
    expect(await endpoints.deployer.deploy(await model('m-1'), signal, cause)).toEqual(first)
    expect(readFileSync(join(folder(), 'dev.history.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1)
  })

  it('switches one at a time, each to a whole model', async () => {
    const endpoints = await start(await freePorts())
    const inputs = await Promise.all(Array.from({ length: 6 }, (_, i) => model(`m-${i}`)))
    const answers = await Promise.all(inputs.map((input) => endpoints.deployer.deploy(input, signal, cause)))
    for (const { url } of answers) expect((await get(url)).status).toBe(200)
    const current = await Promise.all(answers.map(async ({ url }) => (await get(url)).body.current))
    expect(current.filter(Boolean)).toHaveLength(1)
  })

  it.each([
    ['is not in the store', 'modelFileMissing', (path: string) => rmSync(path)],
    [
      'was changed',
      'modelHashMismatch',
      (path: string) => {
        chmodSync(path, 0o600)
        appendFileSync(path, '!')
      },
    ],
  ])('leaves the environment as it is when the file %s', async (_, code, harm) => {
    const endpoints = await start(await freePorts())
    await endpoints.deployer.deploy(await model('m-1'), signal, cause)
    const next = await model('m-2')
    harm((await store().pathOf(next.model.sha256)) as string)
    await expect(endpoints.deployer.deploy(next, signal, cause)).rejects.toMatchObject({ code })
    expect(await health(endpoints)).toMatchObject({ body: { model_id: 'm-1' } })
  })

  it('leaves the environment as it is when the file holds no model that can answer', async () => {
    const endpoints = await start(await freePorts())
    const first = await endpoints.deployer.deploy(await model('m-1'), signal, cause)
    const next = { ...(await model('m-2')), model: await store().putBytes(Buffer.from('weights of another kind')) }
    const error = await endpoints.deployer.deploy(next, signal, cause).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'modelNotServable', message: expect.stringContaining('dev serves m-1, as before') })
    expect(await health(endpoints)).toMatchObject({ status: 200, body: { model_id: 'm-1', deployed_at: first.deployedAt } })
    const { events } = await endpoints.record('dev')
    expect(events.map(({ event, deployment }) => [event, deployment.model_id])).toEqual([
      ['deployed', 'm-1'],
      ['undone', 'm-2'],
    ])
  })

  it('refuses an environment that there is not', async () => {
    const endpoints = await start(await freePorts())
    const input = { ...(await model('m-1')), environment: 'test' as Environment }
    await expect((async () => endpoints.deployer.deploy(input, signal, cause))()).rejects.toMatchObject({
      code: 'unknownEnvironment',
    })
  })

  it('is undone when the endpoint does not name the model', async () => {
    const ports = await freePorts()
    const endpoints = await start(ports)
    const first = await endpoints.deployer.deploy(await model('m-1'), signal, cause)
    await endpoints.close()
    // Something else holds the endpoint's port now.
    const stranger = await strangerOn(ports.dev, '{"status":"ok","model_id":"other"}')
    const error = await endpoints.deployer.deploy(await model('m-2'), signal, cause).catch((e: unknown) => e)
    stranger.close()
    expect(error).toBeInstanceOf(DeployProblem)
    expect((error as Error).message).toContain('The switch was undone: dev serves m-1, as before.')
    const again = await start(ports)
    expect(await health(again)).toMatchObject({ body: { model_id: 'm-1', deployed_at: first.deployedAt } })
    expect((await get(`${again.status().dev.address}/models/m-2`)).status).toBe(404)
  })

  it('is undone when nobody answers or the step is cancelled', async () => {
    const ports = await freePorts()
    const endpoints = await start(ports)
    await expect(endpoints.deployer.deploy(await model('m-1'), AbortSignal.abort(new Error('cancelled')), cause)).rejects.toThrow(
      'cancelled',
    )
    await endpoints.close()
    await expect(endpoints.deployer.deploy(await model('m-2'), signal, cause)).rejects.toMatchObject({ code: 'endpointSilent' })
    expect(await health(await start(ports))).toMatchObject({ body: { status: 'empty' } })
  })

  it('can be done by another process and survives a crash between switch and confirmation', async () => {
    const ports = await freePorts()
    const serving = await start(ports)
    const beside = createEndpoints({ folder: folder(), store: store(), threadFile, log: silentLog })
    const { deployedAt } = await beside.deployer.deploy(await model('m-1'), signal, cause)
    expect(await health(serving)).toMatchObject({ body: { model_id: 'm-1', deployed_at: deployedAt } })

    // What a killed worker leaves: the switch, without its line in the history.
    const next = await model('m-2')
    const cut = {
      model_id: 'm-2',
      sha256: next.model.sha256,
      size_bytes: next.model.size_bytes,
      metrics,
      deployed_at: deployedAt.replace(/^..../, '2001'),
    }
    writeFileSync(join(folder(), 'dev.json'), JSON.stringify(cut))
    appendFileSync(join(folder(), 'dev.history.jsonl'), '{"event":"depl')
    expect(await beside.deployer.deploy(next, signal, cause)).toMatchObject({ deployedAt: cut.deployed_at })
    await beside.deployer.deploy(await model('m-3'), signal, cause)
    for (const id of ['m-1', 'm-2', 'm-3']) expect((await get(`${serving.status().dev.address}/models/${id}`)).status).toBe(200)
  })
})

describe('an endpoint that ends by itself', () => {
  it('is started again on its port with its model, and says so', async () => {
    const ports = await freePorts()
    const mortal = join(import.meta.dirname, '..', 'serving', 'testing', 'mortalThread.ts')
    const endpoints = createEndpoints({ folder: folder(), store: store(), threadFile: mortal, ports, log: silentLog })
    opened.push(endpoints)
    await endpoints.start()
    await endpoints.deployer.deploy(await model('m-1'), signal, cause)
    const { address } = endpoints.status().dev
    const seen = new Set<string>()
    endpoints.onChange(() => seen.add(endpoints.status().dev.state))
    writeFileSync(join(folder(), 'die-dev'), '')
    await expect.poll(() => endpoints.status().dev.detail, { timeout: 20_000 }).toContain('was started again')
    await expect.poll(() => endpoints.status().dev.state, { timeout: 20_000 }).toBe('up')
    expect(seen).toContain('down')
    expect(endpoints.status().dev).toMatchObject({ address, detail: expect.stringMatching(/ended by itself at .* code 3/) })
    expect(await health(endpoints)).toMatchObject({ status: 200, body: { model_id: 'm-1' } })
    // The other environment has a thread of its own.
    expect(endpoints.status().prod).toMatchObject({ state: 'up', detail: '' })
  })

  it('and a host that starts again serve what was confirmed last, not what a crash left half done', async () => {
    const ports = await freePorts()
    const endpoints = await start(ports)
    const { deployedAt } = await endpoints.deployer.deploy(await model('m-1'), signal, cause)
    await endpoints.close()
    const { model: file } = await model('m-2')
    const cut = {
      model_id: 'm-2',
      sha256: file.sha256,
      size_bytes: file.size_bytes,
      metrics,
      deployed_at: '2030-01-01T00:00:00.000Z',
    }
    for (const left of [JSON.stringify(cut), '{"model_id": "m-']) {
      writeFileSync(join(folder(), 'dev.json'), left)
      const again = await start(ports)
      expect(await health(again)).toMatchObject({ status: 200, body: { model_id: 'm-1', deployed_at: deployedAt } })
      await again.close()
    }
  })
})

describe('ports', () => {
  it('moves on from a taken port, says so, and stays there', async () => {
    const taken = await strangerOn(await freePort())
    const ports = { dev: portOf(taken), prod: (await freePorts()).prod }
    const first = await start(ports)
    const { address, detail } = first.status().dev
    expect(address).not.toContain(`:${ports.dev}`)
    expect(detail).toContain(`Port ${ports.dev} was taken`)
    await first.deployer.deploy(await model('m-1'), signal, cause)
    await first.close()
    taken.close()
    const second = await start(ports)
    expect(second.status().dev.address).toBe(address)
    expect(await health(second)).toMatchObject({ body: { model_id: 'm-1' } })
  })

  it('goes back to the port that was its own once that is free again', async () => {
    const ports = await freePorts()
    const first = await start(ports)
    const own = first.status().dev.address
    await first.close()
    const stranger = await strangerOn(ports.dev)
    const moved = await start(ports)
    expect(moved.status().dev.address).not.toBe(own)
    expect(moved.status().dev.detail).toContain(`Port ${ports.dev} was taken`)
    await moved.close()
    stranger.close()
    const back = await start(ports)
    expect(back.status().dev).toMatchObject({ address: own, detail: '' })
  })

  it('keeps two copies of the app apart', async () => {
    const ports = await freePorts()
    const one = await start(ports)
    const two = createEndpoints({ folder: join(root, 'second'), store: store(), threadFile, ports, log: silentLog })
    opened.push(two)
    await two.start()
    await one.deployer.deploy(await model('m-1'), signal, cause)
    expect(await health(two)).toMatchObject({ body: { status: 'empty' } })
  })

  // Linux answers on all of 127.0.0.0/8, so another address of this machine can be tried without a network.
  it.runIf(process.platform === 'linux')('is bound to 127.0.0.1 and to nothing else', async () => {
    const endpoints = await start(await freePorts())
    const { port } = new URL(endpoints.status().dev.address as string)
    await expect(fetch(`http://127.0.0.2:${port}/health`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  })
})

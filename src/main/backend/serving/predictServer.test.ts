import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type Agent, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { demoModelFormat } from '../../../temporal/activities/trainers/demoTrainer.ts'
import { createDeployments, type Deployed } from '../endpoints/deployments.ts'
import { createFileStore } from '../store/fileStore.ts'
import { type ServingLimits, servingLimits } from './limits.ts'
import { listenOnFirstFree } from './listenOnFirstFree.ts'
import { createPredictServer } from './predictServer.ts'
import { createServedModels, type ServedModels } from './servedModels.ts'
import { createServingMetrics } from './servingMetrics.ts'
import { lineModel, lineReader } from './testing/lineModel.ts'

let root: string
let server: Server
let models: ServedModels
let faults: unknown[]
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'gatehouse-serving-'))
  faults = []
  await open()
})
afterEach(() => {
  close()
  rmSync(root, { recursive: true, force: true })
})

async function open(limits: Partial<ServingLimits> = {}) {
  models = createServedModels({ environment: 'prod', deployments: deployments(), store: store(), reader: lineReader })
  server = createPredictServer({
    environment: 'prod',
    models,
    metrics: createServingMetrics('prod', models),
    limits: { ...servingLimits, ...limits },
    onFault: (error) => faults.push(error),
  })
  await models.look()
  await listenOnFirstFree(server, [0])
}
function close() {
  server.close()
  server.closeAllConnections()
}
const store = () => createFileStore(join(root, 'store'))
const deployments = () => createDeployments(join(root, 'deployments'), 'prod')
const port = () => (server.address() as AddressInfo).port

/** What a deployment does to the files, and the look that follows it. */
async function deploy(id: string, file: string) {
  const { sha256, size_bytes } = await store().putBytes(Buffer.from(file))
  const deployed: Deployed = {
    model_id: id,
    sha256,
    size_bytes,
    metrics: { accuracy: 1, mae: 0, r2: 1 },
    deployed_at: new Date().toISOString(),
  }
  await deployments().switchTo(deployed)
  await deployments().append('deployed', deployed, deployed.deployed_at)
  return models.look()
}

interface Reply {
  status: number
  headers: Headers
  body: { error?: string; predictions?: unknown[]; model_id?: string; problems?: unknown[] } & Record<string, unknown>
}
async function ask(path: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(`http://127.0.0.1:${port()}${path}`, init)
  return { status: response.status, headers: response.headers, body: (await response.json()) as Reply['body'] }
}
const post = (body: string | Uint8Array, type: string | null = 'application/json', path = '/predict') =>
  ask(path, { method: 'POST', body: body as RequestInit['body'], headers: type === null ? {} : { 'Content-Type': type } })
const row = { sex: 'M', length: 0.5, height: null }
const rows = (...all: unknown[]) => JSON.stringify({ rows: all })

describe('predicting', () => {
  beforeEach(() => deploy('m-1', lineModel(20)))

  it('answers rows in their order, in either way of writing JSON, and names the model', async () => {
    const expected = { model_id: 'm-1', predictions: [{ value: 10 }, { value: 40 }] }
    const both = [row, { ...row, length: 2 }]
    expect(await post(rows(...both))).toMatchObject({ status: 200, body: expected })
    expect(await post(JSON.stringify(both))).toMatchObject({ status: 200, body: expected })
    expect(await post(rows(...both), 'application/json; charset=UTF-8')).toMatchObject({ status: 200, body: expected })
  })

  it.each([
    ['commas', 'sex,length,height\nM,0.5,\nF,2,1\n'],
    ['another order, quotes, CRLF and a byte order mark', '\ufeff"height",length,sex\r\n,0.5,"M"\r\n1,2,F\r\n'],
    ['semicolons and no line end at the end', 'sex;length;height\nM;0.5;\nF;2;1'],
    ['tabs and spaces around names', 'sex\t length \theight\nM\t0.5\t\nF\t2\t1\n'],
  ])('takes CSV with %s', async (_, csv) => {
    expect(await post(csv, 'text/csv')).toMatchObject({
      status: 200,
      body: { model_id: 'm-1', predictions: [{ value: 10 }, { value: 40 }] },
    })
  })

  it('gives a label and a probability for every class', async () => {
    await deploy('m-2', lineModel(1, { task: 'multiclass', classes: ['setosa', '__proto__', 'virginica'] }))
    const { body } = await post(rows(row))
    expect(JSON.stringify(body)).toBe(
      '{"model_id":"m-2","predictions":[{"label":"setosa","probabilities":{"setosa":0.5,"__proto__":0.25,"virginica":0.25}}]}',
    )
  })

  it('answers by an earlier model when it is asked for by its id', async () => {
    await deploy('m 2/ü', lineModel(3))
    expect(await post(rows(row))).toMatchObject({ body: { model_id: 'm 2/ü', predictions: [{ value: 1.5 }] } })
    for (const [id, value] of [
      ['m-1', 10],
      ['m%202%2F%C3%BC', 1.5],
    ]) {
      expect(await post(rows(row), 'application/json', `/models/${id}/predict`)).toMatchObject({
        status: 200,
        body: { predictions: [{ value }] },
      })
    }
    expect(await post(rows(row), 'application/json', '/models/m-9/predict')).toMatchObject({
      status: 404,
      body: { error: 'No model m-9 was ever deployed to prod.' },
    })
    expect(await ask('/models/m-1')).toMatchObject({
      status: 200,
      body: { current: false, predicts: true, target: 'rings', columns: ['sex', 'length', 'height'], example_row: { sex: 'F' } },
    })
  })

  it('lets others in while it works off a long list', async () => {
    const long = post(rows(...Array.from({ length: servingLimits.rows }, () => row)))
    const order: string[] = []
    await Promise.all([
      long.then(({ body }) => order.push(`long ${body.predictions?.length}`)),
      ...Array.from({ length: 20 }, () => post(rows(row)).then(() => order.push('short'))),
    ])
    expect(order[0]).toBe('short')
    expect(order).toContain(`long ${servingLimits.rows}`)
    expect(faults).toEqual([])
  })
})

describe('rows that do not fit', () => {
  beforeEach(() => deploy('m-1', lineModel(20)))

  it.each([
    ['a text for a number', [row, row, { ...row, length: 'abc' }], 'row 3: column length: "abc" is not a number'],
    ['a truth value for a number', [{ ...row, length: true }], 'row 1: column length: true is not a number'],
    ['a missing column', [{ sex: 'M', height: 1 }], 'row 1: column length: it is missing; where a value is not known, send null'],
    [
      'a column too many',
      [{ ...row, weight: 1 }],
      'row 1: column weight: the model does not know it; its columns are sex, length, height',
    ],
    ['the target', [{ ...row, rings: 9 }], 'row 1: column rings: this is what the model predicts; leave it out'],
    [
      'an object for a cell',
      [{ ...row, sex: { is: 'M' } }],
      'row 1: column sex: it holds an object; a cell is a number, a text, true, false or null',
    ],
    [
      'a list for a cell',
      [{ ...row, length: [1] }],
      'row 1: column length: it holds a list; a cell is a number, a text, true, false or null',
    ],
    ['a number that is none', [row, '1e999'], 'row 2: it is a string; a row is an object with a value per column'],
    ['a number for a row', [row, 7], 'row 2: it is a number; a row is an object with a value per column'],
    ['a list for a row', [['M', 0.5, 1]], 'row 1: it is a list; a row is an object with a value per column'],
  ])('are named: %s', async (_, given, error) => {
    expect(await post(rows(...given))).toMatchObject({ status: 422, body: { error, row: expect.any(Number) } })
  })

  it('are named each, up to twenty, and nothing is predicted in part', async () => {
    const { status, body } = await post(rows(...Array.from({ length: 30 }, (_, i) => ({ ...row, length: i % 2 ? 'x' : 1 }))))
    expect(status).toBe(422)
    expect(body.problems).toHaveLength(15)
    expect(body.problems?.[1]).toEqual({ row: 4, column: 'length', message: 'row 4: column length: "x" is not a number' })
    expect(body.predictions).toBeUndefined()
    expect((await post(rows(...Array.from({ length: 90 }, () => 1)))).body.problems).toHaveLength(20)
  })

  it.each([
    ['a column is missing', 'sex,length\nM,1\n', 422, 'column height: it is missing'],
    ['a column is too many', 'sex,length,height,weight\nM,1,1,1\n', 422, 'column weight: the model does not know it'],
    ['a column is there twice', 'sex,length,height,length\nM,1,1,1\n', 422, 'column length: the header names it twice'],
    ['a row is ragged', 'sex,length,height\nM,1,1\nF,1\n', 422, 'row 2: it has 2 cells, the header names 3 columns'],
    ['a cell is of another type', 'sex,length,height\nM,1,1\nF,abc,2\n', 422, 'row 2: column length: "abc" is not a number'],
    ['there is a header alone', 'sex,length,height\n', 400, 'a header and no rows'],
    ['a quote is never closed', 'sex,length,height\nM,"1,2\n', 400, 'The CSV cannot be read'],
  ])('are named in CSV: %s', async (_, csv, status, words) => {
    const reply = await post(csv, 'text/csv')
    expect(reply).toMatchObject({ status, body: { error: expect.stringContaining(words) } })
  })
})

describe('a request that is none', () => {
  beforeEach(() => deploy('m-1', lineModel(20)))

  it.each([
    ['an empty body', '', 400, 'The body is empty'],
    ['white space', ' \n', 400, 'The body is empty'],
    ['no rows', '{"rows": []}', 400, 'There are no rows'],
    ['something else', '{"instances": [1]}', 400, 'Send {"rows": [{…}, …]} or a list of rows'],
    ['rows and more', '{"rows": [], "model": 1}', 400, '"rows" and "model"'],
    ['a number', '7', 400, 'The body is a number'],
    ['null', 'null', 400, 'The body is null'],
    ['bytes that are no text', Uint8Array.of(0x7b, 0xff, 0x7d), 400, 'not UTF-8'],
  ])('is told what it holds: %s', async (_, body, status, words) => {
    expect(await post(body)).toMatchObject({ status, body: { error: expect.stringContaining(words) } })
  })

  it.each([
    ['{"rows": [{"length": 1,}]}', 23],
    ['{"rows": [{"length": .5}]}', 21],
    ['{"rows": [{"length": NaN}]}', 21],
    ['{"rows": [', 10],
    ['{"rows": []} x', 13],
    ["{'rows': []}", 1],
  ])('is told where its JSON breaks off: %s', async (body, position) => {
    const reply = await post(body)
    expect(reply).toMatchObject({ status: 400, body: { position, line: 1 } })
    expect(reply.body.error).toContain(`line 1, column ${position + 1} (position ${position})`)
  })

  it.each([
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['application/json; charset=latin1', 415],
    [null, 415],
  ])('is told which types there are: %s', async (type, status) => {
    expect(await post(new TextEncoder().encode(rows(row)), type)).toMatchObject({
      status,
      body: { error: expect.stringMatching(/application\/json or text\/csv|UTF-8/) },
    })
  })

  it('that is compressed is refused', async () => {
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }
    expect(await ask('/predict', { method: 'POST', body: rows(row), headers })).toMatchObject({ status: 415 })
  })

  it('by another method is told which one', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
      const reply = await ask('/predict', { method })
      expect(reply).toMatchObject({ status: 405, body: { error: `${method} is not answered here; send POST.` } })
      expect(reply.headers.get('allow')).toBe('POST')
    }
    for (const path of ['/health', '/metrics', '/models/m-1'])
      expect(await ask(path, { method: 'POST' })).toMatchObject({ status: 405 })
    expect(await ask('/predictions', { method: 'POST' })).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining('POST /predict') },
    })
  })

  it('that is too large gets its answer, also when it does not say how large it is', async () => {
    close()
    await open({ bodyBytes: 1024 })
    const large = rows(...Array.from({ length: 50 }, () => row))
    expect(await post(large)).toMatchObject({ status: 413, body: { limit_bytes: 1024 } })
    const chunks = new ReadableStream({
      start(controller) {
        for (let i = 0; i < large.length; i += 100) controller.enqueue(new TextEncoder().encode(large.slice(i, i + 100)))
        controller.close()
      },
    })
    const init = { method: 'POST', body: chunks, duplex: 'half', headers: { 'Content-Type': 'application/json' } } as RequestInit
    expect(await ask('/predict', init)).toMatchObject({ status: 413 })
    expect(await post(rows(row))).toMatchObject({ status: 200 })
  })

  it('with too many rows is told the limit', async () => {
    close()
    await open({ rows: 3 })
    expect(await post(rows(row, row, row))).toMatchObject({ status: 200 })
    expect(await post(rows(row, row, row, row))).toMatchObject({ status: 413, body: { limit_rows: 3 } })
    expect(await post('sex,length,height\nM,1,1\nM,1,1\nM,1,1\nM,1,1\n', 'text/csv')).toMatchObject({ status: 413 })
  })

  it('that takes too long to arrive or to predict is ended with an answer', async () => {
    close()
    await open({ receiveMs: 300, predictMs: 0 })
    const reply = await new Promise<string>((resolve) => {
      const socket = connect(port(), '127.0.0.1')
      let text = ''
      socket.on('data', (data) => (text += data)).on('close', () => resolve(text))
      socket.write(
        `POST /predict HTTP/1.1\r\nHost: 127.0.0.1:${port()}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{`,
      )
    })
    expect(reply).toContain('408 Request Timeout')
    expect(reply).toContain('did not arrive in whole in time')
    expect(await post(rows(...Array.from({ length: 500 }, () => row)))).toMatchObject({
      status: 503,
      body: { error: expect.stringMatching(/longer than 0 s; \d+ of 500 rows were done/) },
    })
  })

  it('that is no HTTP is refused in words', async () => {
    const reply = await new Promise<string>((resolve) => {
      const socket = connect(port(), '127.0.0.1')
      let text = ''
      socket.on('data', (data) => (text += data)).on('close', () => resolve(text))
      socket.write('hello\r\n\r\n')
    })
    expect(reply).toMatch(/^HTTP\/1.1 400 .*This is not an HTTP request/s)
  })

  it('under another name than 127.0.0.1 or localhost is refused', async () => {
    const askAs = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { Host: host, 'Content-Type': 'application/json' }
        const call = request(
          { host: '127.0.0.1', port: port(), path: '/predict', method: 'POST', headers, agent: false as unknown as Agent },
          (r) => {
            r.resume()
            resolve(r.statusCode)
          },
        )
        call.on('error', reject).end(rows(row))
      })
    expect(await askAs(`evil.example:${port()}`)).toBe(403)
    expect(await askAs(`localhost:${port()}`)).toBe(200)
  })
})

describe('what cannot predict says so', () => {
  it('when nothing is deployed', async () => {
    const reply = await post(rows(row))
    expect(reply).toMatchObject({ status: 503, body: { error: 'No model is deployed to prod yet.' } })
    expect(reply.headers.get('retry-after')).toBe('5')
  })

  it('when it is a demo model, whose health is true all the same', async () => {
    await deploy('demo-1', JSON.stringify({ format: demoModelFormat }))
    expect(await post(rows(row))).toMatchObject({
      status: 409,
      body: { model_id: 'demo-1', error: expect.stringContaining('demo trainer') },
    })
    expect(await ask('/health')).toMatchObject({ status: 200, body: { status: 'ok', model_id: 'demo-1', predicts: false } })
    expect(await ask('/models/demo-1')).toMatchObject({ status: 200, body: { predicts: false } })
  })

  it.each([
    ['is no model', 'not json', /cannot be served/],
    ['gives no number', lineModel('x' as never), /smoke prediction failed: the model gave no finite number/],
    [
      'gives no probabilities',
      lineModel(1, { task: 'multiclass', classes: [...'abcdefg'] }),
      /smoke prediction failed: its probability/,
    ],
  ])('when its file %s, and the one before it goes on', async (_, file, reason) => {
    await deploy('m-1', lineModel(20))
    const health = await deploy('m-2', file)
    expect(health).toMatchObject({
      status: 'error',
      code: 'modelNotServable',
      model_id: 'm-2',
      reason: expect.stringMatching(reason),
      answering: 'm-1',
    })
    expect(await post(rows(row))).toMatchObject({ status: 200, body: { model_id: 'm-1' } })
    expect(await ask('/health')).toMatchObject({ status: 503, body: { answering: 'm-1' } })
  })

  it('when its file was changed on disk: what was loaded answers on, and is not loaded anew', async () => {
    await deploy('m-1', lineModel(20))
    const { sha256 } = models.current()?.deployed ?? { sha256: '' }
    const path = (await store().pathOf(sha256)) as string
    chmodSync(path, 0o600)
    writeFileSync(path, lineModel(21))
    expect(await ask('/health')).toMatchObject({ status: 503, body: { code: 'modelHashMismatch', answering: 'm-1' } })
    expect(await post(rows(row))).toMatchObject({ status: 200, body: { predictions: [{ value: 10 }] } })
    close()
    await open()
    expect(await post(rows(row))).toMatchObject({ status: 503, body: { error: expect.stringContaining('hash is no longer') } })
  })
})

describe('metrics', () => {
  it('count requests, rows and time, and name the model', async () => {
    await deploy('m-1', lineModel(20))
    await post(rows(row, row))
    await post('sex,length,height\nM,1,1\n', 'text/csv', '/models/m-1/predict')
    await post('[')
    await ask('/nowhere')
    const response = await fetch(`http://127.0.0.1:${port()}/metrics`)
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    const lines = (await response.text()).split('\n')
    for (const line of [
      'gatehouse_http_requests_total{route="/predict",code="200",environment="prod"} 1',
      'gatehouse_http_requests_total{route="/predict",code="400",environment="prod"} 1',
      'gatehouse_http_requests_total{route="/models/{id}/predict",code="200",environment="prod"} 1',
      'gatehouse_http_requests_total{route="other",code="404",environment="prod"} 1',
      'gatehouse_http_request_duration_seconds_count{environment="prod",route="/predict"} 2',
      'gatehouse_predicted_rows_total{model_id="m-1",environment="prod"} 3',
      'gatehouse_model_healthy{environment="prod"} 1',
    ]) {
      expect(lines).toContain(line)
    }
    expect(lines.find((line) => line.startsWith('gatehouse_model_info{'))).toMatch(
      /model_id="m-1",sha256="[0-9a-f]{64}",task="regression".*\} 1$/,
    )
  })
})

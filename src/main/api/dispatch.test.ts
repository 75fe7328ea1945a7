import { describe, expect, it } from 'vitest'
import { reply } from '../../contract/wire.ts'
import { createFakeBackend } from '../testing/fakeBackend.ts'
import { createDispatch } from './dispatch.ts'

function setUp() {
  const logged: Record<string, unknown>[] = []
  const backend = createFakeBackend({ focus: () => ({ url: null }), stop: () => {} })
  const dispatch = createDispatch(backend.handlers, {
    error: (details: unknown) => void logged.push(details as Record<string, unknown>),
  })
  return { dispatch, logged }
}

const reason = 'because'
const workflowId = 'mlops-1-good_model'

describe('dispatch', () => {
  it('runs a valid call and answers under its id, with defaults filled in', async () => {
    const { dispatch } = setUp()
    expect(await dispatch({ id: 7, call: 'intake.list', input: {} })).toEqual({ id: 7, ok: true, output: { entries: [] } })
  })

  it.each([
    ['null', null, -1, null],
    ['text', 'runs.list', -1, null],
    ['an array', [], -1, null],
    ['no id', { call: 'app.info', input: {} }, -1, 'id'],
    ['an id that is no number', { id: '1', call: 'app.info', input: {} }, -1, 'id'],
    ['an id that is no whole number', { id: 1.5, call: 'app.info', input: {} }, -1, 'id'],
    ['no call', { id: 3, input: {} }, 3, 'call'],
    ['a call that is no text', { id: 3, call: {}, input: {} }, 3, 'call'],
    ['a field too many', { id: 3, call: 'app.info', input: {}, as: 'root' }, 3, 'as'],
    ['an unknown call', { id: 3, call: 'files.delete', input: {} }, 3, 'call'],
    ['a name that every object has', { id: 3, call: 'constructor', input: {} }, 3, 'call'],
    ['the prototype', { id: 3, call: '__proto__', input: {} }, 3, 'call'],
    ['no input', { id: 3, call: 'app.info' }, 3, 'input'],
    ['an input of the wrong kind', { id: 3, call: 'app.info', input: [] }, 3, null],
    ['an input with an unknown field', { id: 3, call: 'app.info', input: { all: true } }, 3, 'all'],
    ['a number out of range', { id: 3, call: 'runs.list', input: { limit: 1e9 } }, 3, 'limit'],
    ['a value deep inside', { id: 3, call: 'runs.list', input: { stages: ['Queued', 'Nowhere'] } }, 3, 'stages.1'],
    [
      'a blank reason',
      { id: 3, call: 'runs.decide', input: { workflowId, decisionId: crypto.randomUUID(), decision: 'approve', reason: ' ' } },
      3,
      'reason',
    ],
  ])('refuses %s and names the field', async (_name, raw, id, field) => {
    const { dispatch, logged } = setUp()
    const answer = await dispatch(raw)
    expect(answer).toMatchObject({ id, ok: false, error: { kind: 'invalid', field } })
    expect(reply.safeParse(answer).success).toBe(true)
    expect(logged).toEqual([])
  })

  it('tells of an input that does not fit, by call and field, and of nothing else', async () => {
    const told: unknown[] = []
    const backend = createFakeBackend({ focus: () => ({ url: null }), stop: () => {} })
    const dispatch = createDispatch(backend.handlers, { error: () => {} }, (...what) => void told.push(what))
    const input = { workflowId, decisionId: crypto.randomUUID(), decision: 'approve', reason: ' ' }
    await dispatch({ id: 1, call: 'runs.decide', input })
    await dispatch({ id: 2, call: 'runs.decide', input: { ...input, reason, 'hunter2 is my password': 1 } })
    await dispatch({ id: 3, call: 'files.delete', input: {} })
    await dispatch({ id: 4, call: 'runs.get', input: { workflowId: 'nobody' } })
    expect(told.map((what) => (what as unknown[])[0])).toEqual(['runs.decide', 'runs.decide'])
    expect(told.map((what) => (what as unknown[])[2])).toEqual(['reason', null])
  })

  it('passes a handler’s own error on', async () => {
    const { dispatch } = setUp()
    const missing = await dispatch({ id: 1, call: 'runs.get', input: { workflowId: 'nobody' } })
    expect(missing).toMatchObject({ ok: false, error: { kind: 'notFound', message: 'There is no run nobody here.' } })
    const away = await dispatch({ id: 2, call: 'runs.again', input: { workflowId, reason, requestId: crypto.randomUUID() } })
    expect(away).toMatchObject({ ok: false, error: { kind: 'unavailable', part: 'temporal' } })
  })

  it('keeps the details of an unexpected error in the log, under the id that it answers', async () => {
    const { dispatch, logged } = setUp()
    const answer = await dispatch({ id: 1, call: 'runs.cancel', input: { workflowId, reason, requestId: crypto.randomUUID() } })
    if (answer.ok || answer.error.kind !== 'internal') throw new Error('expected an internal error')
    expect(JSON.stringify(answer)).not.toContain('hunter2')
    expect(answer.error.message).toContain(answer.error.id)
    expect(logged).toMatchObject([{ id: answer.error.id, call: 'runs.cancel', err: { message: 'password=hunter2' } }])
  })
})

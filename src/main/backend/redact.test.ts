import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { censored, redact, redactText } from './redact.ts'

const config = {
  secret_learning_rate_multiplier: 1.337,
  custom_regularization_alpha: 0.00042,
  advanced_dropout_schedule: 'exponential_secret',
  internal_model_architecture: 'CompanyXL_v2.1',
}
const values = ['1.337', '0.00042', 'exponential_secret', 'CompanyXL_v2.1']
const holdsNone = (value: unknown) => {
  const text = JSON.stringify(value)
  for (const one of values) expect(text).not.toContain(one)
  return text
}

describe('the proprietary configuration', () => {
  const wrapped = Object.assign(
    new Error('outer', { cause: Object.assign(new Error('inner'), { trained: { setup: config } }) }),
    {
      details: [{ proprietaryConfig: config }],
    },
  )
  it.each<[string, unknown]>([
    ['under its own name', { proprietary_config: config }],
    ['under another name', { anything: { at: { all: [config] } } }],
    ['in a list, a map and a set', { list: [[config]], map: new Map([['proprietary_config', '1.337']]), set: new Set([config]) }],
    ['in an error, its cause and its details', { err: wrapped }],
    ['in errors that were joined', { err: new AggregateError([wrapped, Object.assign(new Error('x'), config)]) }],
    ['as JSON in a message', { err: new Error(`bad answer: ${JSON.stringify({ model: 'm', proprietary_config: config })}`) }],
    ['as JSON in JSON in a text', { text: JSON.stringify({ body: JSON.stringify({ proprietary_config: config }) }) }],
    ['as JSON of its fields alone', { text: `got ${JSON.stringify(config)} back` }],
    ['as JSON in JSON of its fields alone', { text: JSON.stringify(JSON.stringify(config)) }],
    ['as JSON that was cut off', { text: JSON.stringify({ proprietary_config: config }).slice(0, -8) }],
    ['in another spelling', { ProprietaryConfig: config, 'PROPRIETARY-CONFIG': config }],
  ])('%s', (_, value) => expect(holdsNone(redact(value))).toContain('[secret]'))
})

it.each([
  [
    'connecting to postgres://gatehouse:hunter2@db.lab:5432/gatehouse failed',
    'postgres://gatehouse:[secret]@db.lab:5432/gatehouse',
  ],
  ['HTTPS://:tok3n@vault.lab/v1', 'HTTPS://:[secret]@vault.lab/v1'],
  ['see http://127.0.0.1:8081/health and ada@lab', 'http://127.0.0.1:8081/health and ada@lab'],
])('a password in an address: %s', (text, kept) => {
  expect(redactText(text)).toContain(kept)
  expect(redactText(text)).not.toMatch(/hunter2|tok3n/)
})

it('the argument after one that names a secret', () => {
  const args = ['train', '--api-key', 'hunter2', '--rows', '7', '--token=hunter3', '--passphrase-file', 'key.txt']
  const kept = ['train', '--api-key', '[secret]', '--rows', '7', '--token=[secret]', '--passphrase-file', 'key.txt']
  expect(redact({ args })).toEqual({ args: kept })
  expect(redactText(`ran ${args.join(' ')}`)).toBe(`ran ${kept.join(' ')}`)
})

it('secrets of every kind, with what is no secret beside them', () => {
  const at = new Date(0)
  expect(
    redact({
      password: 'p',
      user: 'ada',
      at,
      bytes: Buffer.from('secret bytes'),
      nested: { apiKey: 'a', Authorization: 'Bearer b', taskToken: [1, 2], passphrase: '', keyId: 'k-1', count: 3 },
    }),
  ).toEqual({
    password: censored,
    user: 'ada',
    at,
    bytes: '[12 bytes]',
    nested: { apiKey: censored, Authorization: censored, taskToken: censored, passphrase: censored, keyId: 'k-1', count: 3 },
  })
})

it.each([
  ['connect postgres://ada@host?password=hunter2&ssl=1', 'connect postgres://ada@host?password=[secret]&ssl=1'],
  ['{"token":"a\\"b","n":1}', '{"token":[secret],"n":1}'],
  ['{"n":1,"secrets":[1,{"a":2}],"m":2}', '{"n":1,"secrets":[secret],"m":2}'],
  ["{ passphrase: 'x y', n: 1 }", '{ passphrase: [secret], n: 1 }'],
  // Sentences stay sentences.
  ['The OS keychain cannot be used now: locked. The secrets in it are untouched.', null],
  ['The key: it is lost', null],
  ['duplicate key value violates unique constraint "one"', null],
  ['nothing here', null],
])('in a text: %s', (text, expected) => expect(redactText(text)).toBe(expected ?? text))

it('an error keeps what finds the fault', () => {
  const error = Object.assign(new TypeError('no such thing'), { code: 'ENOENT', cause: new Error('why') })
  expect(redact(error)).toMatchObject({
    type: 'TypeError',
    message: 'no such thing',
    stack: expect.stringContaining('redact.test.ts'),
    code: 'ENOENT',
  })
})

it('ends on anything, also on what contains itself', () => {
  const loop: Record<string, unknown> = { a: 1 }
  loop.self = loop
  expect(redact(loop)).toEqual({ a: 1, self: '[circular]' })
  fc.assert(fc.property(fc.anything(), (value) => void redact(value)))
  fc.assert(fc.property(fc.string(), (text) => typeof redactText(text) === 'string'))
})

it('whatever stands around a secret, it is not in the copy', () => {
  const secret = 'Zq9!Zq9!Zq9!'
  const name = fc.constantFrom('password', 'apiKey', 'session_token', 'proprietary_config', 'Passphrase')
  const holder = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 5 },
      name.map((one) => ({ [one]: secret })),
      name.map((one) => ({ text: `x ${JSON.stringify({ [one]: secret })} y` })),
      name.map((one) => Object.assign(new Error(`{"${one}":"${secret}"}`), { [one]: { deep: secret } })),
      fc.tuple(fc.string(), tie('node')).map(([at, inner]) => ({ [`_${at.replaceAll('_', '')}`]: inner })),
      fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
    ),
  })).node
  fc.assert(fc.property(holder, (value) => !JSON.stringify(redact(value)).includes(secret)))
})

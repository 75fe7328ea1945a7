import { expect, test } from 'vitest'
import { classifyDatabaseError } from './classifyDatabaseError.ts'
import { scramVerifier } from './scram.ts'

const state = (code: string) => Object.assign(new Error('words of the server'), { code })
test.each<[Error & { code?: string }, string]>([
  [state('28P01'), 'configuration'],
  [state('28000'), 'configuration'],
  [state('3D000'), 'configuration'],
  [state('3F000'), 'configuration'],
  [state('42501'), 'configuration'],
  [state('42P01'), 'configuration'],
  [state('42703'), 'configuration'],
  [state('SELF_SIGNED_CERT_IN_CHAIN'), 'configuration'],
  [new Error('The server does not support SSL connections'), 'configuration'],
  [new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'), 'configuration'],
  [state('08006'), 'weather'],
  [state('57P01'), 'weather'],
  [state('57P03'), 'weather'],
  [state('57014'), 'weather'],
  [state('53300'), 'weather'],
  [state('53100'), 'weather'],
  [state('40001'), 'weather'],
  [state('40P01'), 'weather'],
  [state('25006'), 'weather'],
  [state('EPIPE'), 'weather'],
  [state('ECONNREFUSED'), 'weather'],
  [state('ENOTFOUND'), 'weather'],
  [new AggregateError([state('ECONNREFUSED'), state('ECONNREFUSED')], ''), 'weather'],
  [new Error('Connection terminated unexpectedly'), 'weather'],
  [new Error('timeout exceeded when trying to connect'), 'weather'],
  [new Error('Query read timeout'), 'weather'],
  [state('22P02'), 'bug'],
  [state('23505'), 'bug'],
  [state('42601'), 'bug'],
  [new TypeError('x is not a function'), 'bug'],
])('classifies $0.code $0.message as $1', (error, kind) => {
  expect(classifyDatabaseError(error, 'db:5432').kind).toBe(kind)
})

test('says where, what and what to do in one line', () => {
  expect(classifyDatabaseError(state('ECONNREFUSED'), '127.0.0.1:5433').message).toBe(
    'Postgres does not answer on 127.0.0.1:5433: connection refused.',
  )
  expect(classifyDatabaseError(state('3D000'), 'db:5432').message).toBe(
    'The database does not exist; create it or correct the profile (Postgres on db:5432: words of the server).',
  )
})

test('the SCRAM verifier is the one that Postgres makes', () => {
  // RFC 7677, section 3: user "user", password "pencil", and the proofs that follow from it.
  const verifier = scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096)
  expect(verifier).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  )
})

import { describe, expect, it } from 'vitest'
import { CallFailed } from '../../contract/errors.ts'
import { figure } from './format.ts'
import { problemText } from './problem.ts'

describe('figure', () => {
  it.each([
    [1.5084, '1.508'],
    [-0.5, '-0.5'],
    [12345.678, '12345.678'],
    [1234567.891, '1,234,568'],
    [-98765432.1, '-98,765,432'],
    [Number.NaN, 'NaN'],
  ])('%d is %s', (value, words) => expect(figure(value)).toBe(words))
})

describe('problemText', () => {
  it('says the id in the log once', () => {
    const problem = (message: string) => problemText(new CallFailed({ kind: 'internal', message, id: '74e6' }))
    expect(problem('The log has the details under 74e6.')).toBe('The log has the details under 74e6.')
    expect(problem('It broke.')).toBe('It broke. (log id 74e6)')
  })
})

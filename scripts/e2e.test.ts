import { expect, it } from 'vitest'
import { parseArguments } from './e2e.ts'

it.each([
  [[], null, []],
  [['--electron', 'pinned'], 'pinned', []],
  [['e2e/story.e2e.ts', '--electron=/opt/electron', '-t', 'drop'], '/opt/electron', ['e2e/story.e2e.ts', '-t', 'drop']],
])('the Electron to test with is told apart from what vitest is given: %j', (args, electron, rest) => {
  expect(parseArguments(args)).toEqual({ electron, rest })
})

it('an option without a value is answered', () => {
  expect(() => parseArguments(['--electron'])).toThrow('--electron needs')
  expect(() => parseArguments(['--electron', '--reporter=json'])).toThrow('--electron needs')
})

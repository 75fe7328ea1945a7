import { expect, test } from 'vitest'
import { collides, rebased } from './rebase.ts'

const from = { operator: 'ada', hours: 24, folders: ['a'], quiet: { on: false, from: '22:00', to: '07:00' } }
const to = { operator: 'ada', hours: 48, folders: ['a', 'b'], quiet: { on: true, from: '22:00', to: '06:00' } }

test.each([
  ['nothing', {}, to, false],
  ['another field', { operator: 'grace' }, { ...to, operator: 'grace' }, false],
  ['the same field to the same', { hours: 48 }, to, false],
  ['the same field', { hours: 12 }, { ...to, hours: 12 }, true],
  ['the same list', { folders: ['c'] }, { ...to, folders: ['c'] }, true],
  ['inside', { quiet: { ...from.quiet, from: '21:00' } }, { ...to, quiet: { ...to.quiet, from: '21:00' } }, false],
  ['the same inside', { quiet: { ...from.quiet, to: '08:00' } }, { ...to, quiet: { ...to.quiet, to: '08:00' } }, true],
])('%s', (_, change, expected, both) => {
  const mine = { ...from, ...change }
  expect(rebased(mine, from, to)).toEqual(expected)
  expect(collides(mine, from, to)).toBe(both)
})

import { describe, expect, it } from 'vitest'
import { marksOf, mergedWords } from './marks.ts'
import { createScale, type Segment } from './timeline.ts'
import { scaleOf } from './viewport.ts'

/** A step that was tried every ten seconds: 20 ms of an attempt, then a wait; the last try made it. */
const tries = (count: number): Segment[] =>
  Array.from({ length: count }, (_, i): Segment[] => {
    const from = i * 10_000
    const last = i === count - 1
    const attempt: Segment = { kind: last ? 'done' : 'failed', from, to: from + 20, attempt: i + 1, message: null }
    return last ? [attempt] : [attempt, { kind: 'wait', from: from + 20, to: from + 10_000, attempt: null, message: null }]
  }).flat()

describe('marksOf', () => {
  it('draws each of a few attempts', () => {
    const marks = marksOf(tries(3), createScale(0, 20_020), 400)
    expect(marks.map((mark) => mark.segment.kind)).toEqual(['failed', 'wait', 'failed', 'wait', 'done'])
  })

  it('joins hundreds into one mark that says how many there are', () => {
    const marks = marksOf(tries(300), createScale(0, 2_990_020), 400)
    expect(marks.map(mergedWords)).toEqual(['300 attempts, 299 failed'])
    expect(marks[0]?.segment).toMatchObject({ kind: 'done', from: 0, to: 2_990_020 })
  })

  it('shows each of them again when one looks closer', () => {
    const marks = marksOf(tries(300), scaleOf(createScale(0, 2_990_020), { from: 1_000_000, to: 1_030_000 }), 400)
    expect(marks.filter((mark) => mark.attempts === 1)).toHaveLength(4)
    expect(marks.every((mark) => mark.attempts <= 1)).toBe(true)
  })

  it('loses no attempt, however wide the track is', () => {
    for (const width of [1, 50, 400, 3000]) {
      const marks = marksOf(tries(300), createScale(0, 2_990_020), width)
      expect(marks.reduce((sum, mark) => sum + mark.attempts, 0)).toBe(300)
    }
  })
})
